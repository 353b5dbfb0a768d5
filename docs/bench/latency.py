"""How long a decision takes, by the length of the prompt, and how many a second come out of a batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bench.timing import in_turns, microseconds, quantile

Call: TypeAlias = Callable[[Any], object]
Clock: TypeAlias = Callable[[], int]
Figures: TypeAlias = dict[str, Any]

FLOOR, ROUTER = "floor", "router"
RUNS = 2_000
BATCHES = (1, 16, 256)
# Prompts that pass through each size of batch.
_BATCHED = 8_192


@dataclass(frozen=True, slots=True)
class Round:
    """Nanoseconds of every run of a router, and of the floor beside it."""

    router: Sequence[int]
    floor: Sequence[int]


def decisions(
    router: Call, floor: Call, texts: Sequence[str], runs: int = RUNS, clock: Clock = time.perf_counter_ns
) -> Round:
    """Time one decision at a time, in turns with the floor alone.

    A service has one router: two would throw each other out of the caches.
    """
    took = in_turns({FLOOR: floor, ROUTER: router}, texts, runs, clock=clock)
    return Round(took[ROUTER], took[FLOOR])


def figures_of(rounds: Sequence[Round]) -> Figures:
    """Return the quantiles over all rounds.

    Returns
    -------
    dict
        ``us`` and ``floor_us``, the ``ratio`` of each quantile to the same one of the floor, and ``quietest_us``: the
        median of the round in which it was lowest.
    """
    us = microseconds([spent for one in rounds for spent in one.router])
    least = microseconds([spent for one in rounds for spent in one.floor])
    quietest = min(microseconds(one.router)["p50"] for one in rounds)
    ratio = {q: round(us[q] / least[q], 2) for q in us}
    return {"us": us, "floor_us": least, "ratio": ratio, "quietest_us": {"p50": quietest}}


def batches(
    router: Call,
    floor: Call,
    texts: Sequence[str],
    size: int,
    prompts: int = _BATCHED,
    clock: Clock = time.perf_counter_ns,
) -> Figures:
    """Time batches of ``size`` prompts; the rate is that of the median batch.

    Returns
    -------
    dict
        Prompts ``per_second``, ``floor_per_second``, and how many times more the floor takes as ``ratio``.
    """
    items = [[texts[(start + i) % len(texts)] for i in range(size)] for start in range(0, max(len(texts), size), size)]
    took = in_turns({FLOOR: floor, ROUTER: router}, items, max(prompts // size, 10), warm=3, clock=clock)
    seconds = {name: quantile(spent, 0.5) / 1e9 for name, spent in took.items()}
    return {
        "per_second": round(size / seconds[ROUTER]),
        "floor_per_second": round(size / seconds[FLOOR]),
        "ratio": round(seconds[ROUTER] / seconds[FLOOR], 2),
    }
