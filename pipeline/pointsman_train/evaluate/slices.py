"""Where a router goes wrong: its figures on slices of the test prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman_train.data import Floats, Ints
from pointsman_train.evaluate.bootstrap import Estimate, Weights, estimate
from pointsman_train.evaluate.calibration import brier
from pointsman_train.evaluate.labels import label_accuracy
from pointsman_train.evaluate.quality import quality
from pointsman_train.evaluate.rates import cost_above_label, rates, score_below_label
from pointsman_train.evaluate.ratio import (
    Ratio,
    groups_behind,
    is_share,
    mean,
    of_few_cases,
    resampled_ratios,
    trials_behind,
)
from pointsman_train.evaluate.router import Point
from pointsman_train.evaluate.slicing import Slicing
from pointsman_train.evaluate.testset import TestSet

# A figure from fewer groups of near-duplicates has no interval: resamples of so few do not tell how far it may be off.
LEAST_GROUPS = 30


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice with its figures.

    Attributes
    ----------
    by, name
        What the prompts were divided by, and the slice's name.
    prompts, groups
        How many prompts it has, and :func:`~pointsman_train.evaluate.ratio.groups_behind` them.
    figures
        By name, each with its own count; without an interval where it rests on too few groups.
    thin
        Names of the figures that rest on some prompts, but too few for an interval.
    """

    by: str
    name: str
    prompts: int
    groups: int
    figures: Mapping[str, Estimate]
    thin: tuple[str, ...]

    @property
    def note(self) -> str:
        """Say what is missing and why, "" where nothing is."""
        if self.groups < LEAST_GROUPS:
            return f"too few prompts for intervals: {self.groups} groups, {LEAST_GROUPS} needed"
        return f"too few prompts for an interval of {', '.join(self.thin)}" if self.thin else ""


def slice_figures(
    testset: TestSet,
    point: Point,
    ways: Sequence[Slicing],
    weights: Weights,
    p_success: Floats | None = None,
    p_label: Floats | None = None,
) -> tuple[Slice, ...]:
    """Compute the figures of every slice that has prompts.

    Parameters
    ----------
    testset, point
        Known outcomes, and what was chosen.
    ways
        From :func:`~pointsman_train.evaluate.slicing.slicings`.
    weights
        ndarray of shape (1 + n_resamples, n_prompts), those of the figures on all prompts.
    p_success
        ndarray of shape (n_prompts, n_models), for calibration; None leaves it out.
    p_label
        ndarray of shape (n_prompts, n_models + 1), for label accuracy; None leaves it out.

    Notes
    -----
    Beside the rates of :mod:`pointsman_train.evaluate.rates`: ``score_boundary_exact``, the share of close calls routed
    to exactly the label; ``score_lost`` and ``cost_lost_usd``, score below and dollars above the label's model, per
    prompt of the slice, whatever was wrong. The latter is negative where routing too low saves more than routing too
    high wastes. ``overconfidence`` is the mean of ``p - success`` over prompts and models, and ``_rung_<k>`` of
    each model. Figures of calibration are left out for slices by label, which give the outcome away. There is no ECE:
    it grows as a slice shrinks.

    A share near 0 or 1 has the interval of :func:`~pointsman_train.evaluate.ratio.of_few_cases`.
    """
    ratios = _ratios(testset, point, p_label)
    calibration = {} if p_success is None else _calibration(testset, p_success)
    found = []
    for way in ways:
        wanted = ratios if way.by == "label" else ratios | calibration
        for k, name in enumerate(way.names):
            rows = np.flatnonzero(way.member == k)
            if len(rows):
                found.append(_slice(way.by, name, wanted, rows, testset.group[rows], weights[:, rows]))
    return tuple(found)


def _slice(by: str, name: str, ratios: Mapping[str, Ratio], rows: Ints, group: Ints, weights: Weights) -> Slice:
    inside = {figure: _among(ratio, rows) for figure, ratio in ratios.items()}
    resampled = resampled_ratios(list(inside.values()), weights)
    figures = {
        figure: _estimate(figure, ratio, resampled[:, k], group, weights[0])
        for k, (figure, ratio) in enumerate(inside.items())
    }
    thin = tuple(figure for figure, found in figures.items() if found.n and np.isnan(found.low))
    groups = int(groups_behind(mean(np.ones(len(rows))), group, weights[0]))
    return Slice(by, name, len(rows), groups, figures, thin)


def _among(ratio: Ratio, rows: Ints) -> Ratio:
    denominator = ratio.denominator[rows]
    return Ratio(ratio.numerator[rows], denominator, int(np.count_nonzero(denominator)))


def _estimate(name: str, ratio: Ratio, resampled: Floats, group: Ints, count: NDArray[Any]) -> Estimate:
    found, groups = estimate(resampled, ratio.n), groups_behind(ratio, group, count)
    if groups < LEAST_GROUPS:
        return replace(found, low=np.nan, high=np.nan)
    return of_few_cases(found, trials_behind(ratio, group, count)) if is_share(name) else found


def _ratios(testset: TestSet, point: Point, p_label: Floats | None) -> dict[str, Ratio]:
    at_point = quality(testset, point)
    ratios = {name: at_point[name] for name in ("quality", "success_rate", "cost_usd")} | rates(testset, point)
    ratios["score_lost"] = mean(point.take(score_below_label(testset)))
    ratios["cost_lost_usd"] = mean(point.take(cost_above_label(testset)))
    if p_label is not None:
        named, everywhere = p_label.argmax(axis=1), np.ones(len(testset), bool)
        ratios["label_accuracy"] = label_accuracy(testset.label, named, everywhere)
        ratios["boundary_label_accuracy"] = label_accuracy(testset.label, named, testset.boundary)
    return ratios


def _calibration(testset: TestSet, p_success: Floats) -> dict[str, Ratio]:
    excess = p_success - testset.success
    ratios = {
        "brier": mean(brier(p_success, testset.success).mean(axis=1)),
        "overconfidence": mean(excess.mean(axis=1)),
    }
    return ratios | {f"overconfidence_rung_{rung}": mean(column) for rung, column in enumerate(excess.T)}
