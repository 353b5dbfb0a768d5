"""Diagnose the open data sets, and write the tables and plots of docs/when-routing-pays.md from what was measured.

usage: python docs/when_routing_pays.py [SET ...]     (SET "none": measure nothing, write from what was measured before)
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parent
MEASURED, PLOTS, PAGE = DOCS / "measured" / "diagnose", DOCS / "plots", DOCS / "when-routing-pays.md"
SETS = ("embedded", "llmrouter", "zeroeval", "routellm", "mmlu_pro")
CHECKS = ("headroom", "balance", "noise", "gain", "labels", "sources")
SETTINGS = ("stages=[diagnose]", "tracking=none", "evaluate.resamples=1000")
BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"


def main(names: list[str]) -> None:
    """Measure the sets named, all by default, and write."""
    MEASURED.mkdir(parents=True, exist_ok=True)
    for name in names or SETS:
        if name != "none":
            measure(name)
    sets = {name: json.loads(path.read_text()) for name in SETS if (path := MEASURED / f"{name}.json").is_file()}
    for name, draw in {
        "headroom": headroom,
        "gain": gain,
        "labels": labels,
        "sources": sources,
        "noise": noise,
    }.items():
        save(PLOTS / f"pays_{name}.png", draw, sets)
    write_between("verdicts", verdicts(sets))
    for check in CHECKS:
        write_between(check, said(sets, check))


def measure(name: str) -> None:
    """Run the diagnosis of one set in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent / "pointsman-train"), *SETTINGS, f"hydra.run.dir={folder}/run"]
        command += [] if name == "embedded" else [f"experiment={name}"]
        subprocess.run(command, cwd=DOCS.parent, check=True, stdout=subprocess.DEVNULL)
        shutil.copy(Path(folder, "run", "diagnose.json"), MEASURED / f"{name}.json")


def verdicts(sets: dict[str, Any]) -> str:
    """Write a table of the verdicts, a row a set."""
    rows = [
        [name, f"**{s['verdict']}**", *(s["checks"][check]["verdict"] for check in CHECKS)] for name, s in sets.items()
    ]
    return "\n".join(
        f"| {' | '.join(row)} |" for row in [["set", "verdict", *CHECKS], ["---"] * (len(CHECKS) + 2), *rows]
    )


def said(sets: dict[str, Any], check: str) -> str:
    """Write what a check said of each set."""
    return "\n".join(
        f"- **{name}**, {s['checks'][check]['verdict']}: {s['checks'][check]['found']}" for name, s in sets.items()
    )


def headroom(figure: Figure, sets: dict[str, Any]) -> None:
    """Score gained and cost saved by knowing every outcome."""
    panels = {
        "oracle_gain": ("score gained by knowing every outcome", 0.01),
        "oracle_saving": ("cost saved by it", 0.1),
    }
    for axes, (name, (unit, level)) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        intervals(axes, {s: one["checks"]["headroom"]["figures"][name] for s, one in sets.items()}, unit, level)


def gain(figure: Figure, sets: dict[str, Any]) -> None:
    """Hull gain."""
    rows = {name: s["checks"]["gain"]["figures"].get("hull_gain") for name, s in sets.items()}
    intervals(figure.subplots(), {name: one for name, one in rows.items() if one}, "hull gain, cross-fitted", 0.0)


def labels(figure: Figure, sets: dict[str, Any]) -> None:
    """Hull gain and AUC against labels."""
    for axes, (name, title) in zip(
        figure.subplots(1, 2), {"hull_gain": "hull gain", "auc_macro": "AUC"}.items(), strict=True
    ):
        for s, one in sets.items():
            points = one["checks"]["labels"]["parts"].get(name, {})
            sizes = [int(size) for size in points]
            axes.plot(sizes, [point["value"] for point in points.values()], "o-", ms=4, label=s)
        axes.set_xscale("log")
        axes.set_xticks(
            [250, 500, 1_000, 2_000, 4_000, 8_000], ["250", "500", "1,000", "2,000", "4,000", "8,000"], fontsize=8
        )
        axes.set_xticks([], minor=True)
        axes.set_xlabel("labels")
        axes.set_title(title)
    axes.legend(fontsize=8)


def sources(figure: Figure, sets: dict[str, Any]) -> None:
    """Score lost on sources left out, and how often the guard fires."""
    panels = {
        "quality_gain": "score against the best single model",
        "unfamiliar_share": "share on which the guard fires",
    }
    for axes, (name, unit) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        rows = {
            f"{s}: {source}": point
            for s, one in sets.items()
            for source, point in one["checks"]["sources"]["parts"].get(name, {}).items()
        }
        intervals(axes, rows, unit, -0.02 if name == "quality_gain" else 0.05)


def noise(figure: Figure, sets: dict[str, Any]) -> None:
    """Share of the outcomes' variance that is chance."""
    rows = {name: s["checks"]["noise"]["figures"].get("noise") for name, s in sets.items()}
    intervals(
        figure.subplots(), {name: one for name, one in rows.items() if one}, "share of chance in the outcomes", 0.5
    )


def intervals(axes: Axes, rows: dict[str, Any], unit: str, level: float) -> None:
    """Draw an interval a row, with a line at what it is judged by."""
    for y, one in zip(range(len(rows), 0, -1), rows.values(), strict=True):
        if one["low"] is not None:
            axes.plot([one["low"], one["high"]], [y, y], color="tab:blue", lw=2)
        axes.plot([np.nan if one["value"] is None else one["value"]], [y], "o", color="tab:blue", ms=4)
    axes.axvline(level, color="tab:red", lw=1, ls="--")
    axes.set_yticks(range(len(rows), 0, -1), list(rows), fontsize=8)
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(unit)


def save(path: Path, draw: Any, sets: dict[str, Any]) -> None:
    """Draw into a PNG file."""
    figure = Figure(figsize=(9, 6 if path.stem == "pays_sources" else 3), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure, sets)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def write_between(name: str, text: str) -> None:
    """Replace what stands between the markers of this name."""
    begin, end = BEGIN.format(name), END.format(name)
    before, rest = PAGE.read_text(encoding="utf-8").split(begin)
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
