"""Familiarity: how near a prompt is to the training prompts, in what it says and in how it looks.

Training prompts are clustered by their embedding and their surface together. A prompt's similarity is one less half
its squared distance to the nearest centre: for embeddings alone that would be the cosine. Words alone do not see that
code is new where nobody wrote code before; looks alone do not see a new subject. A prompt without any known word has no
direction at all, and its similarity is one lower still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Bools, Floats
from pointsman_train.featurize.clusters import cluster
from pointsman_train.featurize.embedding import STEP
from pointsman_train.graph import FLOAT, GraphBuilder, in_block

# A standardised surface feature counts up to this far from its mean.
_CLIP = 5.0
_LEAST_SPREAD = 0.05
# Mean squared length of the surface part; that of the embedding is 1.
_SURFACE_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Familiarity:
    """Typical training prompts.

    Attributes
    ----------
    mean, scale
        ndarray of shape (n_surface,): a surface feature counts as ``(sqrt(x) - mean) * scale``.
    centres
        ndarray of shape (n_codes, dimensions + n_surface).
    """

    mean: Floats
    scale: Floats
    centres: Floats

    def similarity(self, embedded: Floats, surface: Floats) -> Floats:
        """Similarity of prompts, ndarray of shape (n_prompts,), at most 1.

        Parameters
        ----------
        embedded
            ndarray of shape (n_prompts, dimensions), directions of length 1 or 0.
        surface
            ndarray of shape (n_prompts, n_surface), not negative.
        """
        looks = _scaled(surface, self.mean, self.scale)
        joint = np.hstack([embedded, looks])
        nearest = (joint @ self.centres.T - (self.centres**2).sum(axis=1) / 2).max(axis=1)
        similarity: Floats = nearest + ((embedded**2).sum(axis=1) - (looks**2).sum(axis=1)) / 2
        return similarity


def fit_familiarity(embedded: Floats, surface: Floats, codes: int, seed: int) -> Familiarity:
    """Cluster training prompts; shapes as :meth:`Familiarity.similarity`."""
    root = np.sqrt(surface)
    # What no training prompt varies in is new wherever it differs, however little: the clip bounds what it counts.
    spread, mean = np.maximum(root.std(axis=0), _LEAST_SPREAD), root.mean(axis=0)
    scale = np.sqrt(_SURFACE_WEIGHT / surface.shape[1]) / spread
    joint = np.hstack([embedded, _scaled(surface, mean, scale)])
    return Familiarity(mean, scale, np.round(cluster(joint, codes, seed) / STEP) * STEP)


def held_out_similarity(embedded: Floats, surface: Floats, out: Bools, codes: int, seed: int) -> Floats:
    """Similarity of the prompts of a mask to the others: what a prompt of the same traffic would have.

    A prompt that helped to place the centres is nearer to them than a new one, by enough to make a threshold fire
    twice as often as it should.
    """
    return fit_familiarity(embedded[~out], surface[~out], codes, seed).similarity(embedded[out], surface[out])


def _scaled(surface: Floats, mean: Floats, scale: Floats) -> Floats:
    limit = np.floor(_limit(len(mean)) / STEP)
    steps = np.clip(np.sqrt(surface) * (scale / STEP) + -mean * (scale / STEP), -limit, limit)
    scaled: Floats = np.round(steps) * STEP
    return scaled


def _limit(n_surface: int) -> float:
    """Furthest that a scaled surface feature counts."""
    return _CLIP * float(np.sqrt(_SURFACE_WEIGHT / n_surface))


@in_block("familiarity")
def add_familiarity(g: GraphBuilder, steps: str, surface: str, familiarity: Familiarity) -> str:
    """Add the similarity, float [N], of the embedding in whole steps and float [N, n_surface]."""
    mean, scale = familiarity.mean, familiarity.scale / STEP
    limit = np.floor(_limit(len(mean)) / STEP)
    slope, shift, low, high = (g.const(np.asarray(one, np.float32)) for one in (scale, -mean * scale, -limit, limit))
    # As one node: of a mean of 0 and a variance of 1 it is a product and a sum.
    none, unit = g.const(np.zeros(len(mean), np.float32)), g.const(np.ones(len(mean), np.float32))
    scaled = g.add("BatchNormalization", g.add("Sqrt", surface), slope, shift, none, unit, epsilon=0.0)
    kept = g.add("Round", g.add("Clip", scaled, low, high))
    # Whole numbers whose squares sum to less than 2^23: from here on float32 is exact, in any order.
    joint = g.add("Concat", g.add("Cast", steps, to=FLOAT), kept, axis=1)
    centres = familiarity.centres
    product = (centres.T * STEP).astype(np.float32), -(centres**2).sum(axis=1).astype(np.float32) / 2
    nearest = g.add("ReduceMax", g.add("Gemm", joint, *map(g.const, product)), g.ints(1), keepdims=1)
    sign = np.repeat([1.0, -1.0], [centres.shape[1] - len(mean), len(mean)])
    halves = (sign * STEP**2 / 2).astype(np.float32)[:, None]
    near = g.add("Gemm", g.add("Mul", joint, joint), g.const(halves), nearest)
    return g.add("Squeeze", near, g.ints(1))
