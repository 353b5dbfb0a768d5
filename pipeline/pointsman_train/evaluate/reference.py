"""Reference statistics: how features, probabilities and choices were distributed when a router was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman_train.data import Floats, Ints
from pointsman_train.datasets.selected import effective_size
from pointsman_train.errors import DataError

_LEVELS = np.arange(1, 10) / 10
# A column with as few different values has a bin for each.
_FEW = 12
# Beyond the least and the greatest value there is a bin for what has never been seen; less far off is rounding.
_SLACK = 1e-5
CHOSEN = "chosen model"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of one column in bins that its training values were cut into.

    Attributes
    ----------
    edges
        Rising. The first bin is all up to the first edge, the last all above the last edge.
    counts
        Training prompts in each bin, one more than edges.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    def count(self, values: NDArray[np.generic]) -> Ints:
        """Count other values in the same bins."""
        return np.bincount(np.searchsorted(self.edges, values, side="left"), minlength=len(self.counts))


@dataclass(frozen=True, slots=True)
class Reference:
    """A histogram of each column: compact enough for a manifest, and enough to calibrate a threshold.

    Attributes
    ----------
    columns
        By name.
    effective
        Independent prompts that the training prompts are worth: see :func:`effective_prompts`.
    """

    columns: Mapping[str, Histogram]
    effective: float

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; :meth:`from_dict` reads it back."""
        columns = {name: {"edges": [*h.edges], "counts": [*h.counts]} for name, h in self.columns.items()}
        return {"effective": self.effective, "columns": columns}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Reference:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        DataError
            When a part is missing or of the wrong form.
        """
        try:
            columns = {
                str(name): Histogram(tuple(map(float, entry["edges"])), tuple(map(int, entry["counts"])))
                for name, entry in content["columns"].items()
            }
            reference = cls(columns, float(content["effective"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"the reference statistics cannot be read ({error!r}); export the router again") from error
        for name, histogram in columns.items():
            if len(histogram.counts) != len(histogram.edges) + 1 or sum(histogram.counts) < 1:
                raise DataError(f"the reference of {name!r} has counts that do not fit; export the router again")
        return reference


def reference_of(columns: Mapping[str, NDArray[np.generic]], n_models: int, group: Ints) -> Reference:
    """Make the reference from the training prompts.

    Parameters
    ----------
    columns
        From :func:`columns_of`, as the exported graph computes them. The features that training saw will not do: what
        the outcomes taught is out of fold there, which is another distribution.
    n_models
        Length of the ladder: each model is a bin of the choices, chosen or not.
    group
        ndarray of shape (n_prompts,), near-duplicates.
    """
    histograms = {name: _histogram(name, values) for name, values in columns.items() if name != CHOSEN}
    if CHOSEN in columns:
        counts = np.bincount(columns[CHOSEN].astype(np.int64), minlength=n_models)
        edges = (np.arange(n_models - 1) + 0.5).tolist()
        histograms[CHOSEN] = Histogram(tuple(edges), tuple(counts.tolist()))
    return Reference(histograms, effective_prompts(group))


def columns_of(
    features: NDArray[np.floating], names: Sequence[str], p_success: Floats, models: Sequence[str], chosen: Ints
) -> dict[str, NDArray[np.generic]]:
    """Name everything that is watched: each feature, each probability of success, the choice.

    Parameters
    ----------
    features, names
        ndarray of shape (n_prompts, n_features), and a name for each.
    p_success, models
        ndarray of shape (n_prompts, n_models), and the ladder.
    chosen
        ndarray of shape (n_prompts,), rungs at the default operating point.
    """
    columns: dict[str, NDArray[np.generic]] = dict(zip(names, features.T, strict=True))
    columns |= {f"p_success of {model}": p for model, p in zip(models, p_success.T, strict=True)}
    return columns | {CHOSEN: chosen}


def effective_prompts(group: Ints) -> float:
    """Count near-duplicates for less: Kish's ``n^2 / sum of squared group sizes``.

    It is the number of groups where all are of one size.

    Examples
    --------
    >>> effective_prompts(np.array([1, 2, 3, 4])), effective_prompts(np.array([1, 1, 2, 2]))
    (4.0, 2.0)
    """
    return effective_size(np.unique(group, return_counts=True)[1].astype(np.float64))


def _histogram(name: str, values: NDArray[np.generic]) -> Histogram:
    known = np.asarray(values, np.float64)
    if not len(known) or not np.isfinite(known).all():
        raise DataError(f"the column {name!r} has no values, or one that is not a finite number; leave it out")
    edges = _edges(known)
    return Histogram(
        tuple(edges.tolist()),
        tuple(np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1).tolist()),
    )


def _edges(values: Floats) -> Floats:
    """Cut half-way between neighbouring values, at the deciles or between all of a few, and just beyond both ends."""
    distinct = np.unique(values)
    below = distinct[:-1]
    if len(distinct) > _FEW:
        deciles = np.quantile(values, _LEVELS, method="inverted_cdf")
        below = np.intersect1d(deciles, below)
    above = distinct[np.searchsorted(distinct, below, side="right")]
    slack = _SLACK * max(1.0, float(np.abs(distinct[[0, -1]]).max()))
    edges = np.concatenate([[distinct[0] - slack], (below + above) / 2, [distinct[-1] + slack]])
    # Six digits are enough to tell bins apart, and half as long in a file.
    return np.unique([float(f"{edge:.6g}") for edge in edges])
