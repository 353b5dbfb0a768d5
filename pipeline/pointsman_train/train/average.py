"""The mean of the margins of several formulations, whose errors partly cancel.

The default four are among the best of all combinations of up to four by hull gain on out-of-fold predictions of
training prompts of three open sets; they differ in what they learn (success, the difference to the best single model)
and in what they read (words alone, or looks as well).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.learner import Learner, learning
from pointsman_train.train.success import Descriptors, Formulation, SuccessModel, Targets
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Ensemble


@dataclass(slots=True)
class AverageConfig:
    """What is averaged.

    Attributes
    ----------
    of
        Names of other formulations, each with its own settings.
    """

    of: list[str] = field(default_factory=lambda: ["per_model", "difference", "logistic", "linear"])


@dataclass(frozen=True, slots=True)
class AverageModel:
    """Fitted models with equal weights."""

    parts: Sequence[SuccessModel]

    def margins(self, features: Features) -> Floats:
        """Mean log-odds of success, ndarray of shape (n_prompts, n_models)."""
        return np.asarray(np.mean([part.margins(features) for part in self.parts], axis=0))

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Return the mean of every part's."""
        rest, margins = list(forest), list[Sums]()
        for part in self.parts:
            own = len(part.ensembles())
            margins.append(part.add(g, features, rest[:own]))
            rest = rest[own:]
        total = reduce(add, margins)
        n = len(total.bias)
        return total.mapped(np.eye(n) / len(margins), np.zeros(n))

    def ensembles(self) -> tuple[Ensemble, ...]:
        """Return the trees of every part."""
        return tuple(ensemble for part in self.parts for ensemble in part.ensembles())


@dataclass(frozen=True, slots=True)
class Average:
    """The average of formulations."""

    parts: Sequence[Formulation]

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> AverageModel:
        """Fit every part on the same prompts."""
        return AverageModel([part.fit(features, targets, descriptors, layout) for part in self.parts])

    def learn(self, learner: Learner, descriptors: Descriptors, layout: Layout) -> AverageModel:
        """Do the same wherever the prompts are."""
        return AverageModel([learning(part).learn(learner, descriptors, layout) for part in self.parts])
