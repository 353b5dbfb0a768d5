"""Where the training prompts are: in memory, or, for an engine that has more of them than fit there, elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.featurize.blocks import FeaturesConfig
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.fit import Featurize, Fitted, Taught, fit_featurizer
from pointsman_train.split.split import fold_of
from pointsman_train.train.both_heads import BothHeads
from pointsman_train.train.complexity import ComplexityModel
from pointsman_train.train.label_shares import WeighedLabels
from pointsman_train.train.success import SuccessModel, Targets


class FitsHeads(Protocol):
    """Fits either head. Elsewhere the prompts that it is given are a sample of those that it fits on."""

    @property
    def classes(self) -> tuple[int, ...]:
        """Labels that occur in training, ascending."""
        ...

    def success(self, features: Features, targets: Targets) -> SuccessModel:
        """Fit the success model."""
        ...

    def complexity(self, features: Features, labels: WeighedLabels) -> ComplexityModel:
        """Fit the complexity classifier."""
        ...

    def success_out_of_fold(self, features: Features, targets: Targets, fold: Ints) -> Floats:
        """Margins of each fold but -1 from a success model that was fitted on all else."""
        ...

    def complexity_out_of_fold(self, features: Features, labels: WeighedLabels, fold: Ints) -> Floats:
        """Margins of each fold but -1 from a classifier that was fitted on all else."""
        ...


class Place(Protocol):
    """Where the training prompts are."""

    def folds(self, training: Bools, group: Ints, folds: int, rng: np.random.Generator) -> Ints:
        """Deal the prompts of a mask into folds by whole groups."""
        ...

    def featurize(self, prompts: Sequence[str], taught: Taught, config: FeaturesConfig) -> Fitted:
        """Fit the featurizer."""
        ...

    def heads(self, heads: BothHeads) -> FitsHeads:
        """Return what fits these heads on the prompts that are there."""
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """In memory.

    Attributes
    ----------
    how
        How the featurizer is fitted.
    """

    how: Featurize = fit_featurizer

    def folds(self, training: Bools, group: Ints, folds: int, rng: np.random.Generator) -> Ints:
        """Deal the prompts of a mask into folds by whole groups."""
        return fold_of(group[training], folds, rng)

    def featurize(self, prompts: Sequence[str], taught: Taught, config: FeaturesConfig) -> Fitted:
        """Fit the featurizer."""
        return self.how(prompts, taught, config)

    def heads(self, heads: BothHeads) -> FitsHeads:
        """Return the heads themselves."""
        return heads
