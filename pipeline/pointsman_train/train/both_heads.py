"""Both heads, fitted on rows, and what they say of prompts that they were not fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.cores import on_all_cores
from pointsman_train.data import Floats, Ints
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.complexity import ComplexityConfig, ComplexityModel, fit_complexity
from pointsman_train.train.label_shares import WeighedLabels
from pointsman_train.train.success import Descriptors, Formulation, SuccessModel, Targets


@dataclass(frozen=True, slots=True)
class BothHeads:
    """Fits either head on a set of rows.

    Attributes
    ----------
    classes
        Labels that occur in training, ascending.
    threads
        That each booster starts; see :func:`~pointsman_train.cores.on_all_cores`.
    """

    formulation: Formulation
    classes: tuple[int, ...]
    descriptors: Descriptors
    layout: Layout
    config: ComplexityConfig
    threads: int = 1

    def success(self, features: Features, targets: Targets) -> SuccessModel:
        """Fit the success model on every known outcome."""
        return self.formulation.fit(features, targets, self.descriptors, self.layout)

    def complexity(self, features: Features, labels: WeighedLabels) -> ComplexityModel:
        """Fit the complexity classifier; rows of ``labels`` are those of ``features``."""
        label = np.array(self.classes)[labels.label]
        return fit_complexity(
            features[labels.row], label, self.classes, self.layout, self.config, labels.weight, labels.group
        )

    def success_out_of_fold(self, features: Features, targets: Targets, fold: Ints) -> Floats:
        """Margins of each fold from a success model that was fitted on all else, (n_prompts, n_models).

        Those of fold -1 are not told.
        """
        margins = np.empty_like(targets.success)

        def fit_one(k: int) -> None:
            out = fold == k
            margins[out] = self.success(features[~out], targets.take(~out)).margins(features[out])

        on_all_cores(fit_one, range(int(fold.max()) + 1), self.threads)
        return margins

    def complexity_out_of_fold(self, features: Features, labels: WeighedLabels, fold: Ints) -> Floats:
        """Margins of each fold but -1 from a classifier that was fitted on all else, (n_prompts, n_classes)."""
        margins = np.empty((len(features), len(self.classes)))

        def fit_one(k: int) -> None:
            out = fold == k
            margins[out] = self.complexity(features[~out], labels.take(~out)).margins(features[out])

        on_all_cores(fit_one, range(int(fold.max()) + 1), self.threads)
        return margins
