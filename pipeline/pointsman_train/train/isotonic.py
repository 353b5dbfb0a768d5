"""Success calibration by isotonic regression: any rising curve from a model's margin to its probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from pointsman_train.data import Floats, Ints
from pointsman_train.graph import INT64, GraphBuilder
from pointsman_train.train.success import enough_of_each
from pointsman_train.train.sums import Sums

# Margins are fitted on this grid. Were two knots closer, the line between them could be so steep that the last bit of
# a margin, in which a graph and the training library may differ, changed the probability.
_STEP = 2.0**-10


@dataclass(frozen=True, slots=True)
class _Curve:
    """A piecewise linear function: on the part after ``i`` knots, ``value[i] + slope[i] * (x - anchor[i])``."""

    knots: Floats
    anchor: Floats
    value: Floats
    slope: Floats


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A piecewise linear function of each model's margin, in log-odds, then the logistic function.

    Attributes
    ----------
    knots
        ndarray of shape (n_models, n_knots), ascending; infinite beyond a model's last.
    anchor, value, slope
        ndarrays of shape (n_models, n_knots + 1): the line on the part after each number of knots.
    """

    knots: Floats
    anchor: Floats
    value: Floats
    slope: Floats

    def success_probability(self, margins: Floats) -> Floats:
        """Probability of success of each model, of the shape of ``margins``."""
        part = (margins[..., None] >= self.knots).sum(axis=-1) + self._starts
        anchor, value, slope = (table.ravel()[part] for table in (self.anchor, self.value, self.slope))
        return np.asarray(expit(value + slope * (margins - anchor)))

    def add(self, g: GraphBuilder, margins: Sums) -> str:
        """Add the search for the part, its line and the logistic function."""
        margin = margins.add(g)
        passed = g.add("GreaterOrEqual", g.add("Unsqueeze", margin, g.ints(2)), g.const(self.knots))
        count = g.add("ReduceSum", g.add("Cast", passed, to=INT64), g.ints(2), keepdims=0)
        part = g.add("Add", count, g.const(self._starts))
        tables = (self.anchor, self.value, self.slope)
        anchor, value, slope = (g.add("Gather", g.const(table.ravel()), part) for table in tables)
        line = g.add("Add", value, g.add("Mul", slope, g.add("Sub", margin, anchor)))
        return g.add("Sigmoid", line)

    @property
    def _starts(self) -> Ints:
        """Where each model's row starts in a flattened table."""
        n_models, n_parts = self.value.shape
        return np.asarray(np.arange(n_models) * n_parts, np.int64)


def isotonic(margins: Floats, success: Floats, stands_for: Floats | None = None) -> Isotonic:
    """Fit each model's curve to its own outcomes.

    Between the knots the log-odds are interpolated, beyond them they are constant. Probabilities stay within
    ``1 / (n + 2)`` of 0 and 1, for n outcomes. A model with too few outcomes of a kind
    (:func:`pointsman_train.train.success.enough_of_each`) keeps its margins.

    Parameters
    ----------
    margins
        ndarray of shape (n_prompts, n_models), of prompts that the heads were not fitted on.
    success
        ndarray of the same shape; NaN is left out.
    stands_for
        ndarray of the same shape, how many outcomes like it each stands for; None is one each.

    References
    ----------
    Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass probability estimates.
    """
    curves = []
    for m, (z, y) in enumerate(zip(margins.T, success.T, strict=True)):
        known = ~np.isnan(y)
        count = None if stands_for is None else stands_for[known, m]
        curves.append(_curve(z[known], y[known], count) if enough_of_each(y[known]) else _unchanged())
    return _together(curves)


def _unchanged() -> _Curve:
    return _Curve(np.empty(0), np.zeros(1), np.zeros(1), np.ones(1))


def _curve(margins: Floats, success: Floats, count: Floats | None) -> _Curve:
    least = 1 / (len(success) + 2)
    on_grid = np.round(margins / _STEP) * _STEP
    fitted = IsotonicRegression(y_min=least, y_max=1 - least).fit(on_grid, success, count)
    x, y = fitted.X_thresholds_, logit(fitted.y_thresholds_)
    slope = np.diff(y) / np.diff(x)
    # The part before the first knot hangs on it as well, and is flat as the one after the last.
    return _Curve(x, x[[0, *range(len(x))]], y[[0, *range(len(y))]], np.concatenate([[0.0], slope, [0.0]]))


def _together(curves: Sequence[_Curve]) -> Isotonic:
    most = max(len(curve.knots) for curve in curves)

    def table(rows: Sequence[Floats], width: int, fill: float) -> Floats:
        return np.stack([np.pad(row, (0, width - len(row)), constant_values=fill) for row in rows])

    return Isotonic(
        table([curve.knots for curve in curves], most, np.inf),
        table([curve.anchor for curve in curves], most + 1, 0.0),
        table([curve.value for curve in curves], most + 1, 0.0),
        table([curve.slope for curve in curves], most + 1, 0.0),
    )
