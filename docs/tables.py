"""Train on the open data sets and write the README's tables from their MLflow runs.

usage: python docs/tables.py [SET ...]     (default: all; the tables are written from every set measured so far)

Each set's run, with its report.html, is kept in runs/tables/SET, and its MLflow run in runs/tables/mlflow.db.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "docs" / "measured"
RUNS = ROOT / "runs" / "tables"
STORE = f"sqlite:///{RUNS}/mlflow.db"
SETS = ("llmrouter", "mmlu_pro", "zeroeval", "routellm", "embedded")
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"

QUALITY = {
    "boundary_accuracy_half_cost": "boundary accuracy at half cost",
    "boundary_label_accuracy": "boundary label accuracy",
    "hull_gain": "HG",
    "cs90": "CS90",
    "label_accuracy": "label accuracy",
    "auc_macro": "AUC",
    "ece": "ECE",
}
SPLITS = {
    "test/hull_gain": "HG, random split",
    "left_out/hull_gain": "HG, sources left out",
    "left_out_gap/hull_gain": "gap of HG",
    "left_out_gap/auc_macro": "gap of AUC",
    "left_out_gap/boundary_accuracy": "gap of boundary accuracy",
    "left_out/guard_share": "guard fires, sources left out",
}
BOUNDARY = {
    "test/boundary_accuracy": "boundary accuracy",
    "test/under_routing_rate": "under-routing",
    "test/over_routing_rate": "over-routing",
    "robustness/all": "same choice under noise",
    "source_probe/recovered": "source told by the features",
}
# What each named target asks for, and the figures that tell whether it is kept.
TARGETS = {
    "quality_98": {"quality_share": "mean score at least 0.98 of the best single model's"},
    "cost_40": {"dearest_cost_share": "cost at most 0.40 of the dearest model's"},
    "careful": {
        "under_routing_rate": "under-routing at most 0.02, guaranteed",
        "quality_gain": "mean score at least -0.01 against the best single model's",
    },
    "guaranteed": {"under_routing_rate": "under-routing at most 0.05, guaranteed"},
}
ROUTELLM = {"apgr": "APGR", "cpt50": "CPT50", "cpt80": "CPT80"}
# Hundreds of figures that no table shows; the run has them.
LEFT_TO_THE_RUN = ("slice/", "left_out/source/")
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
    """Run every stage on one set, tracked, in a process of its own."""
    folder = RUNS / name
    shutil.rmtree(folder, ignore_errors=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    command = [
        str(Path(sys.executable).parent / "pointsman-train"),
        f"tracking.uri={STORE}",
        "tracking.experiment=tables",
    ]
    command += ["operating_points=targets", "train.operating_points.default=balanced"]
    command += [f"tracking.registered_model={name}", f"hydra.run.dir={folder}", f"export.folder={folder}/routers"]
    command += [] if name == "embedded" else [f"experiment={name}"]
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    (bundle,) = (folder / "routers").glob("*/1")
    size = (bundle / "router.onnx").stat().st_size
    cost = {"seconds": round(seconds, 1), "peak_mb": round(usage.ru_maxrss / 1024), "onnx_mb": round(size / 1e6, 1)}
    data = json.loads((folder / "data.json").read_text())
    manifest = json.loads((bundle / "router.json").read_text())
    targets = {point: found["target"] for point, found in manifest["operating_points"].items()}
    return {
        "run": cost,
        "data": data,
        "targets": targets,
        "metrics": tracked(manifest["mlflow_run_id"], json.loads((folder / "metrics.json").read_text())),
    }


def tracked(run_id: str, metrics: dict[str, float | None]) -> dict[str, float | None]:
    """Return the figures of the MLflow run, once it is sure that they are those of the run's own file."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from mlflow import MlflowClient

    logged = MlflowClient(STORE).get_run(run_id).data.metrics
    shown = {name: value for name, value in metrics.items() if not name.startswith(LEFT_TO_THE_RUN)}
    for name, value in shown.items():
        # MLflow has no place for what is undefined, and none for some characters in a name.
        if logged.get(name) != value and re.fullmatch(r"[/\w.\- :]+", name):
            raise SystemExit(f"{name} is {value!r} in metrics.json and {logged.get(name)!r} in the MLflow run {run_id}")
    return shown


def tables(sets: dict[str, Any]) -> list[str]:
    """Write the tables of quality, of baselines, of operating points and of what a run cost."""
    quality = [[name, shape(s), *(figure(s, f"test/{key}") for key in QUALITY)] for name, s in sets.items()]
    rivals = [
        [name, figure(s, "test/hull_gain"), *(figure(s, f"baseline/{b}/hull_gain") for b in BASELINES)]
        for name, s in sets.items()
    ]
    splits = [[name, *(figure(s, key) for key in SPLITS)] for name, s in sets.items()]
    boundary = [[name, *(figure(s, key) for key in BOUNDARY)] for name, s in sets.items()]
    pairs = [
        [name, *(figure(s, f"test/{key}{way}") for key in ROUTELLM for way in ("", "_binned"))]
        for name, s in sets.items()
        if len(s["data"]["models"]) == 2
    ]
    cost = [[name, *(str(s["run"][key]) for key in ("seconds", "peak_mb", "onnx_mb"))] for name, s in sets.items()]
    return [
        table(["set", "prompts, judged x models", *QUALITY.values()], quality),
        "At the default operating point, as served:",
        table(["set", *BOUNDARY.values()], boundary),
        "Two splits, judged on the same prompts: as trained, and trained anew without any prompt of the judged source. "
        "The gap is what knowing the source is worth:",
        table(["set", *SPLITS.values()], splits),
        "HG of the router and of the baselines, on the same prompts and resamples:",
        table(["set", "router", *(b.replace("_", " ") for b in BASELINES)], rivals),
        "Operating points, fitted out of fold, on the test split:",
        table(["set", "point", "mean score", "best single", "cost saved against it", "under-routing"], points(sets)),
        "Named targets (`operating_points=targets`), fitted out of fold, and what they hold on the test split; where "
        "no setting reaches one, the nearest is served and the manifest says so:",
        table(["set", *(f"{point}: {asked}" for point in TARGETS for asked in TARGETS[point].values())], targets(sets)),
        "Between two models, the exact computation and RouteLLM's own, over ten bins:",
        table(["set", *(f"{name}, {way}" for name in ROUTELLM.values() for way in ("exact", "RouteLLM's"))], pairs),
        "One run of all stages with both splits, tracked, on two shared cores:",
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


def targets(sets: dict[str, Any]) -> list[list[str]]:
    """One row for each set: what each named target holds."""
    return [
        [name, *(_held(s, point, figure) for point, figures in TARGETS.items() for figure in figures)]
        for name, s in sets.items()
    ]


def _held(measured: dict[str, Any], point: str, name: str) -> str:
    held = figure(measured, f"operating_point/{point}/{name}")
    return f"{held}, not reached" if measured["targets"][point].startswith("not reached") else held


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
