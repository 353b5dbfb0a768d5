"""LightGBM with the settings that route well: small trees, strong shrinkage, the same result on every run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError


@dataclass(slots=True)
class BoosterConfig:
    """Settings of a booster.

    Attributes
    ----------
    trees
        Boosting rounds. More at a lower rate are no better by more than the noise, with 200 training prompts as with
        40,000, and each tree takes its share of every decision.
    leaves
        Leaves of a tree; null chooses by the number of training prompts: 4 below 2,000, 7 below 4,000, else 15.
    max_depth
        Splits on the way to a leaf, at most; null is no limit. Each takes its time in every decision.
    learning_rate, min_child_samples, feature_fraction, bagging_fraction, lambda_l2, max_bin
        LightGBM's parameters of these names.
    seed
        Of the draws of rows and columns.
    threads
        1 unless the data is large: on a busy machine, two threads waiting for each other after each of a small tree's
        splits took 73 s for what one did in 5 s. 0 is all cores.
    early_stopping
        Rounds without a better loss on a fifth of the training prompts, whole groups of near-duplicates, after which
        no trees are added; then all prompts are fitted with as many. ``trees`` is the most there can be. Null fits
        once, with ``trees``.
    """

    trees: int = 100
    leaves: int | None = None
    max_depth: int | None = None
    learning_rate: float = 0.06
    min_child_samples: int = 30
    feature_fraction: float = 0.3
    bagging_fraction: float = 0.8
    lambda_l2: float = 5.0
    max_bin: int = 63
    seed: int = 0
    threads: int = 1
    early_stopping: int | None = None

    def check(self, where: str) -> None:
        """Raise :class:`ConfigError` for a setting that LightGBM would only refuse later, or silently change."""
        ranges = {
            "trees": (self.trees >= 1, "1 or more"),
            "leaves": (self.leaves is None or self.leaves >= 2, "2 or more, or null"),
            "max_depth": (self.max_depth is None or self.max_depth >= 1, "1 or more, or null"),
            "learning_rate": (0 < self.learning_rate <= 1, "in (0, 1]"),
            "min_child_samples": (self.min_child_samples >= 1, "1 or more"),
            "feature_fraction": (0 < self.feature_fraction <= 1, "in (0, 1]"),
            "bagging_fraction": (0 < self.bagging_fraction <= 1, "in (0, 1]"),
            "lambda_l2": (self.lambda_l2 >= 0, "0 or more"),
            "max_bin": (self.max_bin >= 2, "2 or more"),
            "threads": (self.threads >= 0, "0 or more"),
            "early_stopping": (self.early_stopping is None or self.early_stopping >= 1, "1 or more, or null"),
        }
        for name, (good, expected) in ranges.items():
            if not good:
                raise ConfigError(f"{where}.{name} must be {expected}, got {getattr(self, name)!r}")


@dataclass(slots=True)
class BoostedConfig:
    """Settings of a formulation whose boosters are all alike."""

    booster: BoosterConfig = field(default_factory=BoosterConfig)

    def check(self, where: str) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        self.booster.check(f"{where}.booster")


def leaves_for(config: BoosterConfig, n_prompts: int) -> int:
    """Leaves of a tree: as configured, or by the number of training prompts.

    Examples
    --------
    >>> [leaves_for(BoosterConfig(), n) for n in (1_500, 2_500, 40_000)]
    [4, 7, 15]
    """
    if config.leaves is not None:
        return config.leaves
    return 4 if n_prompts < 2_000 else 7 if n_prompts < 4_000 else 15


def fit_booster(
    columns: NDArray[np.floating],
    target: Floats,
    n_prompts: int,
    config: BoosterConfig,
    weight: Floats | None = None,
    group: Ints | None = None,
    bins: lgb.Dataset | None = None,
    **objective: Any,
) -> lgb.Booster:
    """Fit a booster.

    Parameters
    ----------
    columns
        ndarray of shape (n_rows, n_columns), without NaN.
    target
        ndarray of shape (n_rows,).
    n_prompts
        Prompts behind the rows, which may be several a prompt; decides how large trees are.
    weight
        ndarray of shape (n_rows,), answers behind each target; None is one each.
    group
        ndarray of shape (n_rows,), near-duplicates, which early stopping keeps together; None is each on its own.
    bins
        Of the same columns, by :func:`bin_columns`; None bins them for this booster alone.
    objective
        LightGBM's ``objective`` and what belongs to it; by default "cross_entropy", which takes any rate in [0, 1]
        and is "binary" where rates are 0 or 1.
    """
    parameters = parameters_for(config, n_prompts) | ({"objective": "cross_entropy"} | objective)
    rounds = config.trees
    if config.early_stopping is not None:
        held_out = _held_out(np.arange(len(target)) if group is None else group, config.seed)
        rounds = _best_rounds(parameters, columns, target, weight, held_out, rounds, config.early_stopping)
    data = lgb.Dataset(columns, target, weight=weight) if bins is None else _taught(bins, target, weight)
    return lgb.train(parameters, data, num_boost_round=rounds)


def bin_columns(columns: NDArray[np.floating], n_prompts: int, config: BoosterConfig) -> lgb.Dataset:
    """Sort columns into LightGBM's bins, once for all boosters of these rows: a third of what a small one costs."""
    return lgb.Dataset(columns, np.zeros(len(columns)), params=parameters_for(config, n_prompts)).construct()


