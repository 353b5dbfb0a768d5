"""Logistic regression on words: what an afternoon's work gives, and a baseline.

The block "words" already holds each model's fitted log-odds (out of fold in training), so nothing is left to fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.errors import ConfigError
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.learner import InMemory, Learner
from pointsman_train.train.success import Descriptors, Targets
from pointsman_train.train.sums import Sums, columns_of
from pointsman_train.train.trees import Ensemble


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """The word scores.

    Attributes
    ----------
    columns
        ndarray of shape (n_models,): where each model's score is among the features.
    width
        How many features there are.
    """

    columns: Ints
    width: int

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models)."""
        return features[:, self.columns].astype(np.float64)

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Return the chosen columns."""
        return columns_of(features, self.width, self.columns.tolist())

    def ensembles(self) -> tuple[Ensemble, ...]:
        """Return nothing: there are no trees."""
        return ()


@dataclass(frozen=True, slots=True)
class Logistic:
    """The logistic formulation; it has no settings."""

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> LogisticModel:
        """Find the word scores; raises as :meth:`learn` does."""
        return self.learn(InMemory(features, targets, layout), descriptors, layout)

    def learn(self, learner: Learner, descriptors: Descriptors, layout: Layout) -> LogisticModel:
        """Find the word scores, which need no learner.

        Raises
        ------
        ConfigError
            When the block "words" is switched off.
        """
        columns = layout.columns("words")
        if not len(columns):
            present = [block.name for block in layout.blocks]
            raise ConfigError(
                f"train.formulation=logistic reads the feature block 'words', but the blocks are {present!r}; "
                "switch it on or choose another formulation"
            )
        return LogisticModel(columns, len(layout.names))
