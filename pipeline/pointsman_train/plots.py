"""What people would rather look at than read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.stats import binomtest

from pointsman_train.data import Bools, Floats
from pointsman_train.datasets.selected import effective_size
from pointsman_train.evaluate.hull import upper_hull
from pointsman_train.evaluate.router import Point, Router
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.label.labels import ALL_FAIL

_BINS = 15
_POINTS = "o^vDP*Xpd"
_COLOURS = ("tab:blue", "tab:orange")

Drawing: TypeAlias = Callable[[Figure, Evaluation], None]
"""Draws an evaluation on an empty figure."""


def write_plots(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Draw the cost-quality curve, the reliability curves and the labels; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawings: Mapping[str, Drawing] = {
        "cost_quality": draw_cost_quality,
        "reliability": draw_reliability,
        "labels": draw_labels,
    }
    paths = []
    for name, draw in drawings.items():
        figure = Figure(figsize=(7, 5), layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure, evaluation)
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=150)
        paths.append(path)
    return paths


def draw_cost_quality(figure: Figure, evaluation: Evaluation) -> None:
    """Mean score against mean cost: the sweep, the operating points, single models, their hull, and both oracles."""
    axes: Axes = figure.subplots()
    testset = evaluation.testset
    unit = _draw_hull(axes, testset)
    for name, style in (("source_oracle", "tab:green"), ("oracle", "tab:purple")):
        points = _points(evaluation.baselines[name], testset)
        marker = "*" if len(points) == 1 else None
        axes.plot(points[:, 0] / unit, points[:, 1], color=style, marker=marker, lw=1, label=name.replace("_", " "))
    points = _points(evaluation.router, testset)
    axes.plot(points[:, 0] / unit, points[:, 1], color="tab:blue", lw=2, label="router")
    for marker, (name, figures) in zip(cycle(_POINTS), evaluation.point_figures.items(), strict=False):
        at = figures["cost_usd"].value / unit, figures["quality"].value
        axes.plot(*at, marker, color="tab:orange", ms=7, mec="black", mew=0.6, ls="none", label=f"point {name}")
    _draw_singles(axes, testset, unit)
    figure.legend(fontsize=7.5, loc="outside lower center", ncols=2, frameon=False)


def draw_curves(figure: Figure, testset: TestSet, routers: Mapping[str, Router]) -> None:
    """Draw the curves of several routers on the same prompts, each with its default operating point."""
    axes: Axes = figure.subplots()
    unit = _draw_hull(axes, testset)
    # Wide below narrow, so that curves that lie on each other both show.
    for width, colour, (name, router) in zip(cycle((4, 1.5)), cycle(_COLOURS), routers.items(), strict=False):
        points = _points(router, testset)
        axes.plot(points[:, 0] / unit, points[:, 1], color=colour, lw=width, label=name)
        x, y = _point(router.default, testset)
        axes.plot(x / unit, y, "o", color=colour, ms=7, mec="black", mew=0.6, ls="none", label=f"{name}, as served")
    _draw_singles(axes, testset, unit)
    figure.legend(fontsize=7.5, loc="outside lower center", ncols=2, frameon=False)


def _draw_hull(axes: Axes, testset: TestSet) -> float:
    """Draw the random mix of single models; returns the cost that is 1 on the axis."""
    cost, score = testset.mean(testset.cost_usd), testset.mean(testset.score)
    unit = float(cost.max()) or 1.0
    hull = upper_hull(cost[None], score[None])
    axes.plot(hull.cost[0] / unit, hull.score[0], "--", color="tab:gray", label="random mix of single models")
    axes.set_xlabel("mean cost, share of the dearest model")
    axes.set_ylabel("mean score")
    axes.margins(x=0.12, y=0.1)
    return unit


def _draw_singles(axes: Axes, testset: TestSet, unit: float) -> None:
    # By number: long names run over each other where models lie close.
    cost, score = testset.mean(testset.cost_usd), testset.mean(testset.score)
    singles = zip(testset.models, (cost / unit).tolist(), score.tolist(), strict=True)
    for rung, (model, x, y) in enumerate(singles, start=1):
        best = " (best single)" if rung == testset.best_single + 1 else ""
        axes.plot(x, y, "s", color="black", ms=4, ls="none", label=f"{rung} {model}{best}")
        axes.annotate(str(rung), (x, y), xytext=(4, -9), textcoords="offset points", fontsize=8)


def draw_reliability(figure: Figure, evaluation: Evaluation) -> None:
    """Observed success against predicted probability, in equal bins with binomial intervals, a panel a model."""
    draw_reliabilities(figure, evaluation.testset, {"router": evaluation.router})


def draw_reliabilities(figure: Figure, testset: TestSet, routers: Mapping[str, Router]) -> None:
    """Draw the same of several routers on the same prompts, each in its colour."""
    models = testset.models
    columns = min(len(models), 2 if len(models) <= 4 else 3)
    rows = -(-len(models) // columns)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for m, axes in enumerate(panels.flat):
        axes.set_visible(m < len(models))
        if m >= len(models):
            continue
        for colour, router in zip(cycle(_COLOURS), routers.values(), strict=False):
            if router.p_success is not None:
                _reliability(axes, router.p_success[:, m], testset.success[:, m], testset.stands_for, colour)
        axes.set_title(models[m], fontsize=8)
    figure.supxlabel("predicted probability of success", fontsize=9)
    figure.supylabel("observed share of successes", fontsize=9)
    if len(routers) > 1:
        lines = [panels[0, 0].plot([], [], "o", color=colour)[0] for colour in _COLOURS[: len(routers)]]
        figure.legend(lines, list(routers), fontsize=7.5, loc="outside lower center", ncols=2, frameon=False)


def _reliability(axes: Axes, p: Floats, success: Bools, stands_for: Floats | None, colour: str) -> None:
    bins = [b for b in np.array_split(np.argsort(p, kind="stable"), _BINS) if len(b)]
    counts = [np.ones(len(b)) if stands_for is None else stands_for[b] for b in bins]
    predicted, observed = (
        np.array([np.average(of[b], weights=count) for b, count in zip(bins, counts, strict=True)])
        for of in (p, success)
    )
    trials = [round(effective_size(count)) for count in counts]
    ends = [
        binomtest(round(share * n), n).proportion_ci(method="wilson")
        for share, n in zip(observed.tolist(), trials, strict=True)
    ]
    # Rounding can put an end on the wrong side of the share by 1e-17.
    below = np.maximum(observed - [end.low for end in ends], 0.0)
    above = np.maximum([end.high for end in ends] - observed, 0.0)
    axes.plot([0, 1], [0, 1], ":", color="tab:gray")
    axes.errorbar(predicted, observed, [below, above], fmt="o", color=colour, ms=3, lw=1)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)


def draw_labels(figure: Figure, evaluation: Evaluation) -> None:
    """Of the prompts with each label, the share sent to each model at the default operating point."""
    axes: Axes = figure.subplots()
    testset = evaluation.testset
    names = [*testset.models, ALL_FAIL]
    sent = evaluation.router.default.take(np.tile(np.arange(float(len(testset.models))), (len(testset), 1)))
    count = testset.counts
    shares = np.zeros((len(names), len(testset.models)))
    for label in range(len(names)):
        rows = testset.label == label
        if rows.any():
            of_model = np.bincount(sent[rows].astype(int), count[rows], minlength=len(testset.models))
            shares[label] = of_model / count[rows].sum()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", color="white" if share > 0.6 else "black")
    counts = [int((testset.label == label).sum()) for label in range(len(names))]
    axes.set_yticks(range(len(names)), [f"{name}\n({n})" for name, n in zip(names, counts, strict=True)], fontsize=7)
    axes.set_xticks(range(len(testset.models)), testset.models, fontsize=7, rotation=15, ha="right")
    axes.set_ylabel("label (prompts)")
    axes.set_xlabel("chosen model")


def _points(router: Router, testset: TestSet) -> Floats:
    """Mean cost and mean score of each point of a sweep, ndarray of shape (n_points, 2)."""
    return np.array([_point(point, testset) for point in router.sweep])


def _point(point: Point, testset: TestSet) -> tuple[float, float]:
    return float(testset.mean(point.take(testset.cost_usd))), float(testset.mean(point.take(testset.score)))
