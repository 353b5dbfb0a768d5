"""One trial: settings are drawn, judged fold by fold, and given up where they are clearly worse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.errors import ConfigError, TrainError
from pointsman_train.train.stage import TrainConfig
from pointsman_train.tune.bench import Bench, figures_of
from pointsman_train.tune.names import with_settings
from pointsman_train.tune.reading import FIGURES, FOLD, NOTE, PROMPTS, SOUGHT
from pointsman_train.tune.space import Dimension, held
from pointsman_train.tune.store import DEFAULT
from pointsman_train.tune.trials import FAILED, STOPPED
from pointsman_train.writing import nulled


@dataclass(frozen=True, slots=True)
class Objective:
    """Measures one trial for optuna.

    Attributes
    ----------
    train
        The settings as they are.
    metric
        The figure that is sought.
    seed
        Of what is drawn.
    """

    train: TrainConfig
    bench: Bench
    dimensions: tuple[Dimension, ...]
    metric: str
    seed: int

    def __call__(self, trial: Any) -> float:
        """Return what is sought, over all folds; the settings as they are are never stopped."""
        default = DEFAULT in trial.user_attrs
        trial.study.sampler = _sampler(self.seed, trial.number)
        train = self._default(trial) if default else self._chosen(trial)
        rounds = []
        try:
            for k in range(len(self.bench.folds)):
                rounds.append(self.bench.judge(k, train))
                figures = figures_of(rounds[-1])
                trial.set_user_attr(f"{FOLD}{k}", nulled(figures))
                self._report(trial, k, figures[self.metric], default)
            pooled = self.bench.pooled(rounds)
        except TrainError as error:
            if default:
                raise
            raise _without_value(trial, f"{type(error).__name__}: {error}", FAILED) from error
        return self._value(trial, pooled, sum(len(one.testset) for one in rounds), default)

    def _default(self, trial: Any) -> TrainConfig:
        for one, _ in held(self.dimensions, self.train):
            one.suggest(trial)
        return self.train

    def _chosen(self, trial: Any) -> TrainConfig:
        train = with_settings(self.train, {one.name: one.suggest(trial) for one in self.dimensions})
        for other in trial.study.get_trials(deepcopy=False):
            if other.state.name in ("COMPLETE", "PRUNED") and other.params == trial.params:
                raise _without_value(trial, f"the settings of trial {other.number} again", STOPPED)
        return train

    def _report(self, trial: Any, fold: int, value: float, default: bool) -> None:
        if math.isnan(value):
            return
        trial.report(value, fold)
        if not default and fold + 1 < len(self.bench.folds) and trial.should_prune():
            raise _without_value(trial, f"worse in {fold + 1} folds of {len(self.bench.folds)}", STOPPED)

    def _value(self, trial: Any, pooled: Mapping[str, Floats], prompts: int, default: bool) -> float:
        sought = pooled[self.metric]
        if math.isnan(sought[0]) and not default:
            raise _without_value(trial, f"{self.metric} is undefined", FAILED)
        if math.isnan(sought[0]):
            raise ConfigError(
                f"{self.metric} is undefined on these {prompts} training prompts, so it cannot be sought; "
                "set tune.metric=log_loss"
            )
        trial.set_user_attr(PROMPTS, prompts)
        trial.set_user_attr(FIGURES, nulled({name: float(values[0]) for name, values in pooled.items()}))
        trial.set_user_attr(SOUGHT, [None if math.isnan(one) else one for one in sought.tolist()])
        return float(sought[0])


def _without_value(trial: Any, note: str, state: str) -> Exception:
    import optuna

    trial.set_user_attr(NOTE, [state, note])
    pruned: Exception = optuna.TrialPruned(note)
    return pruned


def _sampler(seed: int, number: int) -> Any:
    """Return a sampler that hangs on the number of the trial, so that a resumed study draws nothing again.

    Settings are sampled one by one: the trial of the settings as they are has not all of them.
    """
    import optuna

    drawn = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=drawn, multivariate=False)
