"""What a diagnosis says: for the terminal, as a page with plots, as JSON and for tracking."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check
from pointsman_train.study.plots import draw_intervals, error_bars, labels_axis, save
from pointsman_train.study.task import Report
from pointsman_train.writing import as_json, write_json, write_text

_SAID = {PAYS: "routing pays", WILL_NOT: "routing will not pay", CANNOT_TELL: "cannot tell whether routing pays"}


def write_page(checks: Sequence[Check], verdict: tuple[str, str], run_dir: Path) -> Report:
    """Write ``diagnose.json``, ``diagnose.md`` and ``diagnose_<check>.png``."""
    plots = {check.name: plot for check in checks if (plot := draw(check, run_dir)) is not None}
    files = (
        write_json(diagnosis_json(checks, verdict), run_dir / "diagnose.json"),
        write_text(page(checks, verdict, plots), run_dir / "diagnose.md"),
        *plots.values(),
    )
    flat = {f"diagnose/{check.name}/{name}": one for check in checks for name, one in check.figures.items()}
    figures = {f"{name}{end}": value for name, one in flat.items() for end, value in _ends(one).items()}
    return Report(figures, files, told(checks, verdict))


def told(checks: Sequence[Check], verdict: tuple[str, str]) -> str:
    """Sum up the diagnosis for a terminal."""
    lines = [f"{_SAID[verdict[0]]}: {verdict[1]}"]
    for check in checks:
        lines.append(f"\n{check.name}: {check.verdict}. {check.question}")
        for text in (check.found, f"-> {check.advice}"):
            lines += textwrap.wrap(text, 118, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def page(checks: Sequence[Check], verdict: tuple[str, str], plots: Mapping[str, Path]) -> str:
    """Write the page."""
    said = _SAID[verdict[0]]
    parts = ["# Does routing pay?", f"**{said[0].upper()}{said[1:]}**: {verdict[1]}. 95 % intervals."]
    for check in checks:
        parts += [f"## {check.question}", f"**{check.name}: {check.verdict}.** {check.found}", check.advice]
        if check.name in plots:
            parts.append(f"![{check.name}]({plots[check.name].name})")
    return "\n\n".join(parts)


def diagnosis_json(checks: Sequence[Check], verdict: tuple[str, str]) -> dict[str, Any]:
    """Return every check with its figures and their intervals."""
    return {
        "verdict": verdict[0],
        "why": verdict[1],
        "checks": {
            check.name: {
                "question": check.question,
                "verdict": check.verdict,
                "found": check.found,
                "advice": check.advice,
                "figures": {name: as_json(one) for name, one in check.figures.items()},
                "parts": {
                    name: {part: as_json(one) for part, one in parts.items()} for name, parts in check.parts.items()
                },
            }
            for check in checks
        },
    }


def draw(check: Check, run_dir: Path) -> Path | None:
    """Draw what a check has to show; None where that is nothing."""
    drawing = {
        "headroom": lambda figure: draw_intervals(figure.subplots(), check.parts["single models"], 0.0, "mean score"),
        "balance": lambda figure: draw_intervals(figure.subplots(), check.parts["labels"], 0.0, "share of the prompts"),
        "labels": lambda figure: _draw_labels(figure, check),
        "sources": lambda figure: _draw_sources(figure, check),
    }.get(check.name)
    if drawing is None or not check.parts:
        return None
    return save(run_dir / f"diagnose_{check.name}.png", drawing, (8, 3.5))


def _draw_labels(figure: Figure, check: Check) -> None:
    for axes, (name, title) in zip(
        figure.subplots(1, 2), (("hull_gain", "hull gain"), ("auc_macro", "AUC")), strict=True
    ):
        sizes = [float(size) for size in check.parts[name]]
        error_bars(axes, sizes, list(check.parts[name].values()), "o-", "tab:blue")
        labels_axis(axes, sizes)
        axes.set_title(title)


def _draw_sources(figure: Figure, check: Check) -> None:
    panels = {
        "quality_gain": "score against the best single model",
        "unfamiliar_share": "share on which the guard fires",
    }
    drawn = {name: unit for name, unit in panels.items() if name in check.parts}
    for axes, (name, unit) in zip(figure.subplots(1, len(drawn), squeeze=False)[0], drawn.items(), strict=True):
        draw_intervals(axes, check.parts[name], 0.0, unit)


def _ends(one: Estimate) -> dict[str, float]:
    return {"": one.value, "_low": one.low, "_high": one.high}
