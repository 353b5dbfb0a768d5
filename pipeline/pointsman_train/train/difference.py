"""The best single model's success, and how much better or worse each other model does on the same prompt.

A booster learns ``d_m = s_m - s_best`` directly, for each other model. Trees that learn each model's success
spend themselves on what is hard for all; the choice hangs on the differences. With two models there is one
difference, and it alone decides.

On the scale of log-odds, where formulations are averaged and calibrated, a difference counts as at a probability of one
half, ``4 d_m``: to go through the probabilities was no better out of fold, and everything behind the trees is a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.booster import BoostedConfig
from pointsman_train.train.heads import Heads
from pointsman_train.train.learner import DifferenceOf, InMemory, Learner, Lesson, SuccessOf
from pointsman_train.train.success import Descriptors, Targets
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Ensemble

# Slope of the log-odds at a probability of one half.
SLOPE = 4.0


@dataclass(frozen=True, slots=True)
class DifferenceModel:
    """A fitted reference and the differences to it.

    Attributes
    ----------
    best
        One head: the log-odds that the best single model succeeds.
    difference
        One head a model: its success less that of the best, in [-1, 1] but for noise; 0 for the best itself.
    """

    best: Heads
    difference: Heads

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models)."""
        margins: Floats = self.heads.margins(features) @ self.weight
        return margins

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Return the sum of both groups of trees."""
        best, difference = forest
        nothing = np.zeros(len(difference.bias))
        return best.mapped(self.weight[:1], nothing) + difference.mapped(self.weight[1:], nothing)

    @property
    def heads(self) -> Heads:
        """The reference and the differences side by side."""
        return Heads([*self.best.heads, *self.difference.heads])

    @property
    def weight(self) -> Floats:
        """What each of :attr:`heads` counts in each model's log-odds, ndarray of shape (1 + n_models, n_models)."""
        n = len(self.difference.heads)
        return np.vstack([np.ones((1, n)), SLOPE * np.eye(n)])

    def ensembles(self) -> tuple[Ensemble, ...]:
        """Return the trees of the reference and of the differences."""
        return (*self.best.ensembles(), *self.difference.ensembles())


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference formulation."""

    config: BoostedConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> DifferenceModel:
        """Fit the best single model where it is known, each difference where both are."""
        return self.learn(InMemory(features, targets, layout), descriptors, layout)

    def learn(self, learner: Learner, descriptors: Descriptors, layout: Layout) -> DifferenceModel:
        """Do the same wherever the prompts are."""
        best = int(np.argmax(descriptors.success_rate))  # a tie goes to the cheaper
        reference = learner.classifiers([Lesson("success of the best", SuccessOf(best))], self.config.booster)
        models = range(len(descriptors.mean_cost))
        lessons = [Lesson(f"difference {m}", DifferenceOf(m, best)) for m in models]
        return DifferenceModel(Heads(reference), Heads(learner.regressors(lessons, self.config.booster)))
