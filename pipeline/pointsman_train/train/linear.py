"""A linear model a model of the pool, on all that is known of a prompt: its looks and the scores of its words.

The word scores alone see no length and no form, and trees cut a steady rise into steps; a sum of scaled columns sees
the first and keeps the second. Its mistakes are its own, so that an average gains by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from pointsman_train.cores import on_all_cores
from pointsman_train.data import Floats
from pointsman_train.errors import ConfigError
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import GraphBuilder
from pointsman_train.split import sample_groups
from pointsman_train.train.learner import InMemory, Learner
from pointsman_train.train.link import smoothed_logit
from pointsman_train.train.scale import Scale, fit_scale
from pointsman_train.train.success import Descriptors, Targets, enough_of_each
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Ensemble


@dataclass(slots=True)
class LinearConfig:
    """Settings of the linear models.

    Attributes
    ----------
    strength
        Inverse of the L2 penalty on columns of unit variance (scikit-learn's ``C``); null chooses by the number of
        training prompts: 0.01 below 1,000, 0.1 below 1,500, else 1.
    most_prompts
        Of more training prompts so many are drawn, whole groups of near-duplicates: a hundred weights need no more.
    seed
        Of the draw.
    """

    strength: float | None = None
    most_prompts: int = 20_000
    seed: int = 0

    def check(self, where: str) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        if self.strength is not None and not self.strength > 0:
            raise ConfigError(f"{where}.strength must be above 0, or null, got {self.strength!r}")
        if self.most_prompts < 1:
            raise ConfigError(f"{where}.most_prompts must be 1 or more, got {self.most_prompts!r}")


def strength_for(config: LinearConfig, n_prompts: int) -> float:
    """Inverse of the penalty: as configured, or by the number of training prompts.

    Examples
    --------
    >>> [strength_for(LinearConfig(), n) for n in (999, 1_000, 1_500)]
    [0.01, 0.1, 1.0]
    """
    if config.strength is not None:
        return config.strength
    return 0.01 if n_prompts < 1_000 else 0.1 if n_prompts < 1_500 else 1.0


@dataclass(frozen=True, slots=True)
class LinearModel:
    """The linear models of all models of the pool.

    Attributes
    ----------
    weight
        ndarray of shape (n_columns, n_models), on scaled columns.
    bias
        ndarray of shape (n_models,).
    """

    scale: Scale
    weight: Floats
    bias: Floats

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models)."""
        return self.scale(features) @ self.weight + self.bias

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Return the sums of the scaled columns."""
        return self.scale.sums(g, features, self.weight, self.bias)

    def ensembles(self) -> tuple[Ensemble, ...]:
        """Return nothing: there are no trees."""
        return ()


@dataclass(frozen=True, slots=True)
class Linear:
    """The linear formulation."""

    config: LinearConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> LinearModel:
        """Fit each model's success rate on the prompts where it is known; the scaling is shared."""
        return self.learn(InMemory(features, targets, layout), descriptors, layout)

    def learn(self, learner: Learner, descriptors: Descriptors, layout: Layout) -> LinearModel:
        """Do the same on the prompts that are here, wherever the others are."""
        everyone = np.ones(len(learner.here.features), bool)
        drawn = sample_groups(learner.here.targets.groups, everyone, self.config.most_prompts, self.config.seed)
        here = learner.here.without(~drawn)
        features, targets = here.features, here.targets
        scores = [block.name for block in layout.blocks if block.per_model]
        scale = fit_scale(features, layout.columns("surface", "lexicon"), layout.columns(*scores))
        columns, strength = scale(features), strength_for(self.config, len(features))

        def one(model: int) -> tuple[Floats, float]:
            known = targets.known[:, model]
            return _fit(columns[known], targets.rate[known, model], targets.weight[known, model], strength)

        fits = on_all_cores(one, range(targets.rate.shape[1]))
        return LinearModel(scale, np.stack([w for w, _ in fits], axis=1), np.array([b for _, b in fits]))


def _fit(columns: Floats, rate: Floats, weight: Floats, strength: float) -> tuple[Floats, float]:
    if not enough_of_each(np.round(rate)):
        return np.zeros(columns.shape[1]), smoothed_logit(rate, weight)
    # A rate is so many successes and so many failures.
    answers = np.concatenate([rate * weight, (1 - rate) * weight])
    some = answers > 0
    success = np.repeat([1, 0], len(rate))[some]
    twice = np.vstack([columns, columns])[some]
    # With few columns a Hessian costs less than the many steps of a solver that does without it, and it converges.
    fitted = LogisticRegression(C=strength, solver="newton-cholesky").fit(twice, success, sample_weight=answers[some])
    return fitted.coef_[0], float(fitted.intercept_[0])
