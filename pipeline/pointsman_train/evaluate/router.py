"""A router under test: nothing but what it chose, along a sweep of its trade-off and at its default."""

from __future__ import annotations

from dataclasses import dataclass, replace
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

    def renumbered(self, order: Ints) -> Point:
        """Return the same point on a ladder of another order; ``order`` has the old position of each new rung."""


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

    def renumbered(self, order: Ints) -> Choice:
        """Return the same choices on a ladder of another order.

        Examples
        --------
        >>> Choice(np.array([0, 1, 2])).renumbered(np.array([2, 0, 1])).choice.tolist()
        [1, 2, 0]
        """
        return replace(self, choice=np.argsort(order)[self.choice])


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

    def renumbered(self, order: Ints) -> Blend:
        """Return the same mix on a ladder of another order.

        Examples
        --------
        >>> Blend(np.array([0.5, 0.25, 0.25])).renumbered(np.array([2, 0, 1])).share.tolist()
        [0.25, 0.5, 0.25]
        """
        return replace(self, share=self.share[order])


@dataclass(frozen=True, slots=True)
class Between:
    """Two operating points that take turns at random; figures are expected values over the draw.

    Attributes
    ----------
    first, second
        The points.
    share
        Of the prompts that the second decides, in [0, 1].

    Examples
    --------
    >>> cheap, dear = Choice(np.array([0, 0])), Choice(np.array([0, 1]))
    >>> Between(cheap, dear, 0.25).take(np.array([[1.0, 4.0], [1.0, 4.0]])).tolist()
    [1.0, 1.75]
    """

    first: Point
    second: Point
    share: float

    @property
    def margin(self) -> Floats | None:
        """That of the point which decides more prompts."""
        return self.second.margin if self.share > 0.5 else self.first.margin

    def take(self, table: Floats) -> Floats:
        """Return each row's mean over the two points."""
        return (1 - self.share) * self.first.take(table) + self.share * self.second.take(table)

    def renumbered(self, order: Ints) -> Between:
        """Return the same two points on a ladder of another order.

        Examples
        --------
        >>> turn = np.array([1, 0])
        >>> Between(Choice(np.array([0])), Choice(np.array([1])), 0.5).renumbered(turn).first.choice.tolist()
        [1]
        """
        return Between(self.first.renumbered(order), self.second.renumbered(order), self.share)


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

    def renumbered(self, order: Ints) -> Router:
        """Return the same router on a ladder of another order, without what a label means on its own ladder.

        Parameters
        ----------
        order
            ndarray of shape (n_models,), the old position of each new rung.
        """
        return replace(
            self,
            sweep=tuple(point.renumbered(order) for point in self.sweep),
            default=self.default.renumbered(order),
            p_success=None if self.p_success is None else self.p_success[:, order],
            p_label=None,
        )
