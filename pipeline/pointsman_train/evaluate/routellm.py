"""APGR and CPT by RouteLLM's own computation, for comparison with its paper; ``pgr`` has the exact ones.

The strong share moves over the edges of ten bins of equal mass, the area is a trapezoid sum over these eleven
points, and CPT is interpolated between them as if the score rose monotonically.

References
----------
Ong et al. (2024), RouteLLM, arXiv 2406.18665; its evaluation code.
"""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.evaluate.bootstrap import Weights, divide, means
from pointsman_train.evaluate.pgr import Recovery, apgr

BINS = 10


def binned(preference: Floats, weak: Floats, strong: Floats, weights: Weights, bins: int = BINS) -> Recovery:
    """Follow a two-model router through the edges of bins of equal mass.

    The edges are those of the test set as it is, under every row of the weights. A prompt goes to the strong
    model where its preference is not below the edge; at the last edge none does.

    Parameters
    ----------
    preference
        ndarray of shape (n_prompts,); the larger, the rather a prompt goes to the strong model.
    weak, strong
        ndarray of shape (n_prompts,), scores of the two models.
    weights
        ndarray of shape (n_rows, n_prompts).
    bins
        How many; as many as prompts is every cut point.

    Returns
    -------
    Recovery
        Of at most ``bins + 1`` points, fewer where edges coincide.
    """
    edges = np.unique(np.quantile(preference, np.linspace(0, 1, bins + 1)))[::-1]
    to_strong = preference[:, None] >= edges
    to_strong[:, 0] = preference > edges[0]
    score = np.where(to_strong, strong[:, None], weak[:, None])
    columns = np.hstack([to_strong.astype(np.float64), score, weak[:, None], strong[:, None]])
    mean = means(weights, columns)
    share, score = mean[:, : len(edges)], mean[:, len(edges) : -2]
    low, high = mean[:, -2:-1], mean[:, -1:]
    return Recovery(share, divide(score - low, high - low, floor=1e-9))


def binned_figures(preference: Floats, weak: Floats, strong: Floats, weights: Weights) -> dict[str, Floats]:
    """APGR, CPT(50 %) and CPT(80 %) over ten bins, one number per row of the weights; arguments as above."""
    recovery = binned(preference, weak, strong, weights)
    return {
        "apgr_binned": apgr(recovery),
        "cpt50_binned": cpt_binned(recovery, 0.5),
        "cpt80_binned": cpt_binned(recovery, 0.8),
    }


def cpt_binned(recovery: Recovery, level: float) -> Floats:
    """CPT by linear interpolation of the share over PGR, taken as rising whether or not it does.

    Examples
    --------
    >>> cpt_binned(Recovery(np.array([[0.0, 0.5, 1.0]]), np.array([[0.0, 1.0, 1.0]])), 0.5).tolist()
    [0.25]
    """
    rows = zip(recovery.pgr, recovery.share, strict=True)
    share = np.array([np.interp(level, height, share) for height, share in rows])
    return np.where(np.isfinite(recovery.pgr).all(axis=1), share, np.nan)
