"""How long a decision takes, by the length of the prompt, and how many a second come out of a batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from bench.timing import in_turns, microseconds, quantile

Call: TypeAlias = Callable[[Any], object]
Clock: TypeAlias = Callable[[], int]
Figures: TypeAlias = dict[str, Any]

FLOOR = "floor"
RUNS = 2_000
BATCHES = (1, 16, 256)
# Prompts that pass through each size of batch.
_BATCHED = 8_192


def decisions(
    routers: Mapping[str, Call],
    floor: Call,
    texts: Sequence[str],
    runs: int = RUNS,
    clock: Clock = time.perf_counter_ns,
) -> dict[str, Figures]:
    """Time one decision at a time.

    Returns
    -------
    dict
        By router: ``us`` and ``floor_us``, and the ``ratio`` of each quantile to the same one of the floor.
    """
    took = in_turns({FLOOR: floor, **routers}, texts, runs, clock=clock)
    least = microseconds(took[FLOOR])
    found = {name: microseconds(took[name]) for name in routers}
    return {
        name: {"us": us, "floor_us": least, "ratio": {q: round(us[q] / least[q], 2) for q in us}}
        for name, us in found.items()
    }


def batches(
    routers: Mapping[str, Call],
    floor: Call,
    texts: Sequence[str],
    size: int,
    prompts: int = _BATCHED,
    clock: Clock = time.perf_counter_ns,
) -> dict[str, Figures]:
    """Time batches of ``size`` prompts; the rate is that of the median batch.

    Returns
    -------
    dict
        By router: prompts ``per_second``, ``floor_per_second``, and how many times more the floor takes as ``ratio``.
    """
    items = [[texts[(start + i) % len(texts)] for i in range(size)] for start in range(0, max(len(texts), size), size)]
    took = in_turns({FLOOR: floor, **routers}, items, max(prompts // size, 10), warm=3, clock=clock)
    seconds = {name: quantile(spent, 0.5) / 1e9 for name, spent in took.items()}
    return {
        name: {
            "per_second": round(size / seconds[name]),
            "floor_per_second": round(size / seconds[FLOOR]),
            "ratio": round(seconds[name] / seconds[FLOOR], 2),
        }
        for name in routers
    }
