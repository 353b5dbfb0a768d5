"""Plots of a search: what each trial came to, and which settings mattered."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pointsman_train.tune.trials import COMPLETE, Found


def draw_history(figure: Figure, found: Found) -> None:
    """Draw the value of each trial, the best so far, the settings as they are, and where trials were stopped."""
    axes = figure.subplots()
    done = [trial for trial in found.trials if trial.state == COMPLETE]
    values = np.array([trial.sought[0] for trial in done])
    numbers = [trial.number for trial in done]
    best = np.maximum.accumulate(values) if found.sign > 0 else np.minimum.accumulate(values)
    axes.plot(numbers, values, "o", color="tab:blue", ms=4, label="trial")
    axes.step(numbers, best, where="post", color="tab:orange", label="best so far")
    axes.axhline(found.default.sought[0], color="tab:gray", lw=1, ls="--", label="settings as they are")
    _mark_stopped(axes, found)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{found.metric.replace('_', ' ')}, out of fold")
    axes.legend(fontsize=7)


def _mark_stopped(axes: Axes, found: Found) -> None:
    stopped = [trial.number for trial in found.trials if trial.state != COMPLETE]
    if stopped:
        place = axes.get_ylim()[0] if found.sign > 0 else axes.get_ylim()[1]
        axes.plot(stopped, [place] * len(stopped), "x", color="tab:red", ms=5, clip_on=False, label="stopped or failed")


def draw_importance(figure: Figure, found: Found) -> None:
    """Draw the share of the variance between trials that each setting explains."""
    axes = figure.subplots()
    rows = sorted(found.importance.items(), key=lambda item: item[1])
    axes.barh([name.removeprefix("train.") for name, _ in rows], [share for _, share in rows], color="tab:blue")
    axes.tick_params(labelsize=8)
    axes.set_xlabel("share of the variance between trials (fANOVA)")
