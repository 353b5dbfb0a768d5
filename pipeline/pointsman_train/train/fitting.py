"""Fitting both heads with their calibration, and what they then say of prompts that they were not fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.fit import Fitted
from pointsman_train.label.partial import partly_known
from pointsman_train.train.affine import Affine, scaled_softmax
from pointsman_train.train.calibration import Calibrate, SuccessCalibration
from pointsman_train.train.complexity import ComplexityModel
from pointsman_train.train.fill import filled_scores
from pointsman_train.train.joining import calibrate_joined
from pointsman_train.train.label_shares import WeighedLabels, weigh_labels
from pointsman_train.train.place import FitsHeads
from pointsman_train.train.rows import Rows
from pointsman_train.train.rules import Evidence
from pointsman_train.train.success import SuccessModel, Targets

# Of so many a mean score is known to .003 or so.
_ENOUGH = 30_000


@dataclass(frozen=True, slots=True)
class FittedHeads:
    """Both heads, calibrated.

    Attributes
    ----------
    labels
        What the classifier was fitted on.
    rows
        Prompts that neither head, or that of its fold, was fitted on.
    p_success, p_label
        ndarrays of shape (n_rows, n_models) and (n_rows, n_models + 1), of those prompts.
    similarity
        ndarray of shape (n_rows,), to the training prompts; None where it is not measured.
    """

    success: SuccessModel
    success_calibration: SuccessCalibration
    complexity: ComplexityModel
    label_calibration: Affine
    labels: WeighedLabels
    rows: Rows
    p_success: Floats
    p_label: Floats
    similarity: Features | None

    def evidence(self, mean_cost: Floats, anchor: int) -> Evidence:
        """Return what rules are fitted on; a model that was asked few prompts has its expected scores on the others."""
        targets = self.rows.targets
        return Evidence(
            p_success=self.p_success,
            score=filled_scores(self.rows.score, targets.success, self.p_success, targets.stands_for),
            mean_cost=mean_cost,
            anchor=anchor,
            similarity=self.similarity,
            p_label=self.p_label,
            success=targets.success,
            group=self.rows.group,
            cost=self.rows.cost,
            stands_for=targets.stands_for,
        )


def fit_heads(heads: FitsHeads, calibrate: Calibrate, fitted: Fitted, rows: Rows, fold: Ints) -> FittedHeads:
    """Fit both heads on all rows, and their calibration on out-of-fold predictions of enough of them."""
    features, targets = fitted.features, rows.targets
    success = heads.success(features, targets)
    fold = enough_folds(fold, targets, _ENOUGH)
    told = fold >= 0
    out = rows if told.all() else rows.take(told)
    margins = heads.success_out_of_fold(features, targets, fold)[told]
    calibration = calibrate_joined(calibrate, margins, out.targets.success, out.targets.stands_for)
    p_success = calibration.success_probability(margins)
    labels = weigh_labels(targets, p_success if told.all() else None, heads.classes)
    complexity = heads.complexity(features, labels)
    label_margins = heads.complexity_out_of_fold(features, labels, fold)[told]
    label_calibration = _calibrate_labels(label_margins, labels.take(told))
    p_label = label_probabilities(label_calibration, label_margins, heads.classes, targets.success.shape[1])
    near = None if fitted.similarity is None else fitted.similarity[told]
    return FittedHeads(success, calibration, complexity, label_calibration, labels, out, p_success, p_label, near)


def enough_folds(fold: Ints, targets: Targets, enough: int) -> Ints:
    """Choose the folds to predict: the first so many that have enough prompts; those of the others are in fold -1.

    Prompts are predicted only for the calibration and the operating points, a few numbers that need no more. All are
    predicted where a model is known on few prompts: the labels that the others may have hang on it.

    Examples
    --------
    >>> known = np.ones((6, 2))
    >>> targets = Targets(known, known, known.astype(int), np.zeros(6, int))
    >>> enough_folds(np.arange(6) % 3, targets, enough=3).tolist()
    [0, 1, -1, 0, 1, -1]
    """
    if partly_known(targets.known).any():
        return fold
    last = int(np.argmax(np.cumsum(np.bincount(fold)) >= min(enough, len(fold))))
    return np.where(fold <= last, fold, -1)


def fit_heads_apart(heads: FitsHeads, calibrate: Calibrate, fitted: Fitted, rows: Rows, others: Rows) -> FittedHeads:
    """Fit both heads on some rows, and their calibration on others, which nothing was fitted on."""
    features, similarity = fitted.featurizer.transform_all(others.prompt)
    success = heads.success(fitted.features, rows.targets)
    labels = weigh_labels(rows.targets, None, heads.classes)
    complexity = heads.complexity(fitted.features, labels)
    margins, label_margins = success.margins(features), complexity.margins(features)
    calibration = calibrate_joined(calibrate, margins, others.targets.success, others.targets.stands_for)
    p_success = calibration.success_probability(margins)
    label_calibration = _calibrate_labels(label_margins, weigh_labels(others.targets, p_success, heads.classes))
    p_label = label_probabilities(label_calibration, label_margins, heads.classes, others.score.shape[1])
    return FittedHeads(
        success, calibration, complexity, label_calibration, labels, others, p_success, p_label, similarity
    )


def label_probabilities(calibration: Affine, margins: Floats, classes: tuple[int, ...], n_models: int) -> Floats:
    """Calibrated probability of each label, ndarray of shape (n_prompts, n_models + 1); 0 for those never seen."""
    out = np.zeros((len(margins), n_models + 1))
    out[:, list(classes)] = calibration.label_probability(margins)
    return out


def _calibrate_labels(margins: Floats, labels: WeighedLabels) -> Affine:
    return scaled_softmax(margins[labels.row], labels.label, labels.weight)
