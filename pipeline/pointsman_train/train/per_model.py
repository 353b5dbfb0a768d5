"""One booster a model: nothing that is learned of one touches another."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman_train.cores import on_all_cores
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.booster import BoostedConfig
from pointsman_train.train.heads import Head, Heads, fit_classifier
from pointsman_train.train.success import Descriptors, Targets


@dataclass(frozen=True, slots=True)
class PerModel:
    """The per-model formulation."""

    config: BoostedConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> Heads:
        """Fit each model's success rate on the prompts where it is known."""

        def fit_one(model: int) -> Head:
            known = targets.known[:, model]
            rate, weight, groups = targets.rate[known, model], targets.weight[known, model], targets.groups[known]
            return fit_classifier(features[known], rate, weight, layout, self.config.booster, groups)

        return Heads(on_all_cores(fit_one, range(targets.known.shape[1]), self.config.booster.threads))
