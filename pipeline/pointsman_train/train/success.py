"""The success model: for each model of the ladder, the margin (log-odds) that it succeeds on a prompt.

A formulation fits one; the rest of the pipeline sees only this interface, so formulations can be compared and any
of them exported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pointsman_train.data import Floats
from pointsman_train.featurize.featurizer import Features
from pointsman_train.train.trees import Ensemble


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What is known of each model of the ladder from the training rows.

    Attributes
    ----------
    mean_cost
        ndarray of shape (n_models,), US dollars per answer.
    success_rate
        ndarray of shape (n_models,), in [0, 1].
    """

    mean_cost: Floats
    success_rate: Floats


class SuccessModel(Protocol):
    """A fitted success model."""

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models), as LightGBM computes them."""
        ...

    def ensemble(self) -> Ensemble:
        """Return the same margins as trees over the features, one target a model."""
        ...


class Formulation(Protocol):
    """A way to fit success models."""

    def fit(self, features: Features, success: Floats, descriptors: Descriptors) -> SuccessModel:
        """Fit on prompts; ``success`` of shape (n_prompts, n_models) has NaN where unknown, which is left out.

        The last n_models columns of ``features`` are the models' word scores.
        """
        ...
