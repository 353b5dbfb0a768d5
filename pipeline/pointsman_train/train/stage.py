"""The train stage: labelled prompts in, a trained router out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import numpy as np

from pointsman_train.data import Bools
from pointsman_train.errors import ConfigError
from pointsman_train.featurize.blocks import FeaturesConfig
from pointsman_train.featurize.fit import Featurize, fit_featurizer
from pointsman_train.label.labels import Labelled
from pointsman_train.split.sampling import sample_groups
from pointsman_train.split.split import Split
from pointsman_train.train.both_heads import BothHeads
from pointsman_train.train.calibration import SUCCESS_CALIBRATIONS, CalibrationConfig
from pointsman_train.train.complexity import ComplexityConfig
from pointsman_train.train.fitting import fit_heads, fit_heads_apart
from pointsman_train.train.formulations import FORMULATIONS, FormulationConfig
from pointsman_train.train.guard import GuardConfig, fit_guard
from pointsman_train.train.operating_points import OperatingPointsConfig, fit_points
from pointsman_train.train.place import Here, Place
from pointsman_train.train.router import TrainedRouter
from pointsman_train.train.rows import Rows, describe_models, labels_that_occur, rows_of
from pointsman_train.train.rules import RuleConfig
from pointsman_train.train.unseen_sources import unseen_sources

log = logging.getLogger(__name__)


@dataclass(slots=True)
class TrainConfig(FormulationConfig):
    """Settings of training.

    Attributes
    ----------
    seed
        Of the deal of prompts into folds.
    min_prompts
        With fewer labelled training prompts the pipeline refuses to train; 0 lets it train on whatever there is.
    """

    seed: int = 0
    min_prompts: int = 200
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    complexity: ComplexityConfig = field(default_factory=ComplexityConfig)
    calibration: CalibrationConfig = field(default_factory=CalibrationConfig)
    rule: RuleConfig = field(default_factory=RuleConfig)
    guard: GuardConfig = field(default_factory=GuardConfig)
    operating_points: OperatingPointsConfig = field(default_factory=OperatingPointsConfig)

    @property
    def threads(self) -> int:
        """Threads that each booster starts: 1, or what one of them is set to besides."""
        boosters = [*self.boosters(), self.complexity.booster]
        return next((booster.threads for booster in boosters if booster.threads != 1), 1)

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        self.check_formulation("train")
        if self.seed < 0:
            raise ConfigError(f"train.seed must not be negative, got {self.seed!r}")
        if self.min_prompts < 0:
            raise ConfigError(f"train.min_prompts must not be negative, got {self.min_prompts!r}")
        self.features.check()
        self.complexity.booster.check("train.complexity.booster")
        self.calibration.check()
        self.rule.check()
        self.guard.check()
        self.operating_points.check(self.rule.dial)
        self.operating_points.check_rule(self.rule)


def train(
    labelled: Labelled,
    split: Split,
    folds: int,
    config: TrainConfig,
    featurize: Featurize = fit_featurizer,
    place: Place | None = None,
) -> TrainedRouter:
    """Fit the featurizer, both heads, their calibration and the operating points. The test part is never read.

    Parameters
    ----------
    featurize
        How the featurizer is fitted; one that remembers its fits spares work where only the heads differ.
    place
        Where the training prompts are; None is in memory. Elsewhere ``labelled`` is a sample of them: what fits on all
        is the place's, what only counts is done on the sample.

    Raises
    ------
    ConfigError
        For a setting out of range.
    LabelError, PoolError
        When the training prompts have one label only, or a model no known outcome among them.
    """
    config.check()
    mask = split.rows(*config.calibration.trained_parts)
    rows = rows_of(labelled, split.group, mask)
    descriptors, mean_score = describe_models(labelled, mask)
    classes = labels_that_occur(rows.targets.label, labelled)
    best = int(np.argmax(mean_score))
    fallback = config.guard.rung(labelled.models, best)
    place = Here(featurize) if place is None else place
    fold = place.folds(mask, split.group, folds, np.random.default_rng(config.seed))
    log.info("featurizing %d training prompts", len(rows.prompt))
    drawn = _draw(rows, config)
    taught = rows.taught(labelled.models, fold, drawn)
    fitted = place.featurize(rows.prompt, taught, config.features)
    features = fitted.features
    if rows.logged is not None:
        # Prompts of a log have taught the words; all else learns from those that were asked.
        fitted, fold, rows = fitted.take(rows.asked), fold[rows.asked], rows.asked_alone()
    formulation = FORMULATIONS[config.formulation](config)
    heads = BothHeads(formulation, classes, descriptors, fitted.featurizer.layout, config.complexity, config.threads)
    calibrate = SUCCESS_CALIBRATIONS[config.calibration.success]
    if config.calibration.out_of_fold:
        log.info("predicting out of fold")
        found = fit_heads(place.heads(heads), calibrate, fitted, rows, fold)
    else:
        others = rows_of(labelled, split.group, split.rows("calibration")).asked_alone()
        found = fit_heads_apart(place.heads(heads), calibrate, fitted, rows, others)
    guard = fit_guard(fitted.unseen_similarity, fallback, config.guard)
    evidence = found.evidence(descriptors.mean_cost, best)
    unseen = None
    if config.operating_points.look_at_unseen:
        unseen = unseen_sources(heads, found, rows, taught, config.features, featurize, evidence, fitted.ground)
    return TrainedRouter(
        models=labelled.models,
        featurizer=fitted.featurizer,
        success=found.success,
        success_calibration=found.success_calibration,
        complexity=found.complexity,
        label_calibration=found.label_calibration,
        descriptors=descriptors,
        mean_score=mean_score,
        operating_points=fit_points(evidence, config.operating_points, config.rule, guard, unseen),
        default_operating_point=config.operating_points.default,
        guard=guard,
        features=features,
    )


def _draw(rows: Rows, config: TrainConfig) -> Bools | None:
    """Draw the prompts that blocks learn from, of a log as many again; None takes all."""
    most, asked = config.features.most_prompts, rows.asked
    drawn = sample_groups(rows.group, asked, most, config.seed) | sample_groups(rows.group, ~asked, most, config.seed)
    return None if drawn.all() else drawn
