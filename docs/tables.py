"""Train on the open data sets and write the README's tables from what was measured.

usage: python docs/tables.py [SET ...]     (default: all; the tables are written from every set measured so far)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "docs" / "measured"
SETS = ("llmrouter", "mmlu_pro", "zeroeval", "routellm", "embedded")
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"

QUALITY = {
    "hull_gain": "HG",
    "cs90": "CS90",
    "boundary_accuracy_half_cost": "boundary accuracy at half cost",
    "boundary_label_accuracy": "boundary label accuracy",
    "label_accuracy": "label accuracy",
    "auc_macro": "AUC",
    "ece": "ECE",
}
BASELINES = ("cheapest", "best_single", "random_mix", "source_oracle", "oracle")


def main(names: list[str]) -> None:
    """Measure the sets named, and write the tables."""
    MEASURED.mkdir(parents=True, exist_ok=True)
    for name in names or SETS:
        measured = measure(name)
        (MEASURED / f"{name}.json").write_text(json.dumps(measured, indent=1) + "\n")
    sets = {name: json.loads(path.read_text()) for name in SETS if (path := MEASURED / f"{name}.json").is_file()}
    write_between(ROOT / "README.md", "\n\n".join(tables(sets)))


def measure(name: str) -> dict[str, Any]:
    """Run every stage on one set, without MLflow, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent / "pointsman-train"), "tracking=none", f"hydra.run.dir={folder}/run"]
        command += [f"export.folder={folder}/routers"] + ([] if name == "embedded" else [f"experiment={name}"])
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        if status:
            raise SystemExit(f"{' '.join(command)} failed with status {status}")
        metrics = json.loads(Path(folder, "run", "metrics.json").read_text())
        data = json.loads(Path(folder, "run", "data.json").read_text())
        bundle = next(Path(folder, "routers").glob("*/1/router.onnx")).stat().st_size
    cost = {"seconds": round(seconds, 1), "peak_mb": round(usage.ru_maxrss / 1024), "onnx_mb": round(bundle / 1e6, 1)}
    return {"run": cost, "data": data, "metrics": metrics}


def tables(sets: dict[str, Any]) -> list[str]:
    """Write the tables of quality, of baselines, of operating points and of what a run cost."""
    quality = [[name, shape(s), *(figure(s, f"test/{key}") for key in QUALITY)] for name, s in sets.items()]
    rivals = [
        [name, figure(s, "test/hull_gain"), *(figure(s, f"baseline/{b}/hull_gain") for b in BASELINES)]
        for name, s in sets.items()
    ]
    cost = [[name, *(str(s["run"][key]) for key in ("seconds", "peak_mb", "onnx_mb"))] for name, s in sets.items()]
    return [
        table(["set", "prompts, judged x models", *QUALITY.values()], quality),
        "HG of the router and of the baselines, on the same prompts and resamples:",
        table(["set", "router", *(b.replace("_", " ") for b in BASELINES)], rivals),
        "Operating points, fitted out of fold, on the test split:",
        table(["set", "point", "mean score", "best single", "cost saved against it", "under-routing"], points(sets)),
        "One run of all stages, tracking off, on two shared cores:",
        table(["set", "seconds", "peak memory, MB", "router.onnx, MB"], cost),
    ]


def points(sets: dict[str, Any]) -> list[list[str]]:
    """One row for each set and operating point."""
    return [
        [
            name,
            point,
            figure(s, f"operating_point/{point}/quality"),
            figure(s, "baseline/best_single/quality"),
            figure(s, f"operating_point/{point}/cost_saving"),
            figure(s, f"operating_point/{point}/under_routing_rate"),
        ]
        for name, s in sets.items()
        for point in ("no_loss", "balanced", "half_cost")
    ]


def shape(measured: dict[str, Any]) -> str:
    """Prompts, those that could be judged (a label, and an outcome of every model), and models."""
    data, judged = measured["data"], int(measured["metrics"]["test/prompts"])
    return f"{data['prompts']:,}, {judged:,} x {len(data['models'])}"


def figure(measured: dict[str, Any], name: str) -> str:
    """Write a figure with its interval."""
    value, low, high = (measured["metrics"].get(f"{name}{end}") for end in ("", "_low", "_high"))
    if value is None:
        return "undefined"
    return f"{value:.3f}" if low is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def write_between(path: Path, text: str) -> None:
    """Replace what stands between the markers."""
    before, rest = path.read_text().split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main(sys.argv[1:])
