"""Work on all cores, by threads: for calls into libraries that leave Python's lock while they compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")


def on_all_cores(function: Callable[[Item], Found], items: Iterable[Item]) -> list[Found]:
    """Apply a function to each item; returns what it gives, in the order of the items.

    The first error is raised, and items that were not begun are left. Each call should keep to one thread of its own:
    several that each start as many as there are cores wait for one another.

    Examples
    --------
    >>> on_all_cores(abs, [-1, 2, -3])
    [1, 2, 3]
    """
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    try:
        return list(pool.map(function, items))
    finally:
        pool.shutdown(cancel_futures=True)
