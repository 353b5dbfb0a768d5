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
from pointsman_train.graph import DOUBLE, FLOAT, GraphBuilder, in_block

# Coordinates are whole multiples of this step, so that their products and sums are exact.
_STEP = 2.0**-9
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
        joint = np.hstack([embedded, _scaled(surface, self.mean, self.scale)])
        nearest = (joint @ self.centres.T - (self.centres**2).sum(axis=1) / 2).max(axis=1)
        similarity: Floats = embedded.any(axis=1) + nearest - (joint**2).sum(axis=1) / 2
        return similarity


def fit_familiarity(embedded: Floats, surface: Floats, codes: int, seed: int) -> Familiarity:
    """Cluster training prompts; shapes as :meth:`Familiarity.similarity`."""
    root = np.sqrt(surface)
    # What no training prompt varies in is new wherever it differs, however little: the clip bounds what it counts.
    spread, mean = np.maximum(root.std(axis=0), _LEAST_SPREAD), root.mean(axis=0)
    scale = np.sqrt(_SURFACE_WEIGHT / surface.shape[1]) / spread
    joint = np.hstack([embedded, _scaled(surface, mean, scale)])
    return Familiarity(mean, scale, np.round(cluster(joint, codes, seed) / _STEP) * _STEP)


def held_out_similarity(embedded: Floats, surface: Floats, out: Bools, codes: int, seed: int) -> Floats:
    """Similarity of the prompts of a mask to the others: what a prompt of the same traffic would have.

    A prompt that helped to place the centres is nearer to them than a new one, by enough to make a threshold fire
    twice as often as it should.
    """
    return fit_familiarity(embedded[~out], surface[~out], codes, seed).similarity(embedded[out], surface[out])


def _scaled(surface: Floats, mean: Floats, scale: Floats) -> Floats:
    limit = _CLIP * np.sqrt(_SURFACE_WEIGHT / surface.shape[1])
    scaled: Floats = np.round(np.clip((np.sqrt(surface) - mean) * scale, -limit, limit) / _STEP) * _STEP
    return scaled


@in_block("familiarity")
def add_familiarity(g: GraphBuilder, embedded: str, surface: str, familiarity: Familiarity) -> str:
    """Add the similarity, float [N], of double [N, dimensions] and float [N, n_surface]."""
    limit = _CLIP * np.sqrt(_SURFACE_WEIGHT / len(familiarity.mean))
    root = g.add("Sqrt", g.add("Cast", surface, to=DOUBLE))
    scaled = g.add("Mul", g.add("Sub", root, g.const(familiarity.mean)), g.const(familiarity.scale))
    kept = g.add("Clip", scaled, g.const(np.array(-limit)), g.const(np.array(limit)))
    steps = g.add("Round", g.add("Div", kept, g.const(np.array(_STEP))))
    joint = g.add("Concat", embedded, g.add("Mul", steps, g.const(np.array(_STEP))), axis=1)
    # Whole multiples of 2^-9 whose squares sum to less than 32: from here on float32 is exact, in any order.
    joint = g.add("Cast", joint, to=FLOAT)
    centres = familiarity.centres.astype(np.float32)
    half = g.const(np.array(0.5, np.float32))
    product = g.add("MatMul", joint, g.const(centres.T.copy()))
    nearest = g.add("ReduceMax", g.add("Sub", product, g.const((centres**2).sum(axis=1) / 2)), g.ints(1), keepdims=0)
    length = g.add("Mul", g.add("ReduceSumSquare", joint, g.ints(1), keepdims=0), half)
    known = g.add("Greater", g.add("ReduceMax", g.add("Abs", embedded), g.ints(1), keepdims=0), g.const(np.array(0.0)))
    return g.add("Sub", g.add("Add", nearest, g.add("Cast", known, to=FLOAT)), length)
