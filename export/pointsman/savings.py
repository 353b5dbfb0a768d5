"""What routing saved, or would have saved, read from the log of decisions.

In shadow mode each line has where the request went and what that cost, and beside it the model that the router would
have taken and what that would have cost for as many tokens. Of requests that were routed, the other side is one model
that all of them would have gone to. Models differ in how much they write, so the other side is an estimate; what was
paid is not.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from pointsman.errors import PointsmanError

_RESAMPLES = 2_000
_SEED = 0
_NO_RECORD = "the line is not a record"
# US dollars of one request.
_MOST = 1e9


class SavingsError(PointsmanError, ValueError):
    """The log cannot be read, or holds nothing to compare."""


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
        would, saved = ("would have " if self.shadow else ""), self.saved
        other = f"sending all to {self.against}" if self.against else "where the callers sent them"
        lines = [
            f"{self.requests:,} requests of {self.sessions:,} sessions count.",
            *(f"  {count:,} do not: {reason}." for reason, count in self.left_out.items()),
            f"Without routing ({other}) they cost {self.without_usd:.6g} USD, with it {self.with_usd:.6g} USD.",
            f"Routing {would}saved {saved.value:.1%} of the cost (95 % interval {saved.low:.1%} to {saved.high:.1%}).",
            _verdict(saved, would),
            f"It {'would send' if self.shadow else 'sent'} {self.moved:.1%} of the requests to another model:",
            *(f"  {name}: {of[0]:,} without routing, {of[1]:,} with it" for name, of in self.models.items()),
            *self._success(),
            "The cost of a model that did not answer is an estimate: its price for as many tokens as were counted.",
        ]
        return "\n".join(lines)

    def _success(self) -> list[str]:
        change = self.success_change
        if change is None:
            return ["The router gave no probabilities of success for these requests."]
        return [
            f"By the router's own probabilities, {self.success_without:.1%} of the answers are right without routing "
            f"and {self.success_with:.1%} with it: a change of {100 * change.value:+.1f} points "
            f"({100 * change.low:+.1f} to {100 * change.high:+.1f})."
        ]


def savings(log: str | Path, *, against: str | None = None, rng: np.random.Generator | None = None) -> Savings:
    """Read a log of decisions and compare the cost with and without routing.

    Parameters
    ----------
    log
        JSON Lines as :class:`pointsman.dispatch.log.DecisionLog` writes them; ``.gz`` is unpacked.
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
    for record in _records(Path(log), left_out):
        try:
            pair = _pair(record, against)
        except (KeyError, TypeError, AttributeError, ValueError):
            # Somebody else's line, that happens to have an id.
            pair = _NO_RECORD
        if isinstance(pair, str):
            left_out[pair] += 1
        else:
            pairs.append(pair)
    if not pairs:
        told = "; ".join(f"{count} lines: {reason}" for reason, count in left_out.items()) or "it has no line"
        mend = "" if against else "; for a log of routed requests, name the model to compare with: --against MODEL"
        raise SavingsError(f"{log} has no request to compare ({told}){mend}")
    return _summed(pairs, left_out, against, rng or np.random.default_rng(_SEED))


@dataclass(frozen=True, slots=True)
class _Pair:
    """One request: model and cost without routing, and with it."""

    session: str
    before: str
    after: str
    before_usd: float
    after_usd: float
    shadow: bool
    p_success: Mapping[str, float] = field(default_factory=dict)


def _records(path: Path, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    try:
        with _opened(path) as lines:
            for line in lines:
                record = _record(line)
                if record is None:
                    left_out[_NO_RECORD] += bool(line.strip())
                elif "feedback" not in record:
                    yield record
    except (OSError, EOFError, zlib.error) as error:
        raise SavingsError(f"the log {path} cannot be read: {error}") from error


def _opened(path: Path) -> TextIO:
    """Open a log, or one that was packed when it was rotated."""
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def _record(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "decision_id" in found else None


def _pair(record: Mapping[str, Any], against: str | None) -> _Pair | str:
    """Return both sides of a request, or why it does not count."""
    choice, paid, costs = record.get("choice"), record.get("cost_usd"), record.get("costs_usd") or {}
    shadow, sent = bool(record.get("shadow")), record.get("model")
    if sent is None or record.get("status", 0) >= 400:
        return "nobody answered, or with an error"
    if choice is None:
        return "the router did not choose: a model was pinned, or none could be chosen"
    if paid is None:
        untold = record.get("stream") and record.get("output_tokens") is None and record.get("error") is None
        mend = "; a streamed chat has one with the setting stream_usage" if untold else ""
        return f"its cost is unknown, for want of a price or of the upstream's count of tokens{mend}"
    if not shadow and against is None:
        return "it was routed, and no model to compare with was named"
    if not shadow and sent != choice["model"]:
        # What an outage did is not what routing does.
        return "another model stood in for the chosen one, which failed"
    after = choice["model"] if shadow else sent
    before = sent if against is None else against
    sides = [paid if model == sent else costs.get(model) for model in (before, after)]
    if sides[0] is None or sides[1] is None:
        missing = before if sides[0] is None else after
        return f"the cost of {missing} is unknown, or it could not have answered"
    session = record.get("session") or record["decision_id"]
    p_success = {_text(model): _number(p) for model, p in (choice.get("p_success") or {}).items()}
    cost = _number(sides[0]), _number(sides[1])
    return _Pair(_text(session), _text(before), _text(after), *cost, shadow, p_success)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _number(value: Any) -> float:
    # A whole number of JSON may be too large for a float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST:
        raise ValueError("no number of 0 or more")
    return float(value)


def _summed(pairs: list[_Pair], left_out: Counter[str], against: str | None, rng: np.random.Generator) -> Savings:
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


def _success(pair: _Pair) -> tuple[float, float]:
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
