"""Seeded draws of plain Python values, so that no prompt ever shows a NumPy type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Return one of ``options``, each equally likely.

    Examples
    --------
    >>> pick(np.random.default_rng(0), ["only"])
    'only'
    """
    return options[int(rng.integers(len(options)))]


def sample(rng: np.random.Generator, options: Sequence[T], size: int) -> list[T]:
    """Return ``size`` different positions of ``options``, in random order.

    Examples
    --------
    >>> sorted(sample(np.random.default_rng(0), "abc", 3))
    ['a', 'b', 'c']
    """
    return [options[int(i)] for i in rng.permutation(len(options))[:size]]


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """Return an integer in [low, high], both ends included.

    Examples
    --------
    >>> whole(np.random.default_rng(0), 7, 7)
    7
    """
    return int(rng.integers(low, high + 1))
