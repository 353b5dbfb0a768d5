"""Work on all cores, by threads: for calls into libraries that leave Python's lock while they compute."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Found = TypeVar("Found")


def on_all_cores(function: Callable[[Item], Found], items: Iterable[Item], own_threads: int = 1) -> list[Found]:
    """Apply a function to each item; returns what it gives, in the order of the items.

    The first error is raised, and items that were not begun are left. Linear algebra has one thread meanwhile: on short
    vectors its threads would only wait for each other (50 s, not 4 s), and a limit that is set by calls side by side
    would be lifted by the first that ends.

    Parameters
    ----------
    own_threads
        Threads that a call starts of its own. Where that is not 1, calls take turns: side by side they would wait for
        one another, and LightGBM keeps one number of threads for the whole process, which must not change meanwhile.

    Examples
    --------
    >>> on_all_cores(abs, [-1, 2, -3])
    [1, 2, 3]
    """
    if own_threads != 1:
        return [function(item) for item in items]
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    try:
        with one_thread():
            return list(pool.map(function, items))
    finally:
        pool.shutdown(cancel_futures=True)


def one_thread() -> AbstractContextManager[object]:
    """Give linear algebra one thread as long as the context lasts.

    Examples
    --------
    >>> with one_thread():
    ...     pass
    """
    limit: AbstractContextManager[object] = _libraries(len(sys.modules)).limit(limits=1)
    return limit


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Look up the libraries with threads of their own, which takes 5 ms or more: anew only where more was imported."""
    return ThreadpoolController()
