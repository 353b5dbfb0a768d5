"""What the search tells while it goes: a line and a tracked run for each trial as it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pointsman_train.tracked import Run
from pointsman_train.tune.settings import TuneConfig
from pointsman_train.tune.trials import COMPLETE, Trial

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of trials.

    Attributes
    ----------
    tracked
        Each trial becomes a run inside it.
    read
        From optuna's trial to ours.
    """

    tracked: Run
    config: TuneConfig
    read: Callable[[Any], Trial]
    _told: set[int] = field(default_factory=set)

    def ended(self, study: Any, frozen: Any) -> None:
        """Tell of a trial of this process; a callback of optuna's."""
        trial = self.read(frozen)
        value = f"{trial.sought[0]:.4f}" if trial.state == COMPLETE else f"{trial.state}, {trial.note}"
        log.info("trial %d: %s %s, %.0f s", trial.number, self.config.metric, value, trial.seconds)
        self._track(trial)

    def rest(self, study: Any) -> None:
        """Track what other processes and earlier runs did, so that one run has every trial of the study inside it."""
        for frozen in study.get_trials(deepcopy=False):
            if frozen.state.name in ("COMPLETE", "PRUNED") and frozen.number not in self._told:
                self._track(self.read(frozen))

    def _track(self, trial: Trial) -> None:
        self._told.add(trial.number)
        metrics = {f"tune/{name}": value for name, value in trial.figures.items()}
        for k, fold in enumerate(trial.folds):
            metrics |= {f"tune/fold_{k}/{name}": value for name, value in fold.items()}
        params = {**trial.settings, "study": self.config.name, "state": trial.state, "note": trial.note}
        name = f"trial {trial.number}" + (", the settings as they are" if trial.default else "")
        self.tracked.child(name, params, metrics | {"tune/seconds": trial.seconds})
