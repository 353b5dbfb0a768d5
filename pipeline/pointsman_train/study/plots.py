"""Plots of the studies."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.study.learning_curve import LearningCurve


def save(path: Path, draw: Callable[[Figure], None], size: tuple[float, float] = (7, 5)) -> Path:
    """Draw a figure, in inches of this size, into a PNG file; returns the path."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def draw_learning_curve(figure: Figure, curve: LearningCurve) -> None:
    """Draw hull gain, AUC and log loss against labels, with the fitted laws continued to the next labels."""
    titles = {"hull_gain": "hull gain", "auc_macro": "AUC", "log_loss": "log loss"}
    for axes, (name, title) in zip(figure.subplots(1, 3), titles.items(), strict=True):
        error_bars(axes, curve.sizes, curve.figures[name], "o-", "tab:blue")
        if name in curve.laws:
            n = np.geomspace(curve.sizes[0], curve.sizes[-1] + curve.next_labels, 60)
            error = np.array([float(curve.laws[name].at(float(each))[0]) for each in n])
            axes.plot(n, error if name == "log_loss" else 1 - error, ":", color="tab:orange", label="fitted law")
        level = {"hull_gain": 0.0, "auc_macro": 0.5, "log_loss": curve.guess}[name]
        axes.axhline(level, color="tab:gray", lw=1, ls="--", label="random mix" if name == "hull_gain" else "guessing")
        labels_axis(axes, curve.sizes)
        axes.set_title(title)
        axes.legend(fontsize=7)


def labels_axis(axes: Axes, sizes: Sequence[float]) -> None:
    """Lay out a logarithmic axis of labels, marked at the sizes alone."""
    axes.set_xscale("log")
    axes.set_xticks(list(sizes), [f"{size:,.0f}" for size in sizes], fontsize=7)
    axes.set_xticks([], minor=True)
    axes.set_xlabel("labels")


def error_bars(axes: Axes, x: Sequence[float], estimates: Sequence[Estimate], style: str, color: str) -> None:
    """Draw estimates with their intervals; what is undefined is left out."""
    value, low, high = (np.array([getattr(one, end) for one in estimates]) for end in ("value", "low", "high"))
    # An interval may lie beside its value by a rounding error, which matplotlib refuses.
    reach = np.clip(np.nan_to_num([value - low, high - value]), 0.0, None)
    axes.errorbar(x, value, yerr=reach, fmt=style, color=color, capsize=3, ms=4)


def draw_intervals(axes: Axes, rows: Mapping[str, Estimate], level: float, unit: str) -> None:
    """Draw one estimate a row, named at the left, with a line at a level to compare with."""
    places = np.arange(len(rows))[::-1].astype(np.float64)
    for y, one in zip(places, rows.values(), strict=True):
        if not math.isnan(one.low):
            axes.plot([one.low, one.high], [y, y], color="tab:blue", lw=2)
        axes.plot([one.value], [y], "o", color="tab:blue")
    axes.axvline(level, color="tab:gray", lw=1, ls="--")
    axes.set_yticks(places, list(rows), fontsize=8)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel(unit)
