"""The codebook: typical prompts, and how often each model succeeds near them.

A small stand-in for the nearest training prompts, and for the name of their source: their embeddings are gathered in
clusters, and a prompt reads the success rates of the clusters nearest to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.featurize.blocks import CodebookConfig
from pointsman_train.featurize.clusters import cluster
from pointsman_train.graph import FLOAT, GraphBuilder, in_block

_CENTRE_STEP = 2.0**-9
_RATE_STEP = 2.0**-12


@dataclass(frozen=True, slots=True)
class Codebook:
    """Clusters of training prompts.

    Attributes
    ----------
    centres
        ndarray of shape (n_codes, dimensions), of length 1 up to rounding.
    rates
        ndarray of shape (n_codes, n_scores), success rates in [0, 1].
    nearest
        Codes that are read for a prompt.
    """

    centres: Floats
    rates: Floats
    nearest: int


def fit_codebook(
    embedded: Floats, success: Floats, fold: Ints, config: CodebookConfig, stands_for: Floats | None = None
) -> Codebook:
    """Cluster the training prompts and count successes, per fold and on all rows; see :func:`success_rates`."""
    centres = learn_centres(embedded, config.codes, config.seed)
    rates = success_rates(embedded, centres, success, fold, config.smoothing, stands_for)
    return Codebook(centres, rates, config.nearest)


def learn_centres(embedded: Floats, codes: int, seed: int) -> Floats:
    """Cluster unit-length embeddings; returns ndarray of shape (n_codes, dimensions)."""
    found = cluster(embedded, codes, seed)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    unit = found / np.where(length > 0, length, 1.0)
    centres: Floats = np.round(unit / _CENTRE_STEP) * _CENTRE_STEP
    return centres


def success_rates(
    embedded: Floats,
    centres: Floats,
    success: Floats,
    fold: Ints,
    smoothing: float,
    stands_for: Floats | None = None,
) -> Floats:
    """Success rates of each code, one set per fold without that fold's prompts, the last on all.

    Parameters
    ----------
    success
        ndarray of shape (n_prompts, n_models), 0 or 1, NaN where unknown (left out).
    smoothing
        Prompts' worth of pull towards the model's overall rate.
    stands_for
        ndarray of shape (n_prompts, n_models), how many outcomes like it each stands for; None is one each.

    Returns
    -------
    ndarray of shape (n_codes, (n_folds + 1) * n_models)
    """
    code = np.argmax(embedded @ centres.T, axis=1)
    parts = [fold != k for k in range(int(fold.max()) + 1)] + [np.ones(len(fold), bool)]
    count = np.where(np.isnan(success), 0.0, 1.0 if stands_for is None else stands_for)
    hit = np.nan_to_num(success) * count
    return np.hstack([_rates(code[rows], hit[rows], count[rows], len(centres), smoothing) for rows in parts])


def _rates(code: Ints, hit: Floats, count: Floats, codes: int, smoothing: float) -> Floats:
    hits, asked = np.zeros((2, codes, count.shape[1]))
    np.add.at(hits, code, hit)
    np.add.at(asked, code, count)
    overall = (hits.sum(axis=0) + 1) / (asked.sum(axis=0) + 2)
    smoothed: Floats = (hits + smoothing * overall) / (asked + smoothing)
    return smoothed


@in_block("codebook")
def add_codebook(g: GraphBuilder, embedded: str, codebook: Codebook) -> str:
    """Add the look-up of success rates, float [N, n_scores]."""
    # Both are of length 1 and whole multiples of 2^-9, so products and their sums are exact in float32 as well.
    centres = g.const(codebook.centres.T.astype(np.float32))
    cosine = g.add("MatMul", g.add("Cast", embedded, to=FLOAT), centres)
    k = min(codebook.nearest, len(codebook.centres))
    _, codes = g.add_many("TopK", cosine, g.ints(k), outputs=2, axis=1)
    rates = np.round(codebook.rates / _RATE_STEP) * _RATE_STEP
    near = g.add("Gather", g.const(rates), codes, axis=0)
    return g.add("Cast", g.add("ReduceMean", near, g.ints(1), keepdims=0), to=FLOAT)
