"""One booster a model: nothing that is learned of one touches another."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.booster import BoostedConfig
from pointsman_train.train.heads import Heads
from pointsman_train.train.learner import InMemory, Learner, Lesson, SuccessOf
from pointsman_train.train.success import Descriptors, Targets


@dataclass(frozen=True, slots=True)
class PerModel:
    """The per-model formulation."""

    config: BoostedConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> Heads:
        """Fit each model's success rate on the prompts where it is known."""
        return self.learn(InMemory(features, targets, layout), descriptors, layout)

    def learn(self, learner: Learner, descriptors: Descriptors, layout: Layout) -> Heads:
        """Do the same wherever the prompts are."""
        models = range(len(descriptors.mean_cost))
        lessons = [Lesson(f"success {m}", SuccessOf(m)) for m in models]
        return Heads(learner.classifiers(lessons, self.config.booster))
