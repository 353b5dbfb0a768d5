"""What people would rather look at than read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pointsman_train.data import Floats
from pointsman_train.evaluate.hull import upper_hull
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.stage import Evaluation

_BINS = 15


def write_plots(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Draw the cost-quality curve, the reliability curves and the labels; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawings: Mapping[str, Callable[[Axes, Evaluation], None]] = {
        "cost_quality": draw_cost_quality,
        "reliability": draw_reliability,
        "labels": draw_labels,
    }
    paths = []
    for name, draw in drawings.items():
        figure = Figure(figsize=(7, 5), layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure.subplots(), evaluation)
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=150)
        paths.append(path)
    return paths


def draw_cost_quality(axes: Axes, evaluation: Evaluation) -> None:
    """Mean score against mean cost along the sweep, with the single models, their hull and the oracle."""
    testset = evaluation.testset
    cost, score = testset.cost_usd.mean(axis=0), testset.score.mean(axis=0)
    unit = cost.max() or 1.0
    hull = upper_hull(cost[None], score[None])
    axes.plot(hull.cost[0] / unit, hull.score[0], "--", color="tab:gray", label="random mix of single models")
    for name, style in (("source_oracle", "tab:green"), ("oracle", "tab:purple")):
        points = _points(evaluation.baselines[name], evaluation)
        marker = "*" if len(points) == 1 else None
        axes.plot(points[:, 0] / unit, points[:, 1], color=style, marker=marker, lw=1, label=name.replace("_", " "))
    points = _points(evaluation.router, evaluation)
    axes.plot(points[:, 0] / unit, points[:, 1], color="tab:blue", lw=2, label="router")
    default = evaluation.router.default
    at = default.take(testset.cost_usd).mean() / unit, default.take(testset.score).mean()
    axes.plot(*at, "o", color="tab:blue", ms=8, label="default operating point")
    axes.plot(cost / unit, score, "s", color="black", ms=5)
    for model, x, y in zip(testset.models, cost / unit, score, strict=True):
        # Towards the middle, and on white: names are long and must not run over the frame or be run over by a curve.
        side = "left" if x < 0.5 else "right"
        axes.annotate(
            model,
            (x, y),
            xytext=(8, -14) if side == "left" else (-8, 8),
            textcoords="offset points",
            fontsize=7,
            ha=side,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
    axes.set_xlabel("mean cost, share of the dearest model")
    axes.set_ylabel("mean score")
    axes.margins(x=0.12)
    axes.legend(fontsize=8, loc="lower right")


def draw_reliability(axes: Axes, evaluation: Evaluation) -> None:
    """Observed success against predicted probability, in bins of equal mass, a line a model."""
    axes.plot([0, 1], [0, 1], ":", color="tab:gray")
    p_success = evaluation.router.p_success
    if p_success is not None:
        for m, model in enumerate(evaluation.testset.models):
            bins = np.array_split(np.argsort(p_success[:, m], kind="stable"), _BINS)
            filled = [b for b in bins if len(b)]
            predicted = [p_success[b, m].mean() for b in filled]
            observed = [evaluation.testset.success[b, m].mean() for b in filled]
            axes.plot(predicted, observed, "o-", ms=4, label=model)
    axes.set_xlabel("predicted probability of success")
    axes.set_ylabel("observed share of successes")
    axes.legend(fontsize=8)


def draw_labels(axes: Axes, evaluation: Evaluation) -> None:
    """Of the prompts with each label, the share sent to each model at the default operating point."""
    testset = evaluation.testset
    names = [*testset.models, "all-fail"]
    sent = evaluation.router.default.take(np.tile(np.arange(float(len(testset.models))), (len(testset), 1)))
    shares = np.zeros((len(names), len(testset.models)))
    for label in range(len(names)):
        rows = testset.label == label
        if rows.any():
            shares[label] = np.bincount(sent[rows].astype(int), minlength=len(testset.models)) / rows.sum()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", color="white" if share > 0.6 else "black")
    counts = [int((testset.label == label).sum()) for label in range(len(names))]
    axes.set_yticks(range(len(names)), [f"{name}\n({n})" for name, n in zip(names, counts, strict=True)], fontsize=7)
    axes.set_xticks(range(len(testset.models)), testset.models, fontsize=7, rotation=15, ha="right")
    axes.set_ylabel("label (prompts)")
    axes.set_xlabel("chosen model")


def _points(router: Router, evaluation: Evaluation) -> Floats:
    """Mean cost and mean score of each point of a sweep, ndarray of shape (n_points, 2)."""
    testset = evaluation.testset
    return np.array([(p.take(testset.cost_usd).mean(), p.take(testset.score).mean()) for p in router.sweep])
