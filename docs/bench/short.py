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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.floor import floor
from bench.latency import batches, decisions
from bench.paths import ROOT
from bench.prompts import Corpus

LENGTHS = (20, 200, 2_000)
# Where the test leaves its ratios for ``record``.
RECORD = "POINTSMAN_BENCH_RECORD"
TEST = ROOT / "tests" / "bench" / "test_short.py"
_ROUNDS, _RUNS = 5, 60
_WORSE = 2.0


def ratios(route: Callable[[Any], object], route_many: Callable[[Any], object], corpus: Corpus) -> dict[str, float]:
    """Measure the ratios to the floor: medians of rounds."""
    least, texts_of = floor(), {length: corpus.texts(length)[:_RUNS] for length in LENGTHS}

    def once() -> dict[str, float]:
        found = {
            f"{length} words": decisions({"router": route}, least, texts, _RUNS)["router"]["ratio"]["p50"]
            for length, texts in texts_of.items()
        }
        batched = batches({"router": route_many}, least, corpus.texts(20), 256, prompts=2_560)
        return found | {"batch of 256": batched["router"]["ratio"]}

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
