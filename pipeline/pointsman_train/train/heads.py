"""Boosters side by side, one a target, as one success model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.booster import BoosterConfig, bin_columns, fit_booster, margins_of
from pointsman_train.train.link import smoothed_logit
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Column, Ensemble, Leaf, Tree, bind, trees_of


@dataclass(frozen=True, slots=True)
class Head:
    """The margin of one target: a booster's, or the same for every prompt.

    Attributes
    ----------
    columns
        Of the features, in the booster's order.
    booster
        None where the target did not vary in training.
    constant
        The margin in that case.
    """

    columns: Ints
    booster: lgb.Booster | None
    constant: float

    def margins(self, features: Features) -> Floats:
        """Return an ndarray of shape (n_prompts,)."""
        if self.booster is None:
            return np.full(len(features), self.constant)
        return margins_of(self.booster, features[:, self.columns])

    def trees(self) -> list[Tree]:
        """Return the trees over the features."""
        if self.booster is None:
            return [Leaf(self.constant)]
        binding = [Column(column) for column in self.columns.tolist()]
        return [bind(tree, binding) for tree in trees_of(self.booster)]


@dataclass(frozen=True, slots=True)
class Heads:
    """One head a column of the margins."""

    heads: Sequence[Head]

    def margins(self, features: Features) -> Floats:
        """Return an ndarray of shape (n_prompts, n_heads)."""
        return np.stack([head.margins(features) for head in self.heads], axis=1)

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Return the sums of the trees: one target a head."""
        return forest[0]

    def ensembles(self) -> tuple[Ensemble]:
        """Return the trees of all heads."""
        trees = tuple((i, tree) for i, head in enumerate(self.heads) for tree in head.trees())
        return (Ensemble(trees, len(self.heads)),)


def bin_features(features: Features, layout: Layout, config: BoosterConfig) -> lgb.Dataset:
    """Bin the columns that trees read, for several boosters of the same prompts."""
    return bin_columns(features[:, layout.for_trees], len(features), config)


def fit_classifier(
    features: Features,
    rate: Floats,
    weight: Floats,
    layout: Layout,
    config: BoosterConfig,
    group: Ints | None = None,
    bins: lgb.Dataset | None = None,
) -> Head:
    """Fit the log-odds of a rate in [0, 1]; one that does not vary gives its smoothed log-odds.

    Parameters
    ----------
    features
        ndarray of shape (n_prompts, n_features); trees read the columns that ``layout`` gives them.
    rate, weight
        ndarrays of shape (n_prompts,): what is learned, without NaN, and answers behind it.
    group
        ndarray of shape (n_prompts,), near-duplicates; None is each on its own.
    bins
        Of the columns that trees read, by :func:`bin_features`; None bins them for this booster alone.
    """
    return _fit(features, rate, weight, layout, config, group, bins, smoothed_logit(rate, weight))


def fit_regressor(
    features: Features,
    value: Floats,
    weight: Floats,
    layout: Layout,
    config: BoosterConfig,
    group: Ints | None = None,
    bins: lgb.Dataset | None = None,
) -> Head:
    """Fit the mean of any value by least squares, else as :func:`fit_classifier`; no rows at all give 0."""
    constant = float(value.mean()) if len(value) else 0.0
    return _fit(features, value, weight, layout, config, group, bins, constant, objective="regression")


def _fit(
    features: Features,
    target: Floats,
    weight: Floats,
    layout: Layout,
    config: BoosterConfig,
    group: Ints | None,
    bins: lgb.Dataset | None,
    constant: float,
    **objective: Any,
) -> Head:
    columns = layout.for_trees
    if len(np.unique(target)) < 2:
        return Head(columns, None, constant)
    rows = features[:, columns] if bins is None else features
    booster = fit_booster(rows, target, len(target), config, weight, group, bins, **objective)
    return Head(columns, booster, constant)
