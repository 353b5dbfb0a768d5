"""Calibration: from margins to probabilities that mean what they say.

The success model's calibrations are named here; the complexity classifier's is
:func:`pointsman_train.train.affine.scaled_softmax`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pointsman_train.data import Floats
from pointsman_train.errors import ConfigError
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.isotonic import isotonic
from pointsman_train.train.sigmoid import platt, shared_logistic, uncalibrated
from pointsman_train.train.sums import Sums

FIT_ON = ("out_of_fold", "holdout")


class SuccessCalibration(Protocol):
    """A fitted calibration of the success model."""

    def success_probability(self, margins: Floats) -> Floats:
        """Probability of success of each model, ndarray of shape (n_prompts, n_models) from margins of that shape."""
        ...

    def add(self, g: GraphBuilder, margins: Sums) -> str:
        """Add the same to a graph, and name its result: double [N, n_models]."""
        ...


class Calibrate(Protocol):
    """A way to calibrate."""

    def __call__(self, margins: Floats, success: Floats, stands_for: Floats | None = None) -> SuccessCalibration:
        """Fit on the margins of prompts that the heads did not see.

        Parameters
        ----------
        margins, success
            ndarrays of shape (n_prompts, n_models); NaN is an unknown success.
        stands_for
            ndarray of the same shape, how many outcomes like it each stands for; None is one each.
        """
        ...


SUCCESS_CALIBRATIONS: Mapping[str, Calibrate] = {
    "shared_logistic": shared_logistic,
    "platt": platt,
    "isotonic": isotonic,
    "none": uncalibrated,
}


@dataclass(slots=True)
class CalibrationConfig:
    """How both heads are calibrated.

    Attributes
    ----------
    success
        "shared_logistic": one logistic regression for all models; "platt": one a model; "isotonic": a rising curve a
        model; "none".
    fit_on
        "out_of_fold": on out-of-fold predictions of everything but the test split, the heads being trained on all of
        it; "holdout": on the calibration split alone, which the heads then do not see.
    """

    success: str = "shared_logistic"
    fit_on: str = "out_of_fold"

    @property
    def out_of_fold(self) -> bool:
        """Whether it is fitted on out-of-fold predictions."""
        return self.fit_on == "out_of_fold"

    @property
    def trained_parts(self) -> tuple[str, ...]:
        """The parts of the split that heads are fitted on."""
        return ("train", "calibration") if self.out_of_fold else ("train",)

    def check(self) -> None:
        """Raise :class:`ConfigError` for an unknown name."""
        if self.success not in SUCCESS_CALIBRATIONS:
            raise ConfigError(f"calibration.success must be one of {list(SUCCESS_CALIBRATIONS)}, got {self.success!r}")
        if self.fit_on not in FIT_ON:
            raise ConfigError(f"calibration.fit_on must be one of {FIT_ON}, got {self.fit_on!r}")
