"""The short form: a few ratios to the floor in seconds, for a test that notices when a decision has become slower.

The committed ratios must be of the router that the test has, the small one that all tests share, so :func:`record` has
the test itself take them.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.floor import floor
from bench.latency import batches, decisions, figures_of
from bench.paths import ROOT
from bench.prompts import Corpus

LENGTHS = (20, 200, 2_000)
# Where the test leaves its ratios for ``record``.
RECORD = "POINTSMAN_BENCH_RECORD"
TEST = ROOT / "tests" / "bench" / "test_short.py"
_ROUNDS, _RUNS = 3, 60
_WORSE = 2.0
# Processor time: where tests run, other work takes turns with them, and a long decision is interrupted more often.
_CLOCK = time.thread_time_ns


def ratios(route: Callable[[Any], object], route_many: Callable[[Any], object], corpus: Corpus) -> dict[str, float]:
    """Measure the ratios to the floor: medians of rounds."""
    least, short_texts = floor(), corpus.texts(LENGTHS[0])
    texts_of = {length: corpus.texts(length)[:_RUNS] for length in LENGTHS}

    def once() -> dict[str, float]:
        found = {
            f"{length} words": figures_of([decisions(route, least, texts, _RUNS, _CLOCK)])["ratio"]["p50"]
            for length, texts in texts_of.items()
        }
        batched = batches(route_many, least, short_texts, 256, 2_560, _CLOCK)
        return found | {"batch of 256": batched["ratio"]}

    rounds = [once() for _ in range(_ROUNDS)]
    return {name: round(statistics.median(one[name] for one in rounds), 2) for name in rounds[0]}


def worse(committed: Mapping[str, float], measure: Callable[[], Mapping[str, float]], tries: int = 3) -> list[str]:
    """Name what is more than twice as slow as committed in each of several tries: noise passes, a slow graph stays."""
    slow = set(committed)
    best = dict.fromkeys(committed, float("inf"))
    for _ in range(tries):
        found = measure()
        best = {name: min(least, found[name]) for name, least in best.items()}
        slow = {name for name in slow if best[name] > _WORSE * committed[name]}
        if not slow:
            break
    return [f"{name}: {best[name]} times the floor, committed are {committed[name]}" for name in sorted(slow)]


def record() -> dict[str, float]:
    """Run the test for its ratios."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ratios.json"
        command = [sys.executable, "-m", "pytest", "-q", str(TEST)]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | {RECORD: str(file)}, capture_output=True, text=True)
        if not file.is_file():
            raise SystemExit(f"{' '.join(command)} left no ratios:\n{done.stdout}{done.stderr}")
        found: dict[str, float] = json.loads(file.read_text())
        return found
