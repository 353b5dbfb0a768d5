"""Clusters of training prompts."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from pointsman_train.cores import one_thread
from pointsman_train.data import Floats

_PER_CLUSTER = 10
# Of more points so many are drawn: a few hundred means need no more.
_MOST = 20_000


def cluster(points: Floats, codes: int, seed: int) -> Floats:
    """Find centres by k-means, ndarray of shape (n_codes, n_columns); never more than a tenth of the points."""
    codes = min(codes, max(1, len(points) // _PER_CLUSTER))
    if len(points) > _MOST:
        points = points[np.sort(np.random.default_rng(seed).permutation(len(points))[:_MOST])]
    with one_thread():
        model = MiniBatchKMeans(codes, n_init=1, batch_size=2048, max_iter=30, random_state=seed)
        return np.asarray(model.fit(points).cluster_centers_, np.float64)
