"""What each feature adds to each model's log-odds of success.

Exact where the runtime can take them apart, as it can every sum of trees and columns: the same numbers as ``pointsman
explain`` gives. Else by occlusion: what is lost when one feature takes its median on the training prompts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman.contributions import Explainer as Served
from pointsman_train.data import Floats
from pointsman_train.evaluate.worst import Contributions
from pointsman_train.featurize.featurizer import Features
from pointsman_train.train.explain import explainer_of
from pointsman_train.train.success import SuccessModel


@dataclass(frozen=True, slots=True)
class Explainer:
    """How a success model's decisions are explained.

    Attributes
    ----------
    contributions
        From features to contributions, ndarray of shape (n_prompts, n_models, n_features).
    exact
        Whether they add up to the log-odds, but for a constant a model; else they are by occlusion.
    """

    contributions: Contributions
    exact: bool


def explainer(model: SuccessModel, training: Features) -> Explainer:
    """Choose how to explain a success model.

    Parameters
    ----------
    model
        Any formulation's.
    training
        ndarray of shape (n_training_prompts, n_features): what is usual.
    """
    served = explainer_of(model, training)
    if served is not None:
        return Explainer(lambda features: of_each(served, features), exact=True)
    median = np.median(training, axis=0)
    return Explainer(lambda features: occlusion(model, features, median), exact=False)


def of_each(served: Served, features: Features) -> Floats:
    """Take the log-odds of several prompts apart, ndarray of shape (n_prompts, n_models, n_features)."""
    return np.stack([served(row).of for row in features])


def occlusion(model: SuccessModel, features: Features, median: Features) -> Floats:
    """Log-odds lost when one feature takes its median and the others stay.

    Parameters
    ----------
    features
        ndarray of shape (n_prompts, n_features).
    median
        ndarray of shape (n_features,).

    Returns
    -------
    ndarray of shape (n_prompts, n_models, n_features)
    """
    n_prompts, n_features = features.shape
    hidden = np.repeat(features[:, None, :], n_features, axis=1)
    each = np.arange(n_features)
    hidden[:, each, each] = median
    without = model.margins(hidden.reshape(-1, n_features)).reshape(n_prompts, n_features, -1)
    lost: Floats = (model.margins(features)[:, None, :] - without).transpose(0, 2, 1)
    return lost
