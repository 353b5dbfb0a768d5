"""The vector block: what a linear model per model of the pool says of the embedding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.featurize.logistic import fit_logistic
from pointsman_train.featurize.stack import fits_of
from pointsman_train.graph import FLOAT, GraphBuilder, in_block

# Products with the embedding's whole multiples of 2^-9 are exact in double.
_WEIGHT_STEP = 2.0**-12


@dataclass(frozen=True, slots=True)
class VectorModel:
    """Linear models on the embedding.

    Attributes
    ----------
    weights
        ndarray of shape (dimensions, n_scores).
    bias
        ndarray of shape (n_scores,).
    """

    weights: Floats
    bias: Floats


def fit_vectors(
    embedded: Floats, success: Floats, fold: Ints, strength: float, stands_for: Floats | None = None
) -> VectorModel:
    """Fit one model per fold and model of the pool, then one per model on all rows; see ``fit_scores``."""
    fits = fits_of(
        fold, success, stands_for, lambda _, rows, target, count: fit_logistic(embedded[rows], target, count, strength)
    )
    return VectorModel(np.stack([weights for weights, _ in fits], axis=1), np.array([bias for _, bias in fits]))


@in_block("vectors")
def add_vectors(g: GraphBuilder, embedded: str, model: VectorModel) -> str:
    """Add the scores, float [N, n_scores]."""
    weights = np.round(model.weights / _WEIGHT_STEP) * _WEIGHT_STEP
    bias = np.round(model.bias / _WEIGHT_STEP) * _WEIGHT_STEP
    return g.add("Cast", g.add("Add", g.add("MatMul", embedded, g.const(weights)), g.const(bias)), to=FLOAT)
