"""Two routers side by side: every figure of both, the difference with its paired interval, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pointsman_train.errors import DataError
from pointsman_train.evaluate.bootstrap import Estimate, estimate, paired_difference
from pointsman_train.evaluate.directions import NEITHER, direction
from pointsman_train.evaluate.ratio import is_share
from pointsman_train.evaluate.slices import LEAST_GROUPS, Slice

BETTER, WORSE, CANNOT_TELL, NOT_JUDGED = "better", "worse", "cannot tell", "not judged"
# Slices by margin hang on the router that decides: two routers' slices of one name are not the same prompts.
_SAME_PROMPTS = ("label", "source", "length", "language")
# An end of the interval nearer to 0 than this, relative to the figures, is 0 but for rounding.
_ROUNDING = 1e-12
# Of the draws of the two cases that are added to a difference of shares.
_SEED = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of two routers, on the same prompts.

    Attributes
    ----------
    metric
        Its flat name.
    a, b
        Of the baseline and of the candidate.
    difference
        ``b - a``, with the 95 % interval of the paired resamples; NaN where either has no interval.
    verdict
        Of the candidate: "better" or "worse" where the interval excludes 0, else "cannot tell"; "not judged" for a
        figure that is good neither way.
    """

    metric: str
    a: Estimate
    b: Estimate
    difference: Estimate
    verdict: str


@dataclass(frozen=True, slots=True)
class SliceRows:
    """The rows of one slice: what the prompts were divided by, its name, how many prompts it has."""

    by: str
    name: str
    prompts: int
    rows: tuple[Row, ...]


def compare(
    baseline: Mapping[str, Estimate],
    candidate: Mapping[str, Estimate],
    *,
    density: float | None = None,
    same: bool = False,
) -> tuple[Row, ...]:
    """Compare the figures that both have.

    Of many comparisons of equal routers, one in twenty is called better or worse.

    Parameters
    ----------
    baseline, candidate
        By flat name, on the same prompts and from the same weights.
    density
        Groups of near-duplicates a prompt, in (0, 1]. Differences that rest on fewer than 30 groups then have no
        interval, and those of shares one that knows how few cases there are; see :func:`with_two_cases`. None leaves
        all to the resamples.
    same
        Whether both are one router, which differs from itself by nothing on however few prompts.

    Raises
    ------
    DataError
        When the two have no figure in common.
    ConfigError
        When the resamples are not paired, or a figure is unknown.

    Examples
    --------
    >>> from pointsman_train.evaluate.bootstrap import estimate
    >>> a, b = estimate(np.array([0.5, 0.4, 0.6]), 10), estimate(np.array([0.6, 0.5, 0.7]), 10)
    >>> [row.verdict for row in compare({"quality": a, "regret": a}, {"quality": b, "regret": b})]
    ['better', 'worse']
    """
    shared = [name for name in baseline if name in candidate]
    if not shared:
        raise DataError("the two routers have no figure in common; evaluate both on the same data set")
    pairs = ((name, baseline[name], candidate[name]) for name in shared)
    return tuple(_row(name, a, b, _difference(name, a, b, None if same else density)) for name, a, b in pairs)


def compare_slices(
    baseline: Sequence[Slice], candidate: Sequence[Slice], *, same: bool = False
) -> tuple[SliceRows, ...]:
    """Compare slice by slice, where both have the same prompts in it: by label, source, length and language.

    Parameters
    ----------
    baseline, candidate
        Of the same test set, from the same weights.
    same
        As of :func:`compare`.
    """
    other = {(part.by, part.name): part.figures for part in candidate}

    def rows(part: Slice) -> tuple[Row, ...]:
        density = part.groups / part.prompts
        return compare(part.figures, other[part.by, part.name], density=density, same=same)

    return tuple(
        SliceRows(part.by, part.name, part.prompts, rows(part))
        for part in baseline
        if part.by in _SAME_PROMPTS and (part.by, part.name) in other
    )


def improvement(row: Row) -> tuple[float, float, float]:
    """Return the difference and its interval's low and high end, turned so that more is better.

    An end that is 0 but for rounding is 0.

    Raises
    ------
    ConfigError
        For a figure that is good neither way.

    Examples
    --------
    >>> same = Estimate(0.0, -0.1, 0.3, 5, np.zeros(3))
    >>> improvement(Row("regret", same, same, same, "cannot tell"))
    (0.0, -0.3, 0.1)
    """
    sign = direction(row.metric)
    ends = sorted(sign * end for end in (row.difference.low, row.difference.high))
    floor = _ROUNDING * max(abs(row.a.value), abs(row.b.value))
    value, low, high = (0.0 if abs(x) <= floor else float(x) for x in (sign * row.difference.value, *ends))
    return value, low, high


def _row(name: str, a: Estimate, b: Estimate, difference: Estimate) -> Row:
    row = Row(name, a, b, difference, NOT_JUDGED)
    return row if direction(name) == NEITHER else Row(name, a, b, difference, _verdict(row))


def _difference(name: str, a: Estimate, b: Estimate, density: float | None) -> Estimate:
    groups = np.inf if density is None else min(a.n, b.n) * density
    if np.isnan(a.low) or np.isnan(b.low) or groups < LEAST_GROUPS:
        return Estimate(b.value - a.value, np.nan, np.nan, min(a.n, b.n), b.resampled[:1] - a.resampled[:1])
    found = paired_difference(b, a)
    return with_two_cases(found, groups) if density is not None and is_share(name) else found


def with_two_cases(difference: Estimate, groups: float) -> Estimate:
    """Widen the interval of a paired difference of shares by one case more for either side.

    Resamples know only the prompts on which the two differ here: where there are none they make [0, 0], and a few that
    all favour one side an interval that ends at 0. So each resample gets one prompt more that one of the two has right
    and one that the other has, drawn as often as any prompt is. With many prompts that changes nothing.

    Parameters
    ----------
    groups
        Groups of near-duplicates behind both.

    References
    ----------
    Bonett and Price (2012), Adjusted Wald confidence interval for a difference of binomial proportions based on paired
    data: the same two cases, for the interval by the normal distribution.

    Examples
    --------
    >>> found = with_two_cases(Estimate(0.0, 0.0, 0.0, 50, np.zeros(2001)), 50)
    >>> found.value, found.low < -0.03, found.high > 0.03
    (0.0, True, True)
    """
    draws = difference.resampled.copy()
    won, lost = np.random.default_rng(_SEED).poisson(1.0, (2, len(draws) - 1))
    draws[1:] += (won - lost) / groups
    # The value is drawn towards 0 as its resamples are, or it would lie between their steps.
    found = estimate(draws * groups / (groups + 2), difference.n)
    return replace(found, value=difference.value)


def _verdict(row: Row) -> str:
    _, low, high = improvement(row)
    return BETTER if low > 0 else WORSE if high < 0 else CANNOT_TELL
