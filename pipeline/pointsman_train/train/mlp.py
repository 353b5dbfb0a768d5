"""A small neural network a model, on what the prompt looks like and on its embedding. A baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag
from sklearn.neural_network import MLPClassifier

from pointsman_train.cores import one_thread
from pointsman_train.data import Floats
from pointsman_train.errors import ConfigError
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.link import smoothed_logit
from pointsman_train.train.scale import Scale, fit_scale
from pointsman_train.train.success import Descriptors, Targets, enough_of_each
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Ensemble

# In batches of 200, scikit-learn's default, early stopping ends a fit on 600 prompts after a few dozen steps.
_BATCH = 32


@dataclass(slots=True)
class MlpConfig:
    """Settings of the networks.

    Attributes
    ----------
    hidden
        Units of the one hidden layer.
    alpha
        Strength of the L2 penalty.
    max_iter
        Passes over the data at the most; training stops once a held-out tenth gains no more.
    seed
        Of the first weights, the batches and the held-out part.
    """

    hidden: int = 32
    alpha: float = 1.0
    max_iter: int = 500
    seed: int = 0

    def check(self, where: str) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        for name, least in (("hidden", 1), ("alpha", 0), ("max_iter", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{where}.{name} must be {least} or more, got {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True)
class _Net:
    """One hidden layer, one output."""

    inner: Floats
    inner_bias: Floats
    outer: Floats
    outer_bias: Floats


@dataclass(frozen=True, slots=True)
class MlpModel:
    """The networks of all models, side by side.

    Attributes
    ----------
    inner, inner_bias
        ndarrays of shape (n_columns, n_units) and (n_units,).
    outer, outer_bias
        ndarrays of shape (n_units, n_models) and (n_models,); a model reads its own units alone.
    """

    scale: Scale
    inner: Floats
    inner_bias: Floats
    outer: Floats
    outer_bias: Floats

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models)."""
        units = np.maximum(self.scale(features) @ self.inner + self.inner_bias, 0.0)
        return np.asarray(units @ self.outer + self.outer_bias)

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Add the scaling and both layers."""
        units = g.add("Relu", self.scale.sums(g, features, self.inner, self.inner_bias).add(g))
        return Sums({units: self.outer}, self.outer_bias)

    def ensembles(self) -> tuple[Ensemble, ...]:
        """Return nothing: there are no trees."""
        return ()


@dataclass(frozen=True, slots=True)
class Mlp:
    """The mlp formulation."""

    config: MlpConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> MlpModel:
        """Fit one network a model on the prompts where its success is known; the scaling is shared."""
        scale = fit_scale(features, layout.columns("surface", "lexicon"), layout.columns("embedding"))
        columns = scale(features)
        outcomes = zip(targets.known.T, targets.success.T, _counts(targets), strict=True)
        nets = [
            _fit_net(columns[known], success[known], count[known], self.config) for known, success, count in outcomes
        ]
        return _side_by_side(scale, nets)


def _counts(targets: Targets) -> Floats:
    """How many outcomes each stands for, a row a model."""
    return np.ones_like(targets.success.T) if targets.stands_for is None else targets.stands_for.T


def _fit_net(columns: Floats, success: Floats, count: Floats, config: MlpConfig) -> _Net:
    if not enough_of_each(success):
        n = columns.shape[1]
        bias = np.array([smoothed_logit(success, count)])
        return _Net(np.zeros((n, 0)), np.zeros(0), np.zeros((0, 1)), bias)
    net = MLPClassifier(
        hidden_layer_sizes=(config.hidden,),
        alpha=config.alpha,
        batch_size=min(_BATCH, len(success) // 2),
        max_iter=config.max_iter,
        early_stopping=True,
        random_state=config.seed,
    )
    with one_thread():
        net.fit(columns, success, sample_weight=None if (count == 1).all() else count)
    return _Net(net.coefs_[0], net.intercepts_[0], net.coefs_[1], net.intercepts_[1])


def _side_by_side(scale: Scale, nets: Sequence[_Net]) -> MlpModel:
    return MlpModel(
        scale,
        np.hstack([net.inner for net in nets]),
        np.concatenate([net.inner_bias for net in nets]),
        block_diag(*(net.outer for net in nets)),
        np.concatenate([net.outer_bias for net in nets]),
    )
