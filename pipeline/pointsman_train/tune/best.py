"""The best settings as an experiment: a file that the same command takes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from pointsman_train.train.stage import TrainConfig
from pointsman_train.tune.names import ROOT, with_settings
from pointsman_train.writing import write_text

EXPERIMENT = "best"
# What is a setting of the search itself, or of training, which the experiment says already.
_OF_THE_SEARCH = ("experiment=", "tune", "stages=", "hydra", "train.")
_OF_TRAINING = ("calibration", "complexity", "features", "formulation", "guard", "operating_points", "rule")


def write_best(train: TrainConfig, settings: Mapping[str, Any], head: str, run_dir: Path) -> Path:
    """Write ``experiment/best.yaml``; returns its path.

    It has what was searched, and what differed from the defaults in the run that searched, so that it says all by
    itself how to train.

    Parameters
    ----------
    train
        Settings of the run that searched.
    settings
        The best, by dotted name.
    head
        What is known of them, in lines.
    run_dir
        Folder of the run, which the command takes for ``--config-dir``.
    """
    best = asdict(with_settings(train, settings))
    changed = _changed(best, asdict(TrainConfig()))
    for name, value in settings.items():
        _put(changed, name.split(".")[1:], value)
    comment = [use_of(run_dir), *head.splitlines()]
    text = "\n".join(["# @package _global_", *(f"# {line}" for line in comment)])
    (run_dir / "experiment").mkdir(parents=True, exist_ok=True)
    body = yaml.safe_dump({ROOT: changed}, sort_keys=False, allow_unicode=True, width=120)
    return write_text(f"{text}\n{body.rstrip()}", run_dir / "experiment" / f"{EXPERIMENT}.yaml")


def use_of(run_dir: Path) -> str:
    """Return the command that trains with the best settings, on the data that the search was given.

    Examples
    --------
    >>> use_of(Path("runs/x"))
    'pointsman-train --config-dir runs/x experiment=best'
    """
    words = ["pointsman-train", "--config-dir", str(_near(run_dir)), f"experiment={EXPERIMENT}", *_given(run_dir)]
    return " ".join(map(shlex.quote, words))


def _given(run_dir: Path) -> list[str]:
    """Read what the search's command line set of data, pool and labels; the command keeps that in the run's folder."""
    kept = run_dir / ".hydra" / "overrides.yaml"
    given: list[str] = yaml.safe_load(kept.read_text(encoding="utf-8")) if kept.is_file() else []
    known = _OF_THE_SEARCH + tuple(f"{group}=" for group in _OF_TRAINING)
    return [one for one in given if not one.lstrip("+~").startswith(known)]


def _near(folder: Path) -> Path:
    """Name a folder from where the work is done, where it lies below."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _changed(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what differs."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and isinstance(before.get(name), Mapping):
            kept |= {name: inner} if (inner := _changed(value, before[name])) else {}
        elif name not in before or value != before[name]:
            kept[name] = value
    return kept


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, last = path
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = value
