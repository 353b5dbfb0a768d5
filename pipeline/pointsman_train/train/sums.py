"""Weighed sums of what a graph has computed, which stay on paper as long as more can be folded into them.

Averages, calibrations and linear models are all affine: whatever of it follows one another becomes one product in the
exported graph. A node costs some microseconds, however little it computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.graph import GraphBuilder


@dataclass(frozen=True, slots=True)
class Sums:
    """``bias`` and, of each result, ``result @ weight``.

    Attributes
    ----------
    weights
        By the name of a result, double [N, k]: ndarray of shape (k, n).
    bias
        ndarray of shape (n,).

    Examples
    --------
    >>> x = result("x", 2)
    >>> both = x.mapped(np.array([[1.0], [3.0]]), np.array([5.0])) + Sums({"y": np.array([[2.0]])}, np.array([0.5]))
    >>> {name: weight.tolist() for name, weight in both.weights.items()}, both.bias.tolist()
    ({'x': [[1.0], [3.0]], 'y': [[2.0]]}, [5.5])
    """

    weights: Mapping[str, Floats]
    bias: Floats

    def __add__(self, other: Sums) -> Sums:
        """Add the sums of the same columns."""
        weights = dict(self.weights)
        for name, weight in other.weights.items():
            weights[name] = weights[name] + weight if name in weights else weight
        return Sums(weights, self.bias + other.bias)

    def mapped(self, weight: Floats, bias: Floats) -> Sums:
        """Return ``self @ weight + bias``, for ndarrays of shapes (n, m) and (m,)."""
        return Sums({name: own @ weight for name, own in self.weights.items()}, self.bias @ weight + bias)

    def add(self, g: GraphBuilder) -> str:
        """Compute them in the graph: double [N, n]."""
        chosen = self._chosen()
        if chosen is not None:
            return _choice(g, *chosen)
        names = list(self.weights)
        joined = names[0] if len(names) == 1 else g.add("Concat", *names, axis=1)
        return g.add("Gemm", joined, g.const(np.concatenate(list(self.weights.values()))), g.const(self.bias))

    def _chosen(self) -> tuple[str, int, list[int]] | None:
        """Return a result, its width and which of its columns these are; None where they are no plain columns."""
        if len(self.weights) != 1 or np.any(self.bias):
            return None
        [(name, weight)] = self.weights.items()
        plain = np.all((weight == 0) | (weight == 1)) and np.all(weight.sum(axis=0) == 1)
        return (name, len(weight), weight.argmax(axis=0).tolist()) if plain else None


def result(name: str, n: int) -> Sums:
    """Return the columns of a result as they are."""
    return Sums({name: np.eye(n)}, np.zeros(n))


def columns_of(name: str, width: int, columns: list[int]) -> Sums:
    """Return some columns of a result of ``width``, in this order."""
    return Sums({name: np.eye(width)[:, columns]}, np.zeros(len(columns)))


def _choice(g: GraphBuilder, name: str, width: int, columns: list[int]) -> str:
    return name if columns == list(range(width)) else g.add("Gather", name, g.const(np.array(columns)), axis=1)
