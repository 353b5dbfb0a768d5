"""Figures that are a ratio of two sums over prompts: means, rates, shares and relative savings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Bools, Floats
from pointsman_train.evaluate.bootstrap import Estimate, Weights, divide, estimate, totals

# A denominator smaller than this, relative to its parts, is what rounding leaves of a sum that cancels.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Ratio:
    """``sum(numerator) / sum(denominator)``, undefined where the denominator is not positive.

    Attributes
    ----------
    numerator, denominator
        ndarray of shape (n_prompts,).
    n
        Prompts behind the figure.
    """

    numerator: Floats
    denominator: Floats
    n: int


def mean(values: Floats) -> Ratio:
    """Mean over all prompts."""
    return Ratio(values, np.ones(len(values)), len(values))


def mean_among(values: Floats, among: Bools | Floats) -> Ratio:
    """Mean over some prompts.

    Parameters
    ----------
    values
        ndarray of shape (n_prompts,).
    among
        ndarray of shape (n_prompts,): which prompts count, or with what probability each does.

    Examples
    --------
    >>> ratio = mean_among(np.array([1.0, 0.0, 1.0]), np.array([True, True, False]))
    >>> ratio.numerator.tolist(), ratio.denominator.tolist(), ratio.n
    ([1.0, 0.0, 0.0], [1.0, 1.0, 0.0], 2)
    """
    counted = among.astype(np.float64)
    return Ratio(values * counted, counted, int(np.count_nonzero(counted)))


def estimate_ratios(ratios: Mapping[str, Ratio], weights: Weights) -> dict[str, Estimate]:
    """Estimate many ratios by one product with the weights.

    Examples
    --------
    >>> weights = np.ones((3, 4), dtype=np.float32)
    >>> estimate_ratios({"share": mean(np.array([1.0, 0.0, 0.0, 1.0]))}, weights)["share"]
    Estimate(value=0.5, low=0.5, high=0.5, n=4)
    """
    if not ratios:
        return {}
    values = resampled_ratios(list(ratios.values()), weights)
    return {name: estimate(values[:, k], ratio.n) for k, (name, ratio) in enumerate(ratios.items())}


def resampled_ratios(ratios: list[Ratio], weights: Weights) -> Floats:
    """Each ratio under each row of the weights, of shape (n_rows, n_ratios)."""
    columns = [ratio.numerator for ratio in ratios] + [ratio.denominator for ratio in ratios]
    numerator, denominator = np.hsplit(totals(weights, np.stack(columns, axis=1)), 2)
    floors = [_ROUNDING * float(np.abs(ratio.denominator).sum()) for ratio in ratios]
    return np.stack([divide(numerator[:, k], denominator[:, k], floor) for k, floor in enumerate(floors)], axis=1)
