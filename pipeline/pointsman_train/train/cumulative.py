"""One booster a rung, on whether the label is at most that rung.

It models that *some* model up to the rung succeeds, which is not the model of the rung itself: a baseline, unless
there are two models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import UNKNOWN_LABEL
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.booster import BoostedConfig
from pointsman_train.train.heads import Heads, fit_classifier
from pointsman_train.train.success import Descriptors, Targets


@dataclass(frozen=True, slots=True)
class Cumulative:
    """The cumulative formulation."""

    config: BoostedConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> Heads:
        """Fit one head a rung on the prompts with a label."""
        named = targets.label != UNKNOWN_LABEL
        label, weight, group = targets.label[named], targets.label_weight[named], targets.groups[named]
        rungs = range(targets.success.shape[1])
        reached = [(label <= rung).astype(np.float64) for rung in rungs]
        return Heads([fit_classifier(features[named], y, weight, layout, self.config.booster, group) for y in reached])