def _taught(bins: lgb.Dataset, target: Floats, weight: Floats | None) -> lgb.Dataset:
    """Copy binned columns, for a target of their own."""
    data = bins.subset(list(range(len(target)))).construct()
    data.set_label(target)
    data.set_weight(weight)
    return data


def parameters_for(config: BoosterConfig, n_prompts: int) -> dict[str, Any]:
    """Return LightGBM's parameters, but for the objective and the number of trees."""
    return {
        "num_leaves": leaves_for(config, n_prompts),
        "max_depth": config.max_depth or -1,
        "learning_rate": config.learning_rate,
        "min_child_samples": config.min_child_samples,
        "feature_fraction": config.feature_fraction,
        "bagging_fraction": config.bagging_fraction,
        "bagging_freq": 1,
        "lambda_l2": config.lambda_l2,
        "max_bin": config.max_bin,
        "seed": config.seed,
        "num_threads": config.threads,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }


def _held_out(group: Ints, seed: int) -> Bools:
    """Mask of a fifth of the groups; empty where there are too few to do without."""
    _, member = np.unique(group, return_inverse=True)
    n_groups = int(member.max()) + 1
    chosen = np.random.default_rng(seed).permutation(n_groups)[: n_groups // 5]
    return np.isin(member, chosen)


def _best_rounds(
    parameters: dict[str, Any],
    columns: NDArray[np.floating],
    target: Floats,
    weight: Floats | None,
    held_out: Bools,
    most: int,
    patience: int,
) -> int:
    """Boosting rounds with the least loss on rows that were held out, at least one."""
    if not held_out.any() or len(np.unique(target[~held_out])) < 2:
        return most
    kept, rest = (
        lgb.Dataset(columns[rows], target[rows], weight=None if weight is None else weight[rows])
        for rows in (~held_out, held_out)
    )
    stop = lgb.early_stopping(patience, verbose=False)
    fitted = lgb.train(parameters, kept, num_boost_round=most, valid_sets=[rest], callbacks=[stop])
    return max(1, int(fitted.best_iteration))


def margins_of(booster: lgb.Booster, columns: NDArray[np.floating]) -> Floats:
    """Raw scores, before the link: ndarray of shape (n_rows,) or (n_rows, n_classes)."""
    # One thread, as boosters are fitted with beside this: see on_all_cores.
    return np.asarray(booster.predict(columns, raw_score=True, num_threads=1), np.float64)
