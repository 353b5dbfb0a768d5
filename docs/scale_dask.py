"""Measure the engine "dask": the driver's memory from 1 to 50 parts, and what each stage costs a prompt.

usage: python docs/scale_dask.py            every case, then the page
       python docs/scale_dask.py page       the page alone, from what was measured

Prompts are made from the real ones of the embedded set: one, and the first half of another, with the outcomes of the
one; so hardly any two are near-duplicates. Each case is a process of its own with two workers of one thread. Processor
time is that of the workers, since the clock of a shared machine tells little.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dask_prompts import PART, make
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from quality_tables import write_between

from pointsman_train.datasets import LongConfig
from pointsman_train.engine import EngineConfig
from pointsman_train.evaluate.settings import LeftOutConfig
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.export.stage import ExportConfig
from pointsman_train.pipeline import PipelineConfig, run_pipeline
from pointsman_train.split import SplitConfig
from pointsman_train.tracking import TrackingConfig

DOCS = Path(__file__).parent
MEASURED, PLOT, PAGE = DOCS / "measured" / "dask.json", DOCS / "plots" / "dask_memory.png", DOCS / "scale.md"

FOLDS = 2
# Parts, and prompts of the sample for training and for the test each.
CASES = ((1, 400), (10, 400), (50, 400), (10, 4_000))
STAGES = {
    "label": (
        *("dealing", "arranging", "finding near-duplicates", "joining near-duplicates", "counting groups"),
        *("drawing the split", "drawing the sample", "labelling"),
    ),
    "featurise": ("featurizing",),
    "predict": ("predicting the test prompts",),
}

# What the page assumes.
PROMPTS = 1e8
USD_PER_CORE_HOUR = 0.05
MACHINES, CORES, GIB = 16, 16, 64
IDLE = 0.3


def main() -> None:
    """Run every case in a process of its own, then write the page."""
    found = [_in_process(parts, sample) for parts, sample in CASES]
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    content = {"part": PART, "folds": FOLDS, "machine": machine, "cases": found}
    MEASURED.write_text(json.dumps(content, indent=1) + "\n")
    write_page(content)


def _in_process(parts: int, sample: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "case", str(parts), str(sample), folder]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    sys.stdout.write(f"{found}\n")
    return found


def measure(parts: int, sample: int, folder: Path) -> dict[str, Any]:
    """Measure one run."""
    make(folder / "data", parts * PART)
    spent = _Spent()
    with spent.watching():
        start = time.monotonic()
        run_pipeline(settings(folder, parts, sample), folder / "run")
        seconds = time.monotonic() - start
    store = sum(path.stat().st_size for path in (folder / "dask").rglob("*") if path.is_file())
    return {
        "parts": parts,
        "prompts": parts * PART,
        "sample": sample,
        "seconds": round(seconds, 1),
        "driver_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "driver_cpu_s": round(time.process_time(), 1),
        "worker_peak_mb": round(max(spent.peak)),
        "store_bytes": store,
        "cpu_s": {name: round(value, 2) for name, value in spent.cpu.items()},
        "trained": dict(spent.trained),
    }


def settings(folder: Path, parts: int, sample: int) -> PipelineConfig:
    """Return the default's settings, but for fewer folds and no second split, which is of the sample alone."""
    config = PipelineConfig(
        dataset=LongConfig(outcomes=str(folder / "data" / "outcomes"), prompts=str(folder / "data" / "prompts")),
        split=SplitConfig(folds=FOLDS),
        evaluate=EvaluateConfig(left_out=LeftOutConfig(enabled=False)),
        export=ExportConfig(folder=str(folder / "routers")),
        tracking=TrackingConfig(enabled=False),
        engine=EngineConfig(
            kind="dask", workers=2, memory="6GiB", folder=str(folder / "dask"), partitions=parts, sample=sample
        ),
    )
    config.train.min_prompts = 0
    # So that boosters are of the size that many prompts have, however many there are in a case.
    for booster in (config.train.per_model.booster, config.train.difference.booster, config.train.complexity.booster):
        booster.leaves = 15
    return replace(config)


class _Spent:
    """Processor time of the workers, by step, from outside."""

    def __init__(self) -> None:
        self.cpu: Counter[str] = Counter()
        self.trained: Counter[str] = Counter()
        self.peak: list[float] = [0.0]

    def watching(self) -> Any:
        from contextlib import contextmanager
        from unittest.mock import patch

        from pointsman_train.dask_engine import lessons
        from pointsman_train.dask_engine.cluster import Cluster

        each, train = Cluster.each, lessons.train_booster

        def each_timed(cluster: Cluster, work: Any, items: Any, what: str) -> Iterator[Any]:
            before = self._now(cluster)
            yield from list(each(cluster, work, items, what))
            self.cpu[what.split(" success")[0].split(" difference")[0]] += self._now(cluster) - before

        def train_timed(cluster: Cluster, training: Any) -> Any:
            kind = "label" if training.name.startswith("label") else "one target"
            before = self._now(cluster)
            found = train(cluster, training)
            self.cpu[f"training {kind}"] += self._now(cluster) - before
            self.trained[f"{kind} boosters"] += 1
            self.trained[f"{kind} rows"] += sum(training.rows.values())
            return found

        @contextmanager
        def watch() -> Iterator[None]:
            with patch.object(Cluster, "each", each_timed), patch.object(lessons, "train_booster", train_timed):
                yield

        return watch()

    def _now(self, cluster: Any) -> float:
        found = list(cluster.client.run(_usage).values())
        self.peak += [peak for _, peak in found]
        return sum(cpu for cpu, _ in found)


