"""What a learning curve says: for the terminal, as a page, as JSON and for tracking."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.export.card import table
from pointsman_train.study.headline import HEADLINE
from pointsman_train.study.learning_curve import LearningCurve, LearningCurveConfig, measure_curve
from pointsman_train.study.power_law import LEAST_SIZES
from pointsman_train.study.task import Report, Task
from pointsman_train.writing import as_json, write_json, write_text

NAMES = {
    "hull_gain": "HG",
    "cs90": "CS90",
    "auc_macro": "AUC",
    "log_loss": "log loss",
    "boundary_accuracy_half_cost": "boundary accuracy at half cost",
}


def learning_curve(task: Task, config: LearningCurveConfig, run_dir: Path) -> Report:
    """Measure the curve and write ``learning_curve.json``, ``.md`` and ``.png``."""
    # matplotlib is slow to import, and most runs draw nothing of this.
    from pointsman_train.study.plots import draw_learning_curve, save

    curve = measure_curve(task, config, run_dir / "points")
    text = told(curve)
    files = (
        write_json(curve_json(curve), run_dir / "learning_curve.json"),
        save(run_dir / "learning_curve.png", lambda figure: draw_learning_curve(figure, curve), (10, 4)),
        write_text(page(curve), run_dir / "learning_curve.md"),
    )
    return Report(curve_figures(curve), files, text)


def told(curve: LearningCurve) -> str:
    """Sum up the curve for a terminal."""
    lines = [f"learning curve, judged on the same {curve.prompts} test prompts, 95 % intervals"]
    width = 22
    lines.append(f"  {'labels':>8}  " + "".join(f"{NAMES[name]:<{width}}" for name in HEADLINE))
    for k, size in enumerate(curve.sizes):
        lines.append(f"  {size:>8}  " + "".join(f"{curve.figures[name][k]!s:<{width}}" for name in HEADLINE).rstrip())
    lines.append(f"  log loss of always guessing each model's success rate: {curve.guess:.3f}")
    return "\n".join([*lines, outlook(curve)])


def outlook(curve: LearningCurve) -> str:
    """Say what the next labels would buy."""
    more = f"the next {curve.next_labels:,} labels"
    if not curve.gains:
        return (
            f"What {more} would buy cannot be told: it takes {LEAST_SIZES} sizes to fit a law, "
            f"there are {len(curve.sizes)}."
        )
    lines = [
        f"By the law error = a + b n^-c, {more} would buy{'' if curve.buys else ' nothing measurable in routing'}:",
        *(f"  {NAMES[name]:<8} {_bought(name, gain)}" for name, gain in curve.gains.items()),
    ]
    if curve.next_labels > curve.sizes[-1]:
        times = 1 + curve.next_labels / curve.sizes[-1]
        lines.append(f"  That is {times:.1f} times the labels there are: a long way to continue a curve.")
    return "\n".join(lines)


def _bought(name: str, gain: Estimate) -> str:
    if math.isnan(gain.low):
        return "cannot be told: undefined in too many resamples"
    sign = -1 if name == "log_loss" else 1
    value, *ends = sign * gain.value, *sorted((sign * gain.low, sign * gain.high))
    interval = f"{value:+.3f} [{ends[0]:+.3f}, {ends[1]:+.3f}]"
    if gain.low <= 0 <= gain.high:
        return f"{interval}: nothing measurable"
    return interval if gain.low > 0 else f"{interval}: it gets worse"


def page(curve: LearningCurve) -> str:
    """Write the page."""
    rows = [[f"{size:,}", *(str(curve.figures[name][k]) for name in HEADLINE)] for k, size in enumerate(curve.sizes)]
    return "\n\n".join(
        [
            "# Learning curve",
            f"Routers trained on nested random subsets of the training prompts, judged on the same {curve.prompts} "
            "test prompts. 95 % intervals over test prompts and draws of the subsets.",
            table(["labels", *(NAMES[name] for name in HEADLINE)], rows),
            f"Log loss of always guessing each model's success rate: {curve.guess:.3f}.",
            f"```text\n{outlook(curve)}\n```",
            "![learning curve](learning_curve.png)",
        ]
    )


def curve_json(curve: LearningCurve) -> dict[str, Any]:
    """Return the figures of each size and the gains, with their intervals."""
    return {
        "test_prompts": curve.prompts,
        "labels": list(curve.sizes),
        "figures": {name: [as_json(one) for one in row] for name, row in curve.figures.items()},
        "log_loss_of_guessing": curve.guess,
        "next_labels": curve.next_labels,
        "gains": {name: as_json(gain) for name, gain in curve.gains.items()},
        "buys": curve.buys,
        "laws": {
            name: {"a": float(law.floor[0]), "b": float(law.scale[0]), "c": float(law.exponent[0])}
            for name, law in curve.laws.items()
            if not math.isnan(law.floor[0])
        },
    }


def curve_figures(curve: LearningCurve) -> dict[str, float]:
    """Flatten for tracking."""
    flat = {"learning_curve/log_loss_of_guessing": curve.guess}
    for name, row in curve.figures.items():
        for size, one in zip(curve.sizes, row, strict=True):
            flat |= _ends(f"learning_curve/{size}/{name}", one)
    for name, gain in curve.gains.items():
        flat |= _ends(f"learning_curve/next_{curve.next_labels}/{name}", gain)
    return flat


def _ends(name: str, one: Estimate) -> dict[str, float]:
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
