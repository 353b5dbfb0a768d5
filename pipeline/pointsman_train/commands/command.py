"""What a command is to the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pointsman_train.sweep import Sweep

Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True)
class Job:
    """Where one run of a command writes, and the sweep that it is a part of, None where it runs alone."""

    folder: Path
    sweep: Sweep | None = None


@dataclass(frozen=True, slots=True)
class Command(Generic[Settings]):
    """A command.

    Attributes
    ----------
    name
        Behind ``pointsman-``; that of its root file in ``conf/``, too.
    settings
        The schema of that file.
    run
        Does the work, and returns what a Hydra sweeper maximises, if anything.
    kept
        What an interruption leaves behind, in words.
    groups
        Further schemas by their names, of each group of the configuration that has some.
    """

    name: str
    settings: type[Settings]
    run: Callable[[Settings, Job], float | None]
    kept: str
    groups: Mapping[str, Mapping[str, type[Any]]] = field(default_factory=dict)
