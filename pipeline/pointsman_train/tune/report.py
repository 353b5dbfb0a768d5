"""What a search says: for the terminal, as a page, as JSON, as an experiment and for tracking."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.report.page import write_page
from pointsman_train.study.task import Report, Task
from pointsman_train.tune.best import use_of, write_best
from pointsman_train.tune.search import search
from pointsman_train.tune.settings import TuneConfig
from pointsman_train.tune.trials import COMPLETE, FAILED, Found, Trial
from pointsman_train.writing import as_json, nulled, write_json

_SHOWN = 5


def tune(task: Task, config: TuneConfig, run_dir: Path) -> Report:
    """Search, and write ``tune.html``, ``tune.json``, ``experiment/best.yaml`` and the plots."""
    # matplotlib is slow to import, and most runs draw nothing of this.
    from pointsman_train.study.plots import save
    from pointsman_train.tune.page import tune_page
    from pointsman_train.tune.plots import draw_history, draw_importance

    found = search(task, config)
    task.tracked.params({"best": dict(found.best.settings)})
    head = f"{found.metric} {found.best.sought[0]:.4f} out of fold, trial {found.best.number}.\n{verdict(found)}"
    files = [
        write_json(tune_json(found), run_dir / "tune.json"),
        write_page(tune_page(found, verdict(found), use_of(run_dir)), run_dir / "tune.html"),
        write_best(task.train, found.best.settings, head, run_dir),
        save(run_dir / "history.png", lambda figure: draw_history(figure, found)),
    ]
    if found.importance:
        files.append(save(run_dir / "importance.png", lambda figure: draw_importance(figure, found)))
    return Report(tune_figures(found), tuple(files), told(found, run_dir))


def verdict(found: Found) -> str:
    """Say plainly whether anything beats the settings as they are."""
    best, tried = found.best, len(found.complete) - 1
    if best.default:
        ended = len(found.trials) - len(found.complete)
        return (
            f"None of {tried + ended} other settings is better than the settings as they are; {ended} of them were "
            "stopped early as worse, or failed."
        )
    gain = found.picked_gain
    of = f"{_signed(gain)} in {words(found.metric)}, its interval widened for being the best of {tried}"
    if found.clear:
        return f"Trial {best.number} is better than the settings as they are by more than chance explains: {of}."
    return (
        f"Trial {best.number} is the best, but that can be chance: {of}. Keep the settings as they are, or judge on "
        "more prompts."
    )


def told(found: Found, run_dir: Path) -> str:
    """Sum up the search for a terminal."""
    stopped = len(found.trials) - len(found.complete)
    lines = [
        f"search for {words(found.metric)}, out of fold on {found.prompts:,} training prompts: {len(found.trials)} "
        f"trials, {stopped} of them without a value; 95 % intervals",
        f"  {'trial':>7}  {'value':>8}  better than the settings as they are by",
    ]
    shown = [*found.complete[:_SHOWN], *(one for one in found.complete[_SHOWN:] if one.default)]
    for trial in shown:
        gain = "these are the settings as they are" if trial.default else _signed(found.gain(trial))
        lines.append(f"  {trial.number:>7}  {trial.sought[0]:>8.4f}  {gain}")
    lines += [f"  {name} = {'null' if value is None else value}" for name, value in found.best.settings.items()]
    lines += _failed(found)
    return "\n".join([*lines, verdict(found), f"train with the best: {use_of(run_dir)}"])


def words(metric: str) -> str:
    """Write the name of a figure in words.

    Examples
    --------
    >>> words("log_loss")
    'log loss'
    """
    return metric.replace("_", " ")


def _failed(found: Found) -> list[str]:
    failed = [trial for trial in found.trials if trial.state == FAILED]
    return [f"  trial {trial.number} cannot be trained: {trial.note}" for trial in failed[:_SHOWN]]


def _signed(gain: Estimate) -> str:
    interval = "" if math.isnan(gain.low) else f" [{gain.low:+.4f}, {gain.high:+.4f}]"
    return f"{gain.value:+.4f}{interval}"


def tune_json(found: Found) -> dict[str, Any]:
    """Return every trial with its settings and figures, and the gain of each with its interval."""
    return {
        "metric": found.metric,
        "prompts": found.prompts,
        "best": found.best.number,
        "clear_of_noise": found.clear,
        "gain_of_the_best_widened": as_json(found.picked_gain),
        "importance": dict(found.importance),
        "trials": [_trial_json(found, trial) for trial in found.trials],
    }


def _trial_json(found: Found, trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "default": trial.default,
        "state": trial.state,
        "note": trial.note,
        "settings": dict(trial.settings),
        "figures": nulled(trial.figures),
        "folds": [nulled(fold) for fold in trial.folds],
        "gain": as_json(found.gain(trial)) if trial.state == COMPLETE else None,
        "seconds": None if math.isnan(trial.seconds) else round(trial.seconds, 1),
    }


def tune_figures(found: Found) -> dict[str, float]:
    """Flatten for tracking."""
    gain = found.picked_gain
    flat = {f"tune/best/{name}": value for name, value in found.best.figures.items()}
    flat |= {f"tune/default/{name}": value for name, value in found.default.figures.items()}
    flat |= {"tune/gain": gain.value, "tune/gain_low": gain.low, "tune/gain_high": gain.high}
    flat |= {f"tune/importance/{name}": share for name, share in found.importance.items()}
    return flat | {"tune/trials": float(len(found.trials)), "tune/best_trial": float(found.best.number)}
