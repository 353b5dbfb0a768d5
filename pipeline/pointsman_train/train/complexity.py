"""The complexity classifier: which label a prompt has, the cheapest rung that succeeds or all-fail.

It names a prompt's complexity, explains it and marks boundary cases. It does not decide: that some model up to a
rung succeeds does not say which one does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import lightgbm as lgb
import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.errors import LabelError
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.booster import BoosterConfig, fit_booster, margins_of
from pointsman_train.train.trees import Column, Ensemble, bind, trees_of


@dataclass(slots=True)
class ComplexityConfig:
    """Settings of the complexity classifier."""

    booster: BoosterConfig = field(default_factory=lambda: BoosterConfig(trees=25, learning_rate=0.12))


@dataclass(frozen=True, slots=True)
class ComplexityModel:
    """A fitted classifier.

    Attributes
    ----------
    classes
        The labels that occur in training, ascending; margins have one column for each.
    """

    booster: lgb.Booster
    classes: tuple[int, ...]
    layout: Layout

    def margins(self, features: Features) -> Floats:
        """Scores before the softmax, ndarray of shape (n_prompts, n_classes)."""
        return margins_of(self.booster, features[:, self.layout.for_trees])

    def ensemble(self) -> Ensemble:
        """Return the trees, one target a class; LightGBM deals a round's trees to the classes in turn."""
        n = len(self.classes)
        columns = [Column(column) for column in self.layout.for_trees.tolist()]
        return Ensemble(tuple((i % n, bind(tree, columns)) for i, tree in enumerate(trees_of(self.booster))), n)


def fit_complexity(
    features: Features,
    label: Ints,
    classes: tuple[int, ...],
    layout: Layout,
    config: ComplexityConfig,
    weight: Floats | None = None,
    group: Ints | None = None,
) -> ComplexityModel:
    """Fit on the prompts with these labels.

    Parameters
    ----------
    label
        ndarray of shape (n_prompts,); each in ``classes``.
    classes
        Labels to tell apart, ascending. A fold may lack one of them.
    weight
        ndarray of shape (n_prompts,), of each label; None is one each.
    group
        ndarray of shape (n_prompts,), near-duplicates; None is each on its own.

    Raises
    ------
    LabelError
        When there is only one class.
    """
    if len(classes) < 2:
        raise LabelError(
            f"every training prompt has the label {classes!r}: there is nothing to route; "
            "widen the pool, raise label.success_threshold or bring harder prompts"
        )
    target = np.searchsorted(classes, label)
    booster = fit_booster(
        features[:, layout.for_trees],
        target.astype(np.float64),
        len(features),
        config.booster,
        weight,
        group,
        objective="multiclass",
        num_class=len(classes),
    )
    return ComplexityModel(booster, classes, layout)
