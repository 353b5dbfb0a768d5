"""Nested random subsets of the training prompts, by whole groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pointsman_train.data import Bools, Ints


def sizes_up_to(sizes: Sequence[int], total: int) -> list[int]:
    """Keep the sizes that are clearly smaller than all there is, and put all behind them.

    A size of more than four fifths of all is left out: it would be judged twice.

    Examples
    --------
    >>> sizes_up_to([200, 400, 800], 850), sizes_up_to([200, 400], 150)
    ([200, 400, 850], [150])
    """
    return [*sorted({size for size in sizes if size <= 0.8 * total}), total]


def nested_subsets(
    mask: Bools, counted: Bools, group: Ints, sizes: Sequence[int], rng: np.random.Generator
) -> list[Bools]:
    """Draw an order of the groups, and take groups in that order until each size is reached.

    Parameters
    ----------
    mask
        Prompts to draw from, of shape (n_prompts,).
    counted
        Those of them that count towards a size.
    group
        ndarray of shape (n_prompts,).
    sizes
        Rising, none above the number of prompts that count.

    Returns
    -------
    A mask a size, each within the next.

    Examples
    --------
    >>> every = np.ones(4, bool)
    >>> drawn = nested_subsets(every, every, np.array([0, 0, 1, 2]), [1, 4], np.random.default_rng(0))
    >>> [int(subset.sum()) for subset in drawn]
    [1, 4]
    """
    order = rng.permutation(np.unique(group[mask]))
    place = np.full(int(group.max()) + 1, len(order))
    place[order] = np.arange(len(order))
    reached = np.sort(place[group[mask & counted]])
    return [np.asarray(mask & (place[group] <= reached[size - 1])) for size in sizes]
