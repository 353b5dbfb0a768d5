"""Between probabilities and margins (log-odds), in numpy and in a graph alike."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.graph import GraphBuilder
from pointsman_train.train.sums import Sums

# Probabilities that come from counts or sums can be 0 or 1, or beyond: margins stay within 9.21 of 0.
EDGE = 1e-4


def logit(p: Floats) -> Floats:
    """Log-odds ``log(p / (1 - p))`` of probabilities clipped to [1e-4, 1 - 1e-4].

    Examples
    --------
    >>> logit(np.array([0.5, 0.75, 2.0])).round(2).tolist()
    [0.0, 1.1, 9.21]
    """
    clipped = np.clip(p, EDGE, 1 - EDGE)
    return np.asarray(np.log(clipped / (1 - clipped)))


def add_logit(g: GraphBuilder, p: str, n: int) -> Sums:
    """Add :func:`logit` of double probabilities, [N, n], as ``-log(1 / p - 1)``, whose sign is left to what follows."""
    clipped = g.add("Clip", p, g.const(np.array(EDGE)), g.const(np.array(1 - EDGE)))
    odds_against = g.add("Sub", g.add("Reciprocal", clipped), g.const(np.array(1.0)))
    return Sums({g.add("Log", odds_against): -np.eye(n)}, np.zeros(n))


def smoothed_logit(rate: Floats, weight: Floats) -> float:
    """Log-odds of the weighted mean of rates, with one success and one failure added.

    Examples
    --------
    >>> smoothed_logit(np.array([]), np.array([])), round(smoothed_logit(np.ones(9), np.ones(9)), 2)
    (0.0, 2.3)
    """
    successes, answers = float(np.sum(rate * weight)), float(np.sum(weight))
    return float(np.log((successes + 1) / (answers - successes + 1)))
