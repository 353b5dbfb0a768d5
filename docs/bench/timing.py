"""Timing of calls that take turns. Standard library alone, since it also runs in the environments of other routers."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

QUANTILES: Mapping[str, float] = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def in_turns(
    calls: Mapping[str, Callable[[Any], object]],
    items: Sequence[Any],
    runs: int,
    warm: int = 20,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> dict[str, list[int]]:
    """Time each call on the same items, one after the other, so that whatever else the machine does hits all alike.

    Parameters
    ----------
    calls
        What to time, by name; who begins changes with every run.
    items
        Prompts, or batches of them; they come round again until there were enough runs.
    runs, warm
        Runs that are timed, and those before them that are not.
    clock
        Nanoseconds; :func:`time.thread_time_ns` leaves out what a busy machine gave to others meanwhile.

    Returns
    -------
    dict
        Nanoseconds of every run, by name.
    """
    took: dict[str, list[int]] = {name: [] for name in calls}
    names = list(calls)
    gc.collect()
    for i in range(-warm, runs):
        turn = i % len(names)
        for name in (*names[turn:], *names[:turn]):
            call, item = calls[name], _fresh(items[i % len(items)])
            began = clock()
            call(item)
            spent = clock() - began
            if i >= 0:
                took[name].append(spent)
    return took


def _fresh(item: Any) -> Any:
    """Copy the text: a string that was read before keeps its UTF-8 form, and a caller's never was."""
    return (item + " ")[:-1] if isinstance(item, str) else [_fresh(text) for text in item]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of all do not exceed.

    Examples
    --------
    >>> quantile([5, 1, 4, 2, 3], 0.5), quantile([1, 2], 0.99)
    (3, 2)
    """
    ranked = sorted(values)
    return ranked[max(math.ceil(share * len(ranked)) - 1, 0)]


def microseconds(took: Sequence[int]) -> dict[str, float]:
    """Return the quantiles of nanoseconds in microseconds."""
    return {name: round(quantile(took, share) / 1_000, 2) for name, share in QUANTILES.items()}
