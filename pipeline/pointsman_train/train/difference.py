"""The best single model's success, and how much better or worse each other model does on the same prompt.

``P_m = P_best + d_m``, where a booster learns ``d_m = s_m - s_best`` directly. Trees that learn each model's success
spend themselves on what is hard for all; the choice hangs on the differences. With two models there is one
difference, and it alone decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from pointsman_train.data import Floats
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.booster import BoostedConfig
from pointsman_train.train.heads import Heads
from pointsman_train.train.learner import DifferenceOf, InMemory, Learner, Lesson, SuccessOf
from pointsman_train.train.link import add_logit, logit
from pointsman_train.train.success import Descriptors, Targets
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Ensemble


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
        return logit(expit(self.best.margins(features)) + self.difference.margins(features))

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Add the sum of both groups of trees."""
        best, difference = forest
        p = g.add("Add", g.add("Sigmoid", best.add(g)), difference.add(g))
        return add_logit(g, p, len(difference.bias))

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
