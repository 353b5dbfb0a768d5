"""One booster for all models of the ladder: rows are (prompt, model), columns the features and the model's descriptors.

What is learned of one model helps the others, which suits many models and little data.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import lightgbm as lgb
import numpy as np

from pointsman_train.data import Floats
from pointsman_train.featurize.featurizer import Features
from pointsman_train.train.booster import BoosterConfig, fit_booster, margins_of
from pointsman_train.train.success import Descriptors, SuccessModel
from pointsman_train.train.trees import Binding, Column, Constant, Ensemble, bind, trees_of


@dataclass(slots=True)
class PooledConfig:
    """Settings of the pooled formulation."""

    booster: BoosterConfig = field(default_factory=BoosterConfig)


@dataclass(frozen=True, slots=True)
class PooledModel:
    """A fitted pooled booster."""

    booster: lgb.Booster
    descriptors: Descriptors

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models)."""
        n_models = len(self.descriptors.mean_cost)
        columns = [margins_of(self.booster, _rows_of(features, m, self.descriptors)) for m in range(n_models)]
        return np.stack(columns, axis=1)

    def ensemble(self) -> Ensemble:
        """Return the trees of each model, with the questions about the model answered."""
        n_models = len(self.descriptors.mean_cost)
        n_features = self.booster.num_feature() - len(_constants(0, self.descriptors)) - 1
        trees = trees_of(self.booster)
        bindings = [_binding(n_features, m, self.descriptors) for m in range(n_models)]
        return Ensemble(
            tuple((m, bind(tree, binding)) for m, binding in enumerate(bindings) for tree in trees), n_models
        )


@dataclass(frozen=True, slots=True)
class Pooled:
    """The pooled formulation."""

    config: PooledConfig

    def fit(self, features: Features, success: Floats, descriptors: Descriptors) -> SuccessModel:
        """Fit one booster on every known (prompt, model)."""
        known = ~np.isnan(success)
        rows = [_rows_of(features, m, descriptors)[known[:, m]] for m in range(success.shape[1])]
        target = np.concatenate([success[known[:, m], m] for m in range(success.shape[1])])
        booster = fit_booster(np.concatenate(rows), target, len(features), self.config.booster, objective="binary")
        return PooledModel(booster, descriptors)


def _constants(m: int, descriptors: Descriptors) -> list[float]:
    """Return the model's rung, the log of its mean cost (a free model counts as the smallest) and its success rate."""
    cost = descriptors.mean_cost
    floor = float(cost[cost > 0].min()) if (cost > 0).any() else 1.0
    return [float(m), float(np.log(max(float(cost[m]), floor))), float(descriptors.success_rate[m])]


def _rows_of(features: Features, m: int, descriptors: Descriptors) -> Floats:
    """Columns for one model: the features, its own word score, its descriptors."""
    own = features.shape[1] - len(descriptors.mean_cost) + m
    constants = np.tile(_constants(m, descriptors), (len(features), 1))
    return np.hstack([features, features[:, own : own + 1], constants]).astype(np.float64)


def _binding(n_features: int, m: int, descriptors: Descriptors) -> Binding:
    own = n_features - len(descriptors.mean_cost) + m
    shared = [Column(feature) for feature in range(n_features)]
    return [*shared, Column(own), *(Constant(value) for value in _constants(m, descriptors))]
