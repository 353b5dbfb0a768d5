"""One booster for all models of the ladder: rows are (prompt, model), columns the features and the model's descriptors.

What is learned of one model helps the others, which suits many models and little data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from pointsman_train.data import Floats
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.booster import BoostedConfig, fit_booster, margins_of
from pointsman_train.train.success import Descriptors, Targets
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Binding, Column, Constant, Ensemble, bind, trees_of


@dataclass(frozen=True, slots=True)
class PooledModel:
    """A fitted pooled booster."""

    booster: lgb.Booster
    descriptors: Descriptors
    layout: Layout

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models)."""
        bindings = [binding_of(m, self.descriptors, self.layout) for m in range(len(self.descriptors.mean_cost))]
        return np.stack([margins_of(self.booster, _rows_of(features, binding)) for binding in bindings], axis=1)

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Return the sums of the trees: one target a model."""
        return forest[0]

    def ensembles(self) -> tuple[Ensemble]:
        """Return the trees of each model, with the questions about the model answered."""
        n_models = len(self.descriptors.mean_cost)
        trees = trees_of(self.booster)
        bindings = [binding_of(m, self.descriptors, self.layout) for m in range(n_models)]
        bound = tuple((m, bind(tree, binding)) for m, binding in enumerate(bindings) for tree in trees)
        return (Ensemble(bound, n_models),)


@dataclass(frozen=True, slots=True)
class Pooled:
    """The pooled formulation."""

    config: BoostedConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> PooledModel:
        """Fit one booster on every known (prompt, model)."""
        known = targets.known
        models = range(known.shape[1])
        rows = [_rows_of(features[known[:, m]], binding_of(m, descriptors, layout)) for m in models]
        target = np.concatenate([targets.rate[known[:, m], m] for m in models])
        weight = np.concatenate([targets.weight[known[:, m], m] for m in models])
        group = np.concatenate([targets.groups[known[:, m]] for m in models])
        booster = fit_booster(np.concatenate(rows), target, len(features), self.config.booster, weight, group)
        return PooledModel(booster, descriptors, layout)


def binding_of(m: int, descriptors: Descriptors, layout: Layout) -> Binding:
    """Columns for one model: the features, its own score of each block that has one a model, its descriptors.

    The descriptors are its rung, the log of its mean cost (a free model counts as the smallest) and its success rate.
    """
    cost = descriptors.mean_cost
    floor = float(cost[cost > 0].min()) if (cost > 0).any() else 1.0
    constants = (float(m), float(np.log(max(float(cost[m]), floor))), float(descriptors.success_rate[m]))
    columns = [*layout.for_trees.tolist(), *layout.per_model(m).tolist()]
    return [*(Column(column) for column in columns), *(Constant(value) for value in constants)]


def _rows_of(features: Features, binding: Binding) -> Floats:
    rows = np.empty((len(features), len(binding)))
    for column, bound in enumerate(binding):
        rows[:, column] = bound.value if isinstance(bound, Constant) else features[:, bound.feature]
    return rows
