"""What every study is given, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pointsman_train.data import Bools
from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.label.labels import Labelled
from pointsman_train.split.groups import GroupConfig
from pointsman_train.split.split import Split
from pointsman_train.tracked import Run, Untracked
from pointsman_train.train.stage import TrainConfig


@dataclass(frozen=True, slots=True)
class Task:
    """Labelled prompts with their split, and how routers are trained and judged on them.

    Attributes
    ----------
    folds
        Of the out-of-fold predictions within the prompts that a router is trained on.
    group
        When two prompts are near-duplicates; those of the split are grouped already.
    tracked
        Hears of what is finished before the study ends.
    """

    labelled: Labelled
    split: Split
    folds: int
    group: GroupConfig
    train: TrainConfig
    evaluate: EvaluateConfig
    tracked: Run = field(default_factory=Untracked)

    @property
    def training(self) -> Bools:
        """Mask of the prompts that are trained on."""
        return self.split.rows(*self.train.calibration.trained_parts)

    @property
    def labelled_training(self) -> Bools:
        """Mask of those among them that have a label."""
        return self.training & (self.labelled.label >= 0)

    def check(self, study: str) -> None:
        """Raise :class:`ConfigError` where routers cannot be trained on subsets and folds."""
        if not self.train.calibration.out_of_fold:
            raise ConfigError(
                f"calibration.fit_on is {self.train.calibration.fit_on!r}; {study} trains on subsets, which have no "
                "calibration part of their own: set train.calibration.fit_on=out_of_fold"
            )


@dataclass(frozen=True, slots=True)
class Report:
    """What a study found.

    Attributes
    ----------
    figures
        For tracking, by flat name; undefined is NaN.
    files
        What it wrote.
    text
        For the terminal.
    """

    figures: Mapping[str, float]
    files: tuple[Path, ...]
    text: str


# A task, the study's own settings, and the folder of the run.
Study: TypeAlias = Callable[[Task, Any, Path], Report]
