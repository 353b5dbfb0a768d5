"""The train stage: labelled prompts in, a trained router out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pointsman_train.data import UNKNOWN_LABEL, Bools, Floats, Ints
from pointsman_train.errors import ConfigError, LabelError, PoolError
from pointsman_train.featurize.featurizer import Features, Featurizer, Fitted, fit_featurizer
from pointsman_train.featurize.layout import Layout
from pointsman_train.featurize.stack import WordsConfig
from pointsman_train.label.labels import Labelled
from pointsman_train.label.ladder import mean_costs
from pointsman_train.split.split import Split, fold_of
from pointsman_train.train.calibration import (
    Affine,
    CalibrationConfig,
    identity,
    scaled_softmax,
    shared_logistic,
)
from pointsman_train.train.complexity import ComplexityConfig, ComplexityModel, fit_complexity
from pointsman_train.train.operating_points import FittedPoint, OperatingPointsConfig, fit_points
from pointsman_train.train.pooled import Pooled, PooledConfig
from pointsman_train.train.success import Descriptors, Formulation, SuccessModel, Targets

log = logging.getLogger(__name__)

FORMULATIONS: dict[str, Callable[[TrainConfig], Formulation]] = {"pooled": lambda config: Pooled(config.pooled)}


@dataclass(slots=True)
class TrainConfig:
    """Settings of training.

    Attributes
    ----------
    formulation
        How success is modelled; "pooled".
    seed
        Of the deal of prompts into folds.
    """

    formulation: str = "pooled"
    seed: int = 0
    words: WordsConfig = field(default_factory=WordsConfig)
    pooled: PooledConfig = field(default_factory=PooledConfig)
    complexity: ComplexityConfig = field(default_factory=ComplexityConfig)
    calibration: CalibrationConfig = field(default_factory=CalibrationConfig)
    operating_points: OperatingPointsConfig = field(default_factory=OperatingPointsConfig)

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        if self.formulation not in FORMULATIONS:
            raise ConfigError(f"train.formulation must be one of {list(FORMULATIONS)}, got {self.formulation!r}")
        if self.seed < 0:
            raise ConfigError(f"train.seed must not be negative, got {self.seed!r}")
        self.words.check()
        self.pooled.booster.check("train.pooled.booster")
        self.complexity.booster.check("train.complexity.booster")
        self.calibration.check()
        self.operating_points.check()


@dataclass(frozen=True, slots=True)
class TrainedRouter:
    """Everything that the exported graph is made of.

    Attributes
    ----------
    descriptors, mean_score
        Of each model of the ladder on the training prompts.
    features
        ndarray of shape (n_training_prompts, n_features): what the heads were trained on.
    """

    models: tuple[str, ...]
    featurizer: Featurizer
    success: SuccessModel
    success_calibration: Affine
    complexity: ComplexityModel
    label_calibration: Affine
    descriptors: Descriptors
    mean_score: Floats
    operating_points: dict[str, FittedPoint]
    default_operating_point: str
    features: Features

    @property
    def best_single(self) -> int:
        """Rung of the model with the best mean training score; a tie goes to the cheaper."""
        return int(np.argmax(self.mean_score))

    def p_success(self, features: Features) -> Floats:
        """Calibrated probabilities from LightGBM itself, ndarray of shape (n_prompts, n_models)."""
        return self.success_calibration.success_probability(self.success.margins(features))

    def p_label(self, features: Features) -> Floats:
        """Calibrated label probabilities from LightGBM itself, ndarray of shape (n_prompts, n_models + 1)."""
        known = self.label_calibration.label_probability(self.complexity.margins(features))
        out = np.zeros((len(features), len(self.models) + 1))
        out[:, list(self.complexity.classes)] = known
        return out


@dataclass(frozen=True, slots=True)
class _Rows:
    """The prompts that a fit may see."""

    prompt: list[str]
    targets: Targets
    score: Floats
    group: Ints


@dataclass(frozen=True, slots=True)
class _Unseen:
    """Margins of prompts that the heads were not fitted on, with their truth."""

    success_margins: Floats
    label_margins: Floats
    rows: _Rows


def train(labelled: Labelled, split: Split, folds: int, config: TrainConfig) -> TrainedRouter:
    """Fit the featurizer, both heads, their calibration and the operating points. The test part is never read.

    Raises
    ------
    ConfigError
        For a setting out of range.
    LabelError, PoolError
        When the training prompts have one label only, or a model no known outcome among them.
    """
    config.check()
    out_of_fold = config.calibration.fit_on == "out_of_fold"
    mask = split.rows("train", "calibration") if out_of_fold else split.rows("train")
    rows = _rows(labelled, split, mask)
    descriptors, mean_score = _describe(labelled, mask)
    classes = _classes(rows.targets.label, labelled)
    fold = fold_of(rows.group, folds, np.random.default_rng(config.seed))
    log.info("featurizing %d training prompts", len(rows.prompt))
    fitted = fit_featurizer(rows.prompt, labelled.models, rows.targets.success, fold, config.words)
    heads = _Heads(FORMULATIONS[config.formulation](config), classes, descriptors, fitted.featurizer.layout, config)
    success, complexity = heads.fit(fitted.features, rows.targets)
    log.info("predicting out of fold")
    unseen = (
        heads.out_of_fold(fitted.features, rows, fold)
        if out_of_fold
        else _held_out(fitted, success, complexity, _rows(labelled, split, split.rows("calibration")))
    )
    success_calibration = _calibrate_success(unseen, config.calibration)
    p_unseen = success_calibration.success_probability(unseen.success_margins)
    best = int(np.argmax(mean_score))
    points = fit_points(p_unseen, unseen.rows.score, descriptors.mean_cost, best, config.operating_points)
    return TrainedRouter(
        models=labelled.models,
        featurizer=fitted.featurizer,
        success=success,
        success_calibration=success_calibration,
        complexity=complexity,
        label_calibration=_calibrate_labels(unseen, classes),
        descriptors=descriptors,
        mean_score=mean_score,
        operating_points=points,
        default_operating_point=config.operating_points.default,
        features=fitted.features,
    )


@dataclass(frozen=True, slots=True)
class _Heads:
    """Fits both heads on a set of rows."""

    formulation: Formulation
    classes: tuple[int, ...]
    descriptors: Descriptors
    layout: Layout
    config: TrainConfig

    def fit(self, features: Features, targets: Targets) -> tuple[SuccessModel, ComplexityModel]:
        success = self.formulation.fit(features, targets, self.descriptors, self.layout)
        named = targets.label != UNKNOWN_LABEL
        complexity = fit_complexity(
            features[named], targets.label[named], self.classes, self.layout, self.config.complexity
        )
        return success, complexity

    def out_of_fold(self, features: Features, rows: _Rows, fold: Ints) -> _Unseen:
        success_margins = np.empty_like(rows.score)
        label_margins = np.empty((len(features), len(self.classes)))
        for k in range(int(fold.max()) + 1):
            out = fold == k
            success, complexity = self.fit(features[~out], rows.targets.take(~out))
            success_margins[out] = success.margins(features[out])
            label_margins[out] = complexity.margins(features[out])
        return _Unseen(success_margins, label_margins, rows)


def _held_out(fitted: Fitted, success: SuccessModel, complexity: ComplexityModel, rows: _Rows) -> _Unseen:
    features = fitted.featurizer.transform(rows.prompt)
    return _Unseen(success.margins(features), complexity.margins(features), rows)


def _calibrate_success(unseen: _Unseen, config: CalibrationConfig) -> Affine:
    if config.success == "none":
        return identity(unseen.success_margins.shape[1])
    return shared_logistic(unseen.success_margins, unseen.rows.targets.success)


def _calibrate_labels(unseen: _Unseen, classes: tuple[int, ...]) -> Affine:
    label = unseen.rows.targets.label
    named = np.isin(label, classes)
    return scaled_softmax(unseen.label_margins[named], np.searchsorted(classes, label[named]))


def _rows(labelled: Labelled, split: Split, mask: Bools) -> _Rows:
    outcomes = labelled.outcomes
    prompts = [prompt for prompt, kept in zip(outcomes.prompt, mask, strict=True) if kept]
    rate = np.where(outcomes.trials > 1, outcomes.score, labelled.success)
    targets = Targets(labelled.success, rate, outcomes.trials, labelled.label).take(mask)
    return _Rows(prompts, targets, outcomes.score[mask], split.group[mask])


def _classes(label: Ints, labelled: Labelled) -> tuple[int, ...]:
    classes = tuple(int(c) for c in np.unique(label[label != UNKNOWN_LABEL]))
    if len(classes) < 2:
        only = labelled.class_names[classes[0]] if classes else "none"
        raise LabelError(
            f"the training prompts have one label only, {only!r}: there is nothing to learn; "
            "change the pool or label.success_threshold, or bring more varied prompts"
        )
    return classes


def _describe(labelled: Labelled, mask: Bools) -> tuple[Descriptors, Floats]:
    """Mean cost, success rate and score of each model on the training prompts that all models answered."""
    success, score = labelled.success[mask], labelled.outcomes.score[mask]
    never = [model for m, model in enumerate(labelled.models) if np.isnan(success[:, m]).all()]
    if never:
        raise PoolError(f"no known outcome for {never!r} among the training prompts; take them out of the pool")
    complete = ~np.isnan(success).any(axis=1)
    shared = complete if complete.any() else np.ones(len(success), bool)
    descriptors = Descriptors(mean_costs(labelled.outcomes.take(mask)), np.nanmean(success[shared], axis=0))
    return descriptors, np.nanmean(score[shared], axis=0)
