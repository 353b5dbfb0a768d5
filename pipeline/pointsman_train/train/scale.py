"""Columns made alike, for what reads sums of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.featurize.featurizer import Features
from pointsman_train.graph import GraphBuilder

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
    """

    counts: Ints
    plain: Ints
    mean: Floats
    deviation: Floats

    def __call__(self, features: Features) -> Floats:
        """Return an ndarray of shape (n_prompts, n_counts + n_plain)."""
        return (_joined(features, self.counts, self.plain) - self.mean) / self.deviation

    def unscaled(self, weight: Floats) -> Floats:
        """Weights of the columns before they are divided, from those after; ndarrays of shape (n_columns, n)."""
        return np.asarray(weight / self.deviation[:, None])

    def add_sums(self, g: GraphBuilder, features: str, weight: Floats, bias: Floats) -> str:
        """Add ``self(features) @ weight + bias`` to a graph, in double; the scaling is folded into both."""
        rooted = g.add("Sqrt", g.add("Gather", features, g.const(self.counts), axis=1))
        joined = g.add("Concat", rooted, g.add("Gather", features, g.const(self.plain), axis=1), axis=1)
        folded = self.unscaled(weight)
        return g.add("Add", g.add("MatMul", joined, g.const(folded)), g.const(bias - self.mean @ folded))


def fit_scale(features: Features, counts: Ints, plain: Ints) -> Scale:
    """Find mean and deviation; a column that does not vary is only centred."""
    joined = _joined(features, counts, plain)
    deviation = joined.std(axis=0)
    return Scale(counts, plain, joined.mean(axis=0), np.where(deviation > _FLAT, deviation, 1.0))


def _joined(features: Features, counts: Ints, plain: Ints) -> Floats:
    wide = features.astype(np.float64)
    return np.hstack([np.sqrt(wide[:, counts]), wide[:, plain]])
