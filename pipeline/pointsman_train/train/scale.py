"""Columns made alike, for what reads sums of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.featurize.featurizer import Features
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.sums import Sums

# A column that does not vary has at most this much deviation, by rounding.
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """Chosen columns, with mean 0 and standard deviation 1 in training.

    Attributes
    ----------
    counts
        Columns of the features, 0 or more, whose square root is taken first: lengths and counts are skewed.
    plain
        Columns that are read as they are; they come after the counts.
    mean, deviation
        ndarrays of shape (n_counts + n_plain,).
    width
        How many features there are.
    """

    counts: Ints
    plain: Ints
    mean: Floats
    deviation: Floats
    width: int

    def __call__(self, features: Features) -> Floats:
        """Return an ndarray of shape (n_prompts, n_counts + n_plain)."""
        return (_joined(features, self.counts, self.plain) - self.mean) / self.deviation

    def unscaled(self, weight: Floats) -> Floats:
        """Weights of the columns before they are divided, from those after; ndarrays of shape (n_columns, n)."""
        return np.asarray(weight / self.deviation[:, None])

    def sums(self, g: GraphBuilder, features: str, weight: Floats, bias: Floats) -> Sums:
        """Return ``self(features) @ weight + bias``; the scaling is folded into both. Only the roots are computed."""
        folded, n_counts = self.unscaled(weight), len(self.counts)
        rooted = g.add("Sqrt", g.add("Gather", features, g.const(self.counts), axis=1))
        plain = np.zeros((self.width, weight.shape[1]))
        plain[self.plain] = folded[n_counts:]
        return Sums({rooted: folded[:n_counts], features: plain}, bias - self.mean @ folded)


def fit_scale(features: Features, counts: Ints, plain: Ints) -> Scale:
    """Find mean and deviation; a column that does not vary is only centred."""
    joined = _joined(features, counts, plain)
    deviation = joined.std(axis=0)
    return Scale(counts, plain, joined.mean(axis=0), np.where(deviation > _FLAT, deviation, 1.0), features.shape[1])


def _joined(features: Features, counts: Ints, plain: Ints) -> Floats:
    wide = features.astype(np.float64)
    return np.hstack([np.sqrt(wide[:, counts]), wide[:, plain]])