def _usage() -> tuple[float, float]:
    return time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_page(content: Mapping[str, Any]) -> None:
    """Write the tables of the page, and the picture."""
    of_parts = [one for one in content["cases"] if one["sample"] == CASES[0][1]]
    write_between(PAGE, "memory", _memory(of_parts, content["cases"]))
    write_between(PAGE, "cost", _cost(of_parts[-1]))
    write_between(PAGE, "sizing", _sizing(of_parts[-1], content["cases"]))
    _draw(of_parts)


def _memory(of_parts: list[dict[str, Any]], cases: list[dict[str, Any]]) -> str:
    lines = [
        "| parts | prompts | sample | driver's peak, MB | driver's processor time, s | a worker's peak, MB | seconds |",
        "| --- " * 7 + "|",
    ]
    lines += [
        f"| {one['parts']} | {one['prompts']:,} | {one['sample']:,} | {one['driver_peak_mb']:,} "
        f"| {_seconds(one)} | {one['worker_peak_mb']:,} | {one['seconds']:.0f} |"
        for one in [*of_parts, *(one for one in cases if one not in of_parts)]
    ]
    return "\n".join(lines)


def _seconds(one: Mapping[str, Any]) -> str:
    """Say the driver's processor time, which the run of 50 parts was not asked for."""
    return f"{one['driver_cpu_s']:.0f}" if "driver_cpu_s" in one else ""


def _rates(one: Mapping[str, Any]) -> dict[str, float]:
    """Processor seconds a prompt of each stage; of training, a prompt and booster."""
    cpu, prompts = one["cpu_s"], one["prompts"]
    per = {"label": prompts, "featurise": 0.8 * prompts, "predict": 0.2 * prompts}
    found = {stage: sum(cpu.get(step, 0.0) for step in steps) / per[stage] for stage, steps in STAGES.items()}
    for kind in ("one target", "label"):
        counting = cpu.get("counting label" if kind == "label" else "counting", 0.0)
        found[f"train, {kind}"] = (cpu[f"training {kind}"] + counting) / one["trained"][f"{kind} rows"]
    return found


_WORDS = {
    "label": "label: read, check, group near-duplicates, split, label",
    "featurise": "featurise a training prompt",
    "train, one target": "train one booster of success or difference (100 trees of 15 leaves), a row",
    "train, label": "train the label's booster (25 rounds of 4 trees), a row",
    "predict": "predict a test prompt, by the exported graph",
}


def _cost(one: Mapping[str, Any]) -> str:
    rates = _rates(one)
    lines = ["| stage | microseconds of a core | a second, each core |", "| --- " * 3 + "|"]
    lines += [f"| {words} | {1e6 * rates[stage]:.0f} | {1 / rates[stage]:,.0f} |" for stage, words in _WORDS.items()]
    return "\n".join(lines)


def _sizing(one: Mapping[str, Any], cases: list[dict[str, Any]]) -> str:
    rates, training, models, folds = _rates(one), 0.8 * PROMPTS, 3, 5
    passes = 1 + (folds - 1)  # on all prompts, and for each fold on the others
    boosters = models + 1 + (models - 1)
    seconds = {
        "label": PROMPTS * rates["label"],
        "featurise": training * rates["featurise"],
        "train": passes * training * (boosters * rates["train, one target"] + rates["train, label"]),
        "predict": 0.2 * PROMPTS * rates["predict"],
    }
    cores = MACHINES * CORES * (1 - IDLE)
    lines = ["| stage | core-hours | hours | USD |", "| --- " * 4 + "|"]
    for stage, value in [*seconds.items(), ("all", sum(seconds.values()))]:
        hours = value / 3600 / cores
        paid = hours * MACHINES * CORES * USD_PER_CORE_HOUR
        lines.append(f"| {stage} | {value / 3600:,.0f} | {hours:.2f} | {paid:,.0f} |")
    disk = one["store_bytes"] / one["prompts"] * PROMPTS
    memory, alone = _at_default(cases, "driver_peak_mb") / 1024, _at_default(cases, "driver_cpu_s") / 3600
    lines += [
        "",
        f"{MACHINES} machines of {CORES} cores and {GIB} GiB, at {USD_PER_CORE_HOUR} USD a core and hour, with "
        f"{IDLE:.0%} of the time spent waiting. Intermediate tables: {disk / 1e9:,.0f} GB.",
        "",
        f"Beside it the driver, which does its part alone: with the default sample of 200,000 about {memory:.0f} GiB "
        f"and {alone:.1f} hours of one core, by the line through the two samples above, without the second split.",
    ]
    return "\n".join(lines)


def _at_default(cases: list[dict[str, Any]], what: str) -> float:
    """Draw the line through the two samples, of the same prompts, to the default of 200,000."""
    small, large = (next(c for c in cases if (c["parts"], c["sample"]) == key) for key in (CASES[1], CASES[3]))
    slope = max(0.0, large[what] - small[what]) / (large["sample"] - small["sample"])
    return float(small[what] + slope * (200_000 - small["sample"]))


def _draw(of_parts: list[dict[str, Any]]) -> None:
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    x = [one["parts"] for one in of_parts]
    axes.plot(x, [one["driver_peak_mb"] for one in of_parts], "o-", label="driver, with the scheduler")
    axes.plot(x, [one["worker_peak_mb"] for one in of_parts], "s--", label="the larger of two workers")
    axes.set(xlabel=f"parts of {PART:,} prompts", ylabel="peak memory, MB", ylim=(0, 700))
    axes.legend(frameon=False)
    figure.savefig(PLOT, dpi=120)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["case", parts, sample, folder]:
            result = measure(int(parts), int(sample), Path(folder))
            sys.stdout.write(json.dumps(result) + "\n")
        case ["page"]:
            write_page(json.loads(MEASURED.read_text()))
        case _:
            main()
