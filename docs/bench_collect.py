"""Measure how fast answers are collected: calls a second, and whether memory grows with their number.

usage: python docs/bench_collect.py [--calls N] [--concurrency N] [--latency SECONDS]

The endpoint is a local fake one in a process of its own, on the same cores. Everything else is as in a real run:
claims and answers on disk, grading, the outcomes table.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from pointsman_train.collect import stage
from pointsman_train.collect.collect import Progress
from pointsman_train.collect.config import CollectConfig, PromptsConfig

ENDPOINT = Path(__file__).resolve().parent.parent / "tests" / "pointsman_train" / "collect" / "fake_endpoint.py"


def main() -> None:
    """Run once and write what was measured to the standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.05)
    options = parser.parse_args()
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        endpoint = subprocess.Popen([sys.executable, str(ENDPOINT), f"{name}/port", "-", str(options.latency)])
        try:
            while not (folder / "port").is_file():
                time.sleep(0.05)
            _catalog(folder, options.concurrency)
            # The first run imports, connects and fills caches, and its tables take room, which is no growth.
            _run(folder, "first", options.calls)
            before = _memory_mb()
            seconds = _run(folder, "measured", options.calls)
            grown = _memory_mb() - before
        finally:
            endpoint.kill()
            endpoint.wait()
    sys.stdout.write(
        f"{options.calls} calls at concurrency {options.concurrency} and {options.latency * 1000:.0f} ms: "
        f"{options.calls / seconds:.0f} calls a second; memory {before:.0f} MB before, {before + grown:.0f} MB after\n"
    )


def _catalog(folder: Path, concurrency: int) -> None:
    url = f"http://127.0.0.1:{(folder / 'port').read_text()}/v1"
    entry = {"input_per_m": 1, "output_per_m": 1, "endpoint": {"base_url": url, "concurrency": concurrency}}
    (folder / "catalog.json").write_text(json.dumps({"m": entry}))


def _run(folder: Path, name: str, calls: int) -> float:
    ids = [f"{name}-{row}" for row in range(calls)]
    prompts = pd.DataFrame({"prompt_id": ids, "prompt": [f"{key}: what is 6 * 7?" for key in ids], "reference": "42"})
    prompts.to_parquet(folder / f"{name}.parquet")
    config = CollectConfig(
        prompts=PromptsConfig(path=str(folder / f"{name}.parquet")),
        catalog=str(folder / "catalog.json"),
        store=str(folder / "answers.sqlite"),
        out=str(folder / "outcomes.parquet"),
        plan="full",
    )
    started = time.perf_counter()
    progress = stage.collect(config).progress
    seconds = time.perf_counter() - started
    _check(progress, calls)
    return seconds


def _check(progress: Progress | None, calls: int) -> None:
    if progress is None or progress.asked != calls or progress.unknown:
        raise SystemExit(f"not every call was answered: {progress!r}")


def _memory_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
