"""A trained router: everything that the exported graph is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman.graph import Predictions
from pointsman.guard import Guard
from pointsman_train.data import Floats
from pointsman_train.evaluate.stage import Judged
from pointsman_train.featurize.featurizer import Features, Featurizer
from pointsman_train.train.affine import Affine
from pointsman_train.train.calibration import SuccessCalibration
from pointsman_train.train.complexity import ComplexityModel
from pointsman_train.train.fitting import label_probabilities
from pointsman_train.train.operating_points import FittedPoint
from pointsman_train.train.success import Descriptors, SuccessModel


@dataclass(frozen=True, slots=True)
class TrainedRouter:
    """Everything that the exported graph is made of.

    Attributes
    ----------
    descriptors, mean_score
        Of each model of the ladder on the training prompts.
    guard
        None where every prompt is decided by its probabilities.
    features
        ndarray of shape (n_training_prompts, n_features): what the heads were trained on.
    """

    models: tuple[str, ...]
    featurizer: Featurizer
    success: SuccessModel
    success_calibration: SuccessCalibration
    complexity: ComplexityModel
    label_calibration: Affine
    descriptors: Descriptors
    mean_score: Floats
    operating_points: dict[str, FittedPoint]
    default_operating_point: str
    guard: Guard | None
    features: Features

    @property
    def best_single(self) -> int:
        """Rung of the model with the best mean training score; a tie goes to the cheaper."""
        return int(np.argmax(self.mean_score))

    def p_success(self, features: Features) -> Floats:
        """Calibrated probabilities from the training library, ndarray of shape (n_prompts, n_models)."""
        return self.success_calibration.success_probability(self.success.margins(features))

    def p_label(self, features: Features) -> Floats:
        """Calibrated label probabilities from LightGBM itself, ndarray of shape (n_prompts, n_models + 1)."""
        margins = self.complexity.margins(features)
        return label_probabilities(self.label_calibration, margins, self.complexity.classes, len(self.models))

    def predictions(self, features: Features, similarity: Features | None = None) -> Predictions:
        """Put together what the training library says of features, in the place of the exported graph."""
        return Predictions(self.p_success(features), self.p_label(features), features, similarity)

    def judged(self, predictions: Predictions) -> Judged:
        """Put what was predicted beside how it is decided, for the evaluate stage."""
        return Judged(
            p_success=predictions.p_success,
            p_label=predictions.p_label,
            rules={name: point.rule for name, point in self.operating_points.items()},
            default=self.default_operating_point,
            mean_cost=self.descriptors.mean_cost,
            mean_score=self.mean_score,
            guard=self.guard,
            similarity=predictions.similarity,
        )
