"""What each feature adds to each model's log-odds of success.

Exact where each model's log-odds are a sum over trees: LightGBM's SHAP values, which add up to the log-odds. Exact too
where the runtime can take them apart, as it can the average's: the same numbers as ``pointsman explain`` gives. Else by
occlusion: what is lost when one feature takes its median on the training prompts.

References
----------
Lundberg, Erion and Lee (2018), Consistent individualized feature attribution for tree ensembles, arXiv 1802.03888.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman.contributions import Explainer as Served
from pointsman_train.data import Floats
from pointsman_train.evaluate.worst import Contributions
from pointsman_train.export.explain import explainer_of
from pointsman_train.featurize.featurizer import Features
from pointsman_train.train.heads import Head, Heads
from pointsman_train.train.pooled import PooledModel, _binding, _rows_of
from pointsman_train.train.success import SuccessModel
from pointsman_train.train.trees import Column

# What a pooled booster knows of the model that it is asked about: rung, price, success rate.
THE_MODEL = "the model itself"


@dataclass(frozen=True, slots=True)
class Explainer:
    """How a success model's decisions are explained.

    Attributes
    ----------
    names
        Of the columns of the contributions: the features, and :data:`THE_MODEL`.
    contributions
        From features to contributions, ndarray of shape (n_prompts, n_models, n_features + 1).
    exact
        Whether they add up to the log-odds, but for a constant a model; else they are by occlusion.
    """

    names: tuple[str, ...]
    contributions: Contributions
    exact: bool


def explainer(model: SuccessModel, names: tuple[str, ...], training: Features) -> Explainer:
    """Choose how to explain a success model.

    Parameters
    ----------
    model
        Any formulation's.
    names
        Of the features.
    training
        ndarray of shape (n_training_prompts, n_features), for the medians of occlusion.
    """
    columns = (*names, THE_MODEL)
    if isinstance(model, PooledModel):
        return Explainer(columns, lambda features: _pooled(model, features), exact=True)
    if isinstance(model, Heads):
        return Explainer(columns, lambda features: _of_heads(model, features), exact=True)
    served = explainer_of(model, training)
    if served is not None:
        return Explainer(
            columns, lambda features: np.pad(of_each(served, features), ((0, 0), (0, 0), (0, 1))), exact=True
        )
    median = np.median(training, axis=0)
    return Explainer(columns, lambda features: occlusion(model, features, median), exact=False)


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
    ndarray of shape (n_prompts, n_models, n_features + 1), the last column 0
    """
    n_prompts, n_features = features.shape
    hidden = np.repeat(features[:, None, :], n_features, axis=1)
    each = np.arange(n_features)
    hidden[:, each, each] = median
    without = model.margins(hidden.reshape(-1, n_features)).reshape(n_prompts, n_features, -1)
    lost = model.margins(features)[:, None, :] - without
    return np.pad(lost.transpose(0, 2, 1), ((0, 0), (0, 0), (0, 1)))


def of_each(served: Served, features: Features) -> Floats:
    """Take the log-odds of several prompts apart, ndarray of shape (n_prompts, n_models, n_features)."""
    return np.stack([served(row).of for row in features])


def _pooled(model: PooledModel, features: Features) -> Floats:
    n_models = len(model.descriptors.mean_cost)
    found = np.zeros((len(features), n_models, features.shape[1] + 1))
    for m in range(n_models):
        binding = _binding(m, model.descriptors, model.layout)
        shap = np.asarray(model.booster.predict(_rows_of(features, binding), pred_contrib=True))
        to = [bound.feature if isinstance(bound, Column) else features.shape[1] for bound in binding]
        # A feature that the booster reads twice, as the model's own score, adds up.
        np.add.at(found[:, m].T, to, shap[:, :-1].T)
    return found


def _of_heads(model: Heads, features: Features) -> Floats:
    return np.stack([_of_head(head, features) for head in model.heads], axis=1)


def _of_head(head: Head, features: Features) -> Floats:
    found = np.zeros((len(features), features.shape[1] + 1))
    if head.booster is not None:
        rows = features[:, head.columns].astype(np.float64)
        found[:, head.columns] = np.asarray(head.booster.predict(rows, pred_contrib=True))[:, :-1]
    return found
