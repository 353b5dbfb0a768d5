"""Two routers side by side: every figure of both, the difference with its paired interval, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.errors import DataError
from pointsman_train.evaluate.bootstrap import Estimate, paired_difference
from pointsman_train.evaluate.directions import NEITHER, direction
from pointsman_train.evaluate.slices import Slice

BETTER, WORSE, CANNOT_TELL, NOT_JUDGED = "better", "worse", "cannot tell", "not judged"
# Slices by margin hang on the router that decides: two routers' slices of one name are not the same prompts.
_SAME_PROMPTS = ("label", "source", "length", "language")
# An end of the interval nearer to 0 than this, relative to the figures, is 0 but for rounding.
_ROUNDING = 1e-12


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


def compare(baseline: Mapping[str, Estimate], candidate: Mapping[str, Estimate]) -> tuple[Row, ...]:
    """Compare the figures that both have.

    Of many comparisons of equal routers, one in twenty is called better or worse.

    Parameters
    ----------
    baseline, candidate
        By flat name, on the same prompts and from the same weights.

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
    return tuple(_row(name, baseline[name], candidate[name]) for name in shared)


def compare_slices(baseline: Sequence[Slice], candidate: Sequence[Slice]) -> tuple[SliceRows, ...]:
    """Compare slice by slice, where both have the same prompts in it: by label, source, length and language.

    Parameters
    ----------
    baseline, candidate
        Of the same test set, from the same weights.
    """
    other = {(part.by, part.name): part for part in candidate}
    return tuple(
        SliceRows(part.by, part.name, part.prompts, compare(part.figures, other[part.by, part.name].figures))
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


def _row(name: str, a: Estimate, b: Estimate) -> Row:
    difference = _difference(a, b)
    row = Row(name, a, b, difference, NOT_JUDGED)
    return row if direction(name) == NEITHER else Row(name, a, b, difference, _verdict(row))


def _difference(a: Estimate, b: Estimate) -> Estimate:
    if np.isnan(a.low) or np.isnan(b.low):
        return Estimate(b.value - a.value, np.nan, np.nan, min(a.n, b.n), b.resampled[:1] - a.resampled[:1])
    return paired_difference(b, a)


def _verdict(row: Row) -> str:
    _, low, high = improvement(row)
    return BETTER if low > 0 else WORSE if high < 0 else CANNOT_TELL
