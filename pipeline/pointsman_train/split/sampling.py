"""A bounded draw of prompts, for what needs no more of them to be known well."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Bools, Ints


def sample_groups(group: Ints, within: Bools, most: int, seed: int) -> Bools:
    """Draw whole groups of near-duplicates from a mask until there are ``most`` prompts; all where there are no more.

    Parameters
    ----------
    group
        ndarray of shape (n_prompts,), near-duplicate groups.
    within
        ndarray of shape (n_prompts,), mask of the prompts to draw from.
    most
        Upper bound on the prompts drawn.

    Returns
    -------
    ndarray of shape (n_prompts,), a mask.

    Examples
    --------
    >>> int(sample_groups(np.array([0, 0, 1, 2, 2]), np.array([True, True, True, True, False]), 3, seed=0).sum())
    3
    """
    if within.sum() <= most:
        return within
    groups, member = np.unique(group[within], return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(groups))
    together = np.cumsum(np.bincount(member)[order])
    drawn = np.isin(group, groups[order[together <= most]])
    return np.asarray(within & drawn)
