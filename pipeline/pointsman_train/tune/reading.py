"""From what optuna keeps of a study to what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pointsman_train.errors import ConfigError
from pointsman_train.train.stage import TrainConfig
from pointsman_train.tune.space import Dimension, settings_of
from pointsman_train.tune.store import DEFAULT
from pointsman_train.tune.trials import COMPLETE, FAILED, Found, Trial

# What a trial is kept with: why it has no value, its figures by fold and of all folds, the resamples of what is sought.
NOTE, FOLD, FIGURES, SOUGHT, PROMPTS = "note", "fold_", "figures", "sought", "prompts"
_LEAST_FOR_IMPORTANCE = 5


def found_in(study: Any, train: TrainConfig, dimensions: tuple[Dimension, ...], metric: str) -> Found:
    """Read what a study has.

    Raises
    ------
    ConfigError
        When the settings as they are have not been judged yet.
    """
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    ended = [
        trial_of(one, train, dimensions) for one in trials if one.state in (TrialState.COMPLETE, TrialState.PRUNED)
    ]
    complete = [one for one in ended if one.state == COMPLETE]
    if not any(one.default for one in complete):
        raise ConfigError(
            "no trial of the settings as they are has ended within tune.timeout, so there is nothing "
            "to compare with; give it more time, and the same command goes on"
        )
    prompts = max((int(one.user_attrs.get(PROMPTS, 0)) for one in trials), default=0)
    return Found(metric, prompts, tuple(ended), _importance(study, dimensions, complete))


def trial_of(frozen: Any, train: TrainConfig, dimensions: tuple[Dimension, ...]) -> Trial:
    """Read a trial of optuna's."""
    attributes, default = frozen.user_attrs, DEFAULT in frozen.user_attrs
    now = settings_of(dimensions, train)
    chosen = {one.name: one.value(frozen.params[one.name]) for one in dimensions if one.name in frozen.params}
    state, note = (COMPLETE, "") if frozen.state.name == "COMPLETE" else attributes.get(NOTE, (FAILED, "interrupted"))
    folds = sorted((name for name in attributes if name.startswith(FOLD)), key=lambda name: int(name[len(FOLD) :]))
    return Trial(
        number=frozen.number,
        default=default,
        settings=now if default else chosen,
        state=state,
        note=note,
        folds=tuple(_floats(attributes[name]) for name in folds),
        figures=_floats(attributes.get(FIGURES, {})) if state == COMPLETE else {},
        sought=np.array(attributes[SOUGHT] if state == COMPLETE else [], np.float64),
        seconds=frozen.duration.total_seconds() if frozen.duration else math.nan,
    )


def _importance(study: Any, dimensions: tuple[Dimension, ...], complete: list[Trial]) -> dict[str, float]:
    import optuna

    names = [one.name for one in dimensions]
    whole = [one for one in complete if not one.default]
    if len(whole) < _LEAST_FOR_IMPORTANCE or len({one.sought[0] for one in whole}) < 2 or len(names) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator, params=names)
    return {name: float(value) for name, value in found.items()}


def _floats(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in figures.items()}
