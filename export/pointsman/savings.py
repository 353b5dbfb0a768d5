"""What routing saved, or would have saved, read from the log of decisions.

In shadow mode each line has where the request went and what that cost, and beside it the model that the router would
have taken and what that would have cost for as many tokens. Of requests that were routed, the other side is one model
that all of them would have gone to. Models differ in how much they write, so the other side is an estimate; what was
paid is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.logged_pairs import NO_RECORD, Pair, SavingsError, pair_of, records_of

_RESAMPLES = 2_000
_SEED = 0
# Sessions with fewer of which resamples of them say little of what others will be.
_ENOUGH = 30

__all__ = ["Interval", "Savings", "SavingsError", "savings"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval, by the bootstrap over sessions; a request without a session is one alone."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Savings:
    """What routing saves against what is done without it.

    Attributes
    ----------
    against
        The model that all requests would else go to; None where each went where its caller said (shadow mode).
    shadow
        Whether routing only would have saved it.
    requests, sessions
        That count.
    left_out
        Requests that do not count, by the reason.
    moved
        Share of the requests that routing sends to another model, in [0, 1].
    without_usd, with_usd
        Cost of the requests without routing and with it.
    saved
        Share of the cost without routing that routing saves; negative where it costs more.
    success_without, success_with
        Mean probability of success that the router gives to the models, both of the requests where it gives both.
        None where there are none.
    success_change
        The second less the first.
    models
        Requests by model: without routing, and with it.
    """

    against: str | None
    shadow: bool
    requests: int
    sessions: int
    left_out: Mapping[str, int]
    moved: float
    without_usd: float
    with_usd: float
    saved: Interval
    success_without: float | None
    success_with: float | None
    success_change: Interval | None
    models: Mapping[str, tuple[int, int]]

    def words(self) -> str:
        """Say it in sentences."""
        would = "would have " if self.shadow else ""
        other = f"sending all to {self.against}" if self.against else "where the callers sent them"
        lines = [
            f"{self.requests:,} requests of {self.sessions:,} sessions count.",
            *(f"  {count:,} do not: {reason}." for reason, count in self.left_out.items()),
            f"Without routing ({other}) they cost {self.without_usd:.6g} USD, with it {self.with_usd:.6g} USD.",
            *self._share(would),
            f"It {'would send' if self.shadow else 'sent'} {self.moved:.1%} of the requests to another model:",
            *(f"  {name}: {of[0]:,} without routing, {of[1]:,} with it" for name, of in self.models.items()),
            *self._success(),
            "The cost of a model that did not answer is an estimate: its price for as many tokens as were counted.",
        ]
        return "\n".join(lines)

    def _share(self, would: str) -> list[str]:
        share = f"Routing {would}saved {self.saved.value:.1%} of the cost"
        if self.sessions < _ENOUGH:
            return [f"{share}; fewer than {_ENOUGH} sessions are too few for an interval."]
        interval = f"(95 % interval {self.saved.low:.1%} to {self.saved.high:.1%})"
        return [f"{share} {interval}.", _verdict(self.saved, would)]

    def _success(self) -> list[str]:
        change = self.success_change
        if change is None:
            return ["The router gave no probabilities of success for these requests."]
        interval = f" ({100 * change.low:+.1f} to {100 * change.high:+.1f})" if self.sessions >= _ENOUGH else ""
        return [
            f"By the router's own probabilities, {self.success_without:.1%} of the answers are right without routing "
            f"and {self.success_with:.1%} with it: a change of {100 * change.value:+.1f} points{interval}."
        ]


def savings(
    log: str | Path | Sequence[str | Path], *, against: str | None = None, rng: np.random.Generator | None = None
) -> Savings:
    """Read a log of decisions and compare the cost with and without routing.

    Parameters
    ----------
    log
        JSON Lines as :class:`pointsman.dispatch.log.DecisionLog` writes them, or several parts of a log that was
        rotated; ``.gz`` is unpacked.
    against
        The model that all requests would else have gone to. None compares with where the callers of shadow mode sent
        them, and leaves out requests that were routed.
    rng
        For the bootstrap; None is a fixed seed.

    Raises
    ------
    SavingsError
        When the log cannot be read, or no request counts.
    """
    left_out: Counter[str] = Counter()
    pairs = []
    parts = [log] if isinstance(log, str | Path) else log
    for record in chain.from_iterable(records_of(Path(part), left_out) for part in parts):
        try:
            pair = pair_of(record, against)
        except (KeyError, TypeError, AttributeError, ValueError):
            # Somebody else's line, that happens to have an id.
            pair = NO_RECORD
        if isinstance(pair, str):
            left_out[pair] += 1
        else:
            pairs.append(pair)
    if not pairs:
        told = "; ".join(f"{count} lines: {reason}" for reason, count in left_out.items()) or "it has no line"
        mend = "" if against else "; for a log of routed requests, name the model to compare with: --against MODEL"
        raise SavingsError(f"{', '.join(map(str, parts))} has no request to compare ({told}){mend}")
    return _summed(pairs, left_out, against, rng or np.random.default_rng(_SEED))


def _summed(pairs: list[Pair], left_out: Counter[str], against: str | None, rng: np.random.Generator) -> Savings:
    cost = np.array([(one.before_usd, one.after_usd) for one in pairs])
    known = np.array([one.before in one.p_success and one.after in one.p_success for one in pairs])
    success = np.array([_success(one) if fit else (0.0, 0.0) for one, fit in zip(pairs, known, strict=True)])
    sessions, of = np.unique([one.session for one in pairs], return_inverse=True)
    columns = np.column_stack([cost, success[:, 1] - success[:, 0], known])
    sums = np.stack([np.bincount(of, column, len(sessions)) for column in columns.T], axis=1).astype(np.float64)
    drawn = _resampled(sums, rng)
    before, after = (Counter(getattr(one, side) for one in pairs) for side in ("before", "after"))
    mean = success[known].mean(axis=0).tolist() if known.any() else (None, None)
    return Savings(
        against=against,
        shadow=any(one.shadow for one in pairs),
        requests=len(pairs),
        sessions=len(sessions),
        left_out=dict(left_out),
        moved=float(np.mean([one.before != one.after for one in pairs])),
        without_usd=float(cost[:, 0].sum()),
        with_usd=float(cost[:, 1].sum()),
        saved=_interval(_saved(sums.sum(axis=0)), _saved(drawn)),
        success_without=mean[0],
        success_with=mean[1],
        success_change=_interval(_change(sums.sum(axis=0)), _change(drawn)) if known.any() else None,
        models={name: (before[name], after[name]) for name in sorted({*before, *after})},
    )


def _success(pair: Pair) -> tuple[float, float]:
    return pair.p_success[pair.before], pair.p_success[pair.after]


def _resampled(sums: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return sums over sessions drawn with replacement, ndarray of shape (n_resamples, n_columns)."""
    n = len(sums)
    drawn = np.empty((_RESAMPLES, sums.shape[1]))
    for row in range(_RESAMPLES):
        # One at a time: all at once would take gigabytes for a long log.
        drawn[row] = sums[rng.integers(0, n, n)].sum(axis=0)
    return drawn


def _saved(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    without, routed = sums[..., 0], sums[..., 1]
    # Where nothing was paid, nothing can be saved.
    return np.where(without > 0, 1 - routed / np.where(without > 0, without, 1.0), 0.0)


def _change(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    # A resample may have no request with probabilities: it says nothing.
    return np.where(sums[..., 3] > 0, sums[..., 2] / np.maximum(sums[..., 3], 1.0), np.nan)


def _interval(value: NDArray[np.float64], drawn: NDArray[np.float64]) -> Interval:
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def _verdict(saved: Interval, would: str) -> str:
    if saved.low > 0:
        return f"The interval is above zero: routing {would}lowered the cost of such requests."
    if saved.high < 0:
        return f"The interval is below zero: routing {would}raised the cost of such requests."
    return "The interval holds zero: these requests do not tell whether routing lowers the cost."
