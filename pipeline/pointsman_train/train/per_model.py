"""One booster a model: nothing that is learned of one touches another."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.booster import BoostedConfig
from pointsman_train.train.heads import Heads, fit_classifier
from pointsman_train.train.success import Descriptors, Targets


@dataclass(frozen=True, slots=True)
class PerModel:
    """The per-model formulation."""

    config: BoostedConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> Heads:
        """Fit each model's success rate on the prompts where it is known."""
        heads = []
        for known, rate, weight in zip(targets.known.T, targets.rate.T, targets.weight.T, strict=True):
            parts = rate[known], weight[known], layout, self.config.booster, targets.groups[known]
            heads.append(fit_classifier(features[known], *parts))
        return Heads(heads)
