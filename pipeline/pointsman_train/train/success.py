"""The success model: for each model of the ladder, the margin (log-odds) that it succeeds on a prompt.

A formulation fits one; the rest of the pipeline sees only this interface, so formulations can be compared and any
of them exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Ensemble, add_forest

# With fewer successes or failures of a model, what is fitted to them alone is noise.
_LEAST_OF_EACH = 10


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What is known of each model of the ladder from the training rows.

    Attributes
    ----------
    mean_cost
        ndarray of shape (n_models,), US dollars per answer.
    success_rate
        ndarray of shape (n_models,), in [0, 1].
    """

    mean_cost: Floats
    success_rate: Floats


@dataclass(frozen=True, slots=True)
class Targets:
    """What a fit may learn from: the known outcomes of its prompts.

    Attributes
    ----------
    success
        ndarray of shape (n_prompts, n_models), 0 or 1; NaN where unknown, which a fit leaves out.
    rate
        ndarray of the same shape, in [0, 1]: the share of trials that succeeded, where there were several;
        elsewhere ``success``.
    trials
        ndarray of the same shape, answers behind each rate: its weight.
    label
        ndarray of shape (n_prompts,): the cheapest rung that succeeds, n_models for all-fail, -1 for unknown.
    group
        ndarray of shape (n_prompts,), near-duplicates, which early stopping keeps together; None where there are none.
    stands_for
        ndarray of shape (n_prompts, n_models): how many outcomes like it each stands for; None is one each.
    """

    success: Floats
    rate: Floats
    trials: Ints
    label: Ints
    group: Ints | None = None
    stands_for: Floats | None = None

    def take(self, rows: Bools) -> Targets:
        """Return the targets of these prompts."""
        counts = None if self.stands_for is None else self.stands_for[rows]
        of_rows = self.success[rows], self.rate[rows], self.trials[rows], self.label[rows], self.groups[rows]
        return Targets(*of_rows, counts)

    @property
    def groups(self) -> Ints:
        """Group of each prompt; where there are none, each is its own."""
        return np.arange(len(self.label)) if self.group is None else self.group

    @property
    def known(self) -> Bools:
        """Whether each outcome is known."""
        return ~np.isnan(self.success)

    @property
    def weight(self) -> Floats:
        """Answers behind each outcome and those that it stands for, 0 where it is unknown."""
        return np.where(self.known, self.trials if self.stands_for is None else self.trials * self.stands_for, 0.0)

    @property
    def successes(self) -> Floats:
        """Those of them that succeeded, 0 where the outcome is unknown."""
        return np.where(self.known, self.rate * self.weight, 0.0)

    @property
    def label_weight(self) -> Floats:
        """How many prompts with its label each prompt stands for, ndarray of shape (n_prompts,).

        A label is known where the outcomes up to the first success are, and the least likely of these tells.
        """
        if self.stands_for is None:
            return np.ones(len(self.label))
        hit = self.success == 1
        last = np.where(hit.any(axis=1), hit.argmax(axis=1), hit.shape[1] - 1)
        so_far = np.maximum.accumulate(self.stands_for, axis=1)
        return np.asarray(np.take_along_axis(so_far, last[:, None], axis=1)[:, 0])


class SuccessModel(Protocol):
    """A fitted success model."""

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models), as the training library computes them."""
        ...

    def ensembles(self) -> tuple[Ensemble, ...]:
        """Return the trees in it, over the features; none where it has no trees."""
        ...

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Add the rest to a graph, and return the log-odds as sums of n_models columns; ``features`` is double [N, F].

        The trees of the whole graph are one node; ``forest`` has the sums of each of :meth:`ensembles`, in order.
        """
        ...


class Formulation(Protocol):
    """A way to fit success models."""

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> SuccessModel:
        """Fit on the known outcomes of prompts; columns of ``features`` are as ``layout`` says."""
        ...


def add_margins(g: GraphBuilder, features: str, model: SuccessModel) -> str:
    """Add a success model alone, with a node of its own for its trees."""
    return model.add(g, features, add_forest(g, features, model.ensembles())).add(g)


def enough_of_each(success: Floats) -> bool:
    """Whether one model's known outcomes hold at least ten successes and ten failures.

    Examples
    --------
    >>> enough_of_each(np.repeat([0.0, 1.0], [10, 90])), enough_of_each(np.repeat([0.0, 1.0], [9, 91]))
    (True, False)
    """
    successes = int(np.sum(success))
    return min(successes, len(success) - successes) >= _LEAST_OF_EACH
