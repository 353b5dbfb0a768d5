r"""What each feature adds to each model's log-odds of success, exactly and without LightGBM.

``explain.npz`` holds every leaf of every tree as the path that leads to it. For one path let :math:`z_i` be the share
of the training rows that its splits on feature :math:`i` let pass, and :math:`o_i` be 1 where this prompt passes them,
else 0. The Shapley value of feature :math:`i` for a leaf of value :math:`v`, as LightGBM computes it, is

.. math:: v (o_i - z_i) \int_0^1 \prod_{j \ne i} (z_j (1 - t) + o_j t) \, dt

and the integral of a polynomial is a sum over a few points (Gauss and Legendre), for all leaves at once.

References
----------
Lundberg, Erion and Lee (2018), Consistent individualized feature attribution for tree ensembles, arXiv 1802.03888.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pointsman.errors import BundleCorruptError, BundleNotFoundError

EXPLAIN_FILE = "explain.npz"
FORMAT = 2

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Paths:
    """The leaves of some trees.

    Attributes
    ----------
    value, target
        ndarrays of shape (n_leaves,): what a leaf adds, and to which column.
    start
        ndarray of shape (n_leaves,): where each leaf's conditions begin; each has one at least.
    feature, low, high, share
        ndarrays of shape (n_conditions,): a prompt passes where ``low < features[feature] <= high``, as ``share`` of
        the training rows did.
    constant
        ndarray of shape (n_columns,): what trees without a split add.
    """

    value: Floats
    target: NDArray[np.int64]
    start: NDArray[np.int64]
    feature: NDArray[np.int64]
    low: Floats
    high: Floats
    share: Floats
    constant: Floats


@dataclass(frozen=True, slots=True)
class Contributions:
    """Log-odds of success, taken apart.

    Attributes
    ----------
    usual
        ndarray of shape (n_models,): what is expected of a training prompt.
    of
        ndarray of shape (n_models, n_features): what each feature adds to that.
    """

    usual: Floats
    of: Floats

    @property
    def total(self) -> Floats:
        """The log-odds, before calibration; ndarray of shape (n_models,)."""
        return np.asarray(self.usual + self.of.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Explainer:
    """Takes the log-odds of a router's success model apart; the mean of its parts.

    Attributes
    ----------
    parts
        Each from features to contributions.
    """

    parts: Sequence[Trees | Columns | Linear]

    def __call__(self, features: NDArray[np.floating]) -> Contributions:
        """Take the log-odds of one prompt apart; ``features`` is an ndarray of shape (n_features,)."""
        found = [part(np.asarray(features, np.float64)) for part in self.parts]
        return Contributions(np.mean([one.usual for one in found], axis=0), np.mean([one.of for one in found], axis=0))

    @classmethod
    def load(cls, folder: str | Path, onnx_sha256: str) -> Explainer:
        """Read ``explain.npz``.

        Parameters
        ----------
        onnx_sha256
            Of the router that it must belong to.

        Raises
        ------
        BundleNotFoundError
            When the bundle has none.
        BundleCorruptError
            When it cannot be read, or belongs to another router.
        """
        path = Path(folder) / EXPLAIN_FILE
        if not path.is_file():
            raise BundleNotFoundError(
                f"{folder} has no {EXPLAIN_FILE}: it was exported by an earlier version, or its formulation is no sum "
                "that could be taken apart; export the router again, with a formulation of trees or columns"
            )
        return cls.read(path.read_bytes(), onnx_sha256, str(path))

    @classmethod
    def read(cls, content: bytes, onnx_sha256: str, where: str = EXPLAIN_FILE) -> Explainer:
        """Read the content of ``explain.npz``; see :meth:`load`."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return _read(where, arrays, onnx_sha256)
        except (ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise BundleCorruptError(f"{where} cannot be read ({error}); export the router again") from error


@dataclass(frozen=True, slots=True)
class Trees:
    """Weighed sums of trees.

    Attributes
    ----------
    weight
        ndarray of shape (n_columns, n_models): what each column of the paths counts in each model's log-odds.
    """

    paths: Paths
    weight: Floats

    def __call__(self, features: Floats) -> Contributions:
        """Take the sums apart."""
        found = shapley(self.paths, features)
        return Contributions(found.usual @ self.weight, self.weight.T @ found.of)


@dataclass(frozen=True, slots=True)
class Columns:
    """Features that are log-odds themselves.

    Attributes
    ----------
    column
        ndarray of shape (n_models,): which feature is each model's.
    mean
        ndarray of shape (n_models,): its mean on the training prompts.
    """

    column: NDArray[np.int64]
    mean: Floats

    def __call__(self, features: Floats) -> Contributions:
        """Take the log-odds apart."""
        of = np.zeros((len(self.column), len(features)))
        of[np.arange(len(self.column)), self.column] = features[self.column] - self.mean
        return Contributions(self.mean, of)


@dataclass(frozen=True, slots=True)
class Linear:
    """Weighed sums of features or of their roots. Each term has one feature, so it is all that feature's own.

    Attributes
    ----------
    column
        ndarray of shape (n_terms,): which feature each term reads.
    roots
        How many terms, from the first on, read the square root of theirs.
    mean
        ndarray of shape (n_terms,): mean of what a term reads on the training prompts.
    weight
        ndarray of shape (n_terms, n_models).
    usual
        ndarray of shape (n_models,): the log-odds where every term is at its mean.
    """

    column: NDArray[np.int64]
    roots: int
    mean: Floats
    weight: Floats
    usual: Floats

    def __call__(self, features: Floats) -> Contributions:
        """Take the log-odds apart."""
        read = features[self.column]
        read[: self.roots] = np.sqrt(read[: self.roots])
        of = np.zeros((len(self.usual), len(features)))
        of[:, self.column] = ((read - self.mean)[:, None] * self.weight).T
        return Contributions(self.usual, of)


def shapley(paths: Paths, features: Floats) -> Contributions:
    """Compute the Shapley values of a prompt's features for sums of trees, by the shares of training rows.

    Parameters
    ----------
    features
        ndarray of shape (n_features,).

    Examples
    --------
    A tree that adds 1 where the first feature is above 0, as it was for a quarter of the rows:

    >>> whole, no = np.array([0, 0]), np.array([0, 1])
    >>> low, high = np.array([-np.inf, 0.0]), np.array([0.0, np.inf])
    >>> paths = Paths(np.array([0.0, 1.0]), whole, no, whole, low, high, np.array([0.75, 0.25]), np.zeros(1))
    >>> found = shapley(paths, np.array([3.0]))
    >>> found.usual.tolist(), found.of.tolist()
    ([0.25], [[0.75]])
    """
    of = np.zeros((len(paths.constant), len(features)))
    if not len(paths.value):
        return Contributions(paths.constant, of)
    at = features[paths.feature]
    passes = ((paths.low < at) & (at <= paths.high)).astype(np.float64)
    length = np.diff(paths.start, append=len(paths.feature))
    leaf = np.repeat(np.arange(len(length)), length)
    # Exact for polynomials of up to the longest path's degree.
    points, weights = np.polynomial.legendre.leggauss(int(length.max()) // 2 + 1)
    t = (points + 1) / 2
    term = paths.share[:, None] * (1 - t) + passes[:, None] * t
    product = np.multiply.reduceat(term, paths.start, axis=0)
    rest = (product[leaf] / term) @ weights / 2
    np.add.at(of, (paths.target[leaf], paths.feature), paths.value[leaf] * (passes - paths.share) * rest)
    usual = paths.constant.copy()
    np.add.at(usual, paths.target, paths.value * np.multiply.reduceat(paths.share, paths.start))
    return Contributions(usual, of)


def _read(path: str, arrays: Mapping[str, Any], onnx_sha256: str) -> Explainer:
    header = json.loads(str(arrays["header"]))
    if header["format"] != FORMAT:
        raise BundleCorruptError(
            f"{path} has the format {header['format']!r}, this pointsman reads {FORMAT}; export the router again"
        )
    if header["onnx_sha256"] != onnx_sha256:
        raise BundleCorruptError(f"{path} belongs to another router; export or copy the router again")

    def paths(table: int) -> Paths:
        return Paths(*(arrays[f"{name}_{table}"] for name in Paths.__slots__))

    def part(given: Mapping[str, Any]) -> Trees | Columns | Linear:
        if given["kind"] == "trees":
            return Trees(paths(given["trees"]), np.array(given["weight"], np.float64))
        column, mean = np.array(given["column"], np.int64), np.array(given["mean"], np.float64)
        if given["kind"] == "columns":
            return Columns(column, mean)
        weight, usual = (np.array(given[name], np.float64) for name in ("weight", "usual"))
        return Linear(column, given["roots"], mean, weight, usual)

    return Explainer([part(given) for given in header["parts"]])
