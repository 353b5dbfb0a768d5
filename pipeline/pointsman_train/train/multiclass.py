"""The label's own classifier as a success model: ``P_k = P(label <= k)``.

Like :mod:`cumulative <pointsman_train.train.cumulative>`, it says that some model up to the rung succeeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from pointsman_train.data import UNKNOWN_LABEL, Floats
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.booster import BoostedConfig
from pointsman_train.train.complexity import ComplexityConfig, ComplexityModel, fit_complexity
from pointsman_train.train.link import add_logit, logit
from pointsman_train.train.success import Descriptors, Targets
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Ensemble


@dataclass(frozen=True, slots=True)
class MulticlassModel:
    """A fitted classifier of labels, read as success."""

    labels: ComplexityModel

    def margins(self, features: Features) -> Floats:
        """Log-odds that a model up to each rung succeeds, ndarray of shape (n_prompts, n_models)."""
        return logit(softmax(self.labels.margins(features), axis=1) @ self._up_to)

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Add the softmax of the trees' sums, and its own sums up to each rung."""
        p_label = g.add("Softmax", forest[0].add(g), axis=1)
        return add_logit(g, g.add("MatMul", p_label, g.const(self._up_to)), len(self.labels.classes) - 1)

    def ensembles(self) -> tuple[Ensemble]:
        """Return the trees, one target a label."""
        return (self.labels.ensemble(),)

    @property
    def _up_to(self) -> Floats:
        """Zero-one matrix from labels to the rungs that they do not exceed; all-fail, the last, exceeds all."""
        n_labels = len(self.labels.classes)
        return np.triu(np.ones((n_labels, n_labels - 1)))


@dataclass(frozen=True, slots=True)
class Multiclass:
    """The multiclass formulation."""

    config: BoostedConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> MulticlassModel:
        """Fit on the prompts with a label. A label that none of them has gets a probability of about 0."""
        named = targets.label != UNKNOWN_LABEL
        classes = tuple(range(targets.success.shape[1] + 1))
        config = ComplexityConfig(self.config.booster)
        label, weight, group = targets.label[named], targets.label_weight[named], targets.groups[named]
        return MulticlassModel(fit_complexity(features[named], label, classes, layout, config, weight, group))
