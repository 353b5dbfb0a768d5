"""The search: trial by trial until the study has as many as were asked for."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pointsman_train.evaluate.directions import direction
from pointsman_train.study.task import Task
from pointsman_train.tracking import flatten
from pointsman_train.tune.bench import Bench, fingerprint
from pointsman_train.tune.objective import Objective
from pointsman_train.tune.reading import found_in, trial_of
from pointsman_train.tune.settings import TuneConfig
from pointsman_train.tune.space import dimensions_of, held
from pointsman_train.tune.store import experimental, need_optuna, open_study
from pointsman_train.tune.telling import Teller
from pointsman_train.tune.trials import Found
from pointsman_train.turns import taking_turns

log = logging.getLogger(__name__)

# Three folds that are all worse than the best trial's have p = 1/8.
_P_VALUE = 0.15
_PAUSE = 1.0


def search(task: Task, config: TuneConfig) -> Found:
    """Try settings until the study has as many trials as were asked for, or the time is up.

    The training prompts alone are read. A study goes on where it stopped, and several processes may work at one.

    Raises
    ------
    ConfigError
        For settings that cannot work, or a study that was begun with others.
    TrainError
        When the settings as they are cannot be trained and judged.
    """
    config.check()
    need_optuna()
    dimensions = dimensions_of(config.searched, task.train)
    bench = Bench(task, config.folds, config.seed)
    path = Path(config.folder) / f"{config.name}.db"
    sense = "maximize" if direction(config.metric) > 0 else "minimize"
    now = {one.name: one.key(value) for one, value in held(dimensions, task.train)}
    study = open_study(path, config.name, sense, _begun(task, config), now)
    study.pruner = _pruner(config.pruner)
    log.info("the study is in %s", path)
    objective = Objective(task.train, bench, dimensions, config.metric, config.seed)
    teller = Teller(task.tracked, config, lambda trial: trial_of(trial, task.train, dimensions))
    with experimental():
        _work(study, objective, config, teller)
    teller.rest(study)
    return found_in(study, task.train, dimensions, config.metric)


def _work(study: Any, objective: Objective, config: TuneConfig, teller: Teller) -> None:
    import optuna

    until = math.inf if config.timeout is None else time.monotonic() + config.timeout
    while time.monotonic() < until:
        with ExitStack() as turn:
            # Until the trial has begun, no other process counts: else both would begin the last one.
            turn.enter_context(taking_turns(Path(config.folder)))
            done, running = _counts(study)
            if done >= config.trials:
                return
            if done + running < config.trials:
                log.info("trial %d of %d", done + running + 1, config.trials)
                _one(study, partial(_begun_trial, turn, objective), teller)
                continue
        # Others are at the last ones; where one was killed, its trial is given up once that is known.
        time.sleep(_PAUSE)
        optuna.storages.fail_stale_trials(study)


def _begun_trial(turn: ExitStack, objective: Objective, trial: Any) -> float:
    turn.close()
    return objective(trial)


def _one(study: Any, objective: Callable[[Any], float], teller: Teller) -> None:
    import optuna

    try:
        study.optimize(objective, n_trials=1, callbacks=[teller.ended])
    except optuna.exceptions.UpdateFinishedTrialError:
        log.warning("this process stood still for so long that its trial was given up; it goes on with another")


def _counts(study: Any) -> tuple[int, int]:
    """Trials that have ended, and trials that some process is at."""
    states = [trial.state.name for trial in study.get_trials(deepcopy=False)]
    return sum(state in ("COMPLETE", "PRUNED") for state in states), states.count("RUNNING")


def _pruner(name: str) -> Any:
    import optuna

    with experimental():
        return {
            "wilcoxon": lambda: optuna.pruners.WilcoxonPruner(p_threshold=_P_VALUE),
            "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
            "none": lambda: optuna.pruners.NopPruner(),
        }[name]()


def _begun(task: Task, config: TuneConfig) -> dict[str, Any]:
    """Return all that values hang on, by name; how many trials there are, and how they are chosen, is not among it."""
    settings = {f"train.{name}": value for name, value in flatten(asdict(task.train)).items()}
    space = flatten({f"tune.space.{name}": asdict(span) for name, span in config.searched.items()})
    tune = {f"tune.{name}": getattr(config, name) for name in ("metric", "seed", "folds")}
    judged = {f"evaluate.{name}": getattr(task.evaluate, name) for name in ("seed", "resamples")}
    return {**settings, **space, **tune, **judged, "training prompts and outcomes": fingerprint(task)}
