"""Both heads, and what they say of prompts that they were not fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import UNKNOWN_LABEL, Floats, Ints
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.fit import Fitted
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.complexity import ComplexityConfig, ComplexityModel, fit_complexity
from pointsman_train.train.rows import Rows
from pointsman_train.train.success import Descriptors, Formulation, SuccessModel, Targets


@dataclass(frozen=True, slots=True)
class Unseen:
    """Margins of prompts that the heads were not fitted on, with their truth and similarity to the training prompts."""

    success_margins: Floats
    label_margins: Floats
    rows: Rows
    similarity: Features | None


@dataclass(frozen=True, slots=True)
class BothHeads:
    """Fits both heads on a set of rows."""

    formulation: Formulation
    classes: tuple[int, ...]
    descriptors: Descriptors
    layout: Layout
    config: ComplexityConfig

    def fit(self, features: Features, targets: Targets) -> tuple[SuccessModel, ComplexityModel]:
        """Fit the success model on every known outcome, the complexity classifier on every label."""
        success = self.formulation.fit(features, targets, self.descriptors, self.layout)
        named = targets.label != UNKNOWN_LABEL
        complexity = fit_complexity(features[named], targets.label[named], self.classes, self.layout, self.config)
        return success, complexity

    def out_of_fold(self, fitted: Fitted, rows: Rows, fold: Ints) -> Unseen:
        """Predict each fold by heads that were fitted on the others."""
        features = fitted.features
        success_margins = np.empty_like(rows.score)
        label_margins = np.empty((len(features), len(self.classes)))
        for k in range(int(fold.max()) + 1):
            out = fold == k
            success, complexity = self.fit(features[~out], rows.targets.take(~out))
            success_margins[out] = success.margins(features[out])
            label_margins[out] = complexity.margins(features[out])
        return Unseen(success_margins, label_margins, rows, fitted.similarity)


def held_out(fitted: Fitted, success: SuccessModel, complexity: ComplexityModel, rows: Rows) -> Unseen:
    """Predict prompts that neither featurizer nor heads were fitted on."""
    features, similarity = fitted.featurizer.transform_all(rows.prompt)
    return Unseen(success.margins(features), complexity.margins(features), rows, similarity)
