"""How long one machine trains, and in how much memory, by the number of prompts: from Parquet to an exported router.

usage: python docs/bench_train.py [PROMPTS ...]     (default: 10,000 to 1,000,000; sizes that are measured are kept)

Prompts are resampled from real ones (docs/resampled.py), with the outcomes of five models. Each size is a process of
its own with the default settings, all stages, MLflow left out. Writes docs/measured/train.json, the plot and the table
of docs/scale.md; ``--again`` measures sizes anew.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator, NullFormatter
from quality_tables import table, write_between
from resampled import MODELS, write

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "docs" / "measured" / "train.json"
PLOT = ROOT / "docs" / "plots" / "train.png"
PAGE = ROOT / "docs" / "scale.md"
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
# What is asked of 100,000 prompts.
AT, MOST_S, MOST_MB = 100_000, 300, 2_000


def main() -> None:
    """Measure what is missing, then draw and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("prompts", nargs="*", type=int, default=SIZES)
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = json.loads(MEASURED.read_text()) if MEASURED.is_file() else {}
    for prompts in options.prompts:
        if options.again or str(prompts) not in found:
            found[str(prompts)] = measure(prompts)
            MEASURED.write_text(json.dumps(dict(sorted(found.items(), key=lambda one: int(one[0]))), indent=1) + "\n")
    rows = sorted((int(prompts), one) for prompts, one in found.items())
    _draw(rows)
    write_between(PAGE, "one machine", _table(rows))


def measure(prompts: int) -> dict[str, float]:
    """Train on so many prompts; seconds, processor seconds and the most memory, of the whole command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(prompts, folder)
        files = [f"dataset.{kind}={folder / kind / 'part-00000.parquet'}" for kind in ("prompts", "outcomes")]
        command = [str(Path(sys.executable).parent / "pointsman-train"), "dataset=outcomes", *files, "tracking=none"]
        command += [f"export.folder={folder / 'routers'}", f"hydra.run.dir={folder / 'run'}"]
        start, load = time.monotonic(), os.getloadavg()[0]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"training on {prompts:,} prompts failed with {status}")
        return {
            "seconds": round(time.monotonic() - start, 1),
            "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
            "megabytes": round(used.ru_maxrss / 1e3),
            "load_before": round(load, 2),
        }


def _draw(rows: list[tuple[int, dict[str, float]]]) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    prompts = [n for n, _ in rows]
    for axis, key, label in zip(axes, ("seconds", "megabytes"), ("minutes", "most memory, GB"), strict=True):
        unit = 60 if key == "seconds" else 1_000
        values = [one[key] / unit for _, one in rows]
        axis.loglog(prompts, values, "o-", color="#2a6f97", label="measured")
        axis.loglog(prompts, [values[-1] * n / prompts[-1] for n in prompts], ":", color="#888888", label="linear")
        axis.plot(AT, (MOST_S if key == "seconds" else MOST_MB) / unit, "v", color="#c1121f", label="asked for")
        axis.set_xlabel("prompts")
        axis.set_ylabel(label)
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axis.set_ylim(bottom=min(values) / 2)
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.legend()
        axis.grid(alpha=0.3, which="both")
    figure.savefig(PLOT, dpi=110)


def _table(rows: list[tuple[int, dict[str, float]]]) -> str:
    head = ["prompts", "seconds", "processor seconds", "most memory, MB", "seconds per 10,000 prompts"]
    body = [
        [
            f"{n:,}",
            f"{one['seconds']:,.0f}",
            f"{one['processor_seconds']:,.0f}",
            f"{one['megabytes']:,.0f}",
            f"{one['seconds'] / n * 1e4:.1f}",
        ]
        for n, one in rows
    ]
    load = max(one["load_before"] for _, one in rows)
    return (
        table(head, body) + f"\n\n{MODELS} models, {os.cpu_count()} cores, a load of at most {load:.1f} before a run."
    )


if __name__ == "__main__":
    main()
