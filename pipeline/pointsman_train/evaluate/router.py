"""A router under test: nothing but what it chose, along a sweep of its trade-off and at its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pointsman_train.data import Bools, Floats, Ints


class Point(Protocol):
    """One operating point: which model each prompt went to, or with what probability."""

    @property
    def margin(self) -> Floats | None:
        """Lead over the runner-up, of shape (n_prompts,), as the decision rule says it; None where unknown."""

    def take(self, table: Floats) -> Floats:
        """Return each prompt's expected value, (n_prompts,), of a table (n_prompts, n_models)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One model for each prompt.

    Attributes
    ----------
    choice
        ndarray of shape (n_prompts,), rungs.
    margin
        ndarray of shape (n_prompts,), as of :class:`pointsman.decide.Choices`; None where there are no utilities.

    Examples
    --------
    >>> Choice(np.array([1, 0])).take(np.array([[0.1, 0.2], [0.3, 0.4]])).tolist()
    [0.2, 0.3]
    """

    choice: Ints
    margin: Floats | None = None

    def take(self, table: Floats) -> Floats:
        """Return the chosen model's entry of each row."""
        return np.take_along_axis(table, self.choice[:, None], axis=1)[:, 0]


@dataclass(frozen=True, slots=True)
class Blend:
    """The same random mix of models for every prompt; figures are expected values over the draw.

    Attributes
    ----------
    share
        ndarray of shape (n_models,), probabilities.

    Examples
    --------
    >>> Blend(np.array([0.5, 0.5])).take(np.array([[0.25, 0.75], [0.0, 1.0]])).tolist()
    [0.5, 0.5]
    """

    share: Floats
    margin: Floats | None = None

    def take(self, table: Floats) -> Floats:
        """Return each row's mean under the mix."""
        return table @ self.share


@dataclass(frozen=True, slots=True)
class Router:
    """What a router, or a baseline, does with the test prompts.

    Attributes
    ----------
    sweep
        Its operating points without a guard, by rising price of cost where it has one; a constant has a single point.
    default
        Its default operating point as served: with its rule and its guard.
    default_lambda
        The price of cost at which regret is measured.
    p_success
        ndarray of shape (n_prompts, n_models), probabilities of success; None where it has none.
    p_label
        ndarray of shape (n_prompts, n_models + 1), the complexity classifier's; None where it has none.
    unfamiliar
        ndarray of shape (n_prompts,), where its guard fires; None where it has none.
    """

    sweep: tuple[Point, ...]
    default: Point
    default_lambda: float
    p_success: Floats | None = None
    p_label: Floats | None = None
    unfamiliar: Bools | None = None

    def along(self, table: Floats) -> Floats:
        """Return ``take`` of every point of the sweep, of shape (n_prompts, n_points)."""
        return np.stack([point.take(table) for point in self.sweep], axis=1)
