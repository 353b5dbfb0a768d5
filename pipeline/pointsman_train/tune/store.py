"""Where a study lies: an SQLite file that outlives the process, and that several processes may share."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pointsman_train.errors import ConfigError
from pointsman_train.turns import taking_turns

# A process tells every so many seconds that its trial is alive; after so many without a word it counts as killed.
HEARTBEAT, GRACE = 5, 30
# Of a trial: whether it is of the settings as they are, and what it begins with.
DEFAULT = "default"
_BEGUN = "begun"


def need_optuna() -> None:
    """Raise :class:`ConfigError` where optuna is not installed."""
    if find_spec("optuna") is None:
        raise ConfigError('a search needs optuna, which is not installed: pip install "pointsman[tune]"')


def open_study(path: Path, name: str, direction: str, begun: Mapping[str, Any], default: Mapping[str, Any]) -> Any:
    """Open a study, made where there is none; the settings as they are come first.

    Parameters
    ----------
    begun
        All that values hang on, by name, as JSON can hold it. A study that was begun with anything else is refused.
    default
        The settings as they are, as far as the space has them.

    Raises
    ------
    ConfigError
        When the file is no study, or the study was begun with something else.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with taking_turns(path.parent), experimental():
            storage = optuna.storages.RDBStorage(
                f"sqlite:///{path}",
                engine_kwargs={"connect_args": {"timeout": 60}},
                heartbeat_interval=HEARTBEAT,
                grace_period=GRACE,
                # Killed in the middle, the settings as they are must come again; of others there are plenty.
                heartbeat_stale_trial_callback=lambda study, _: _ask_for_default(study, default),
            )
            study = optuna.create_study(storage=storage, study_name=name, direction=direction, load_if_exists=True)
            _refuse_another(study, path, begun)
            _ask_for_default(study, default)
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"{path} cannot be used as a study ({reason}); give another tune.folder or tune.name"
        ) from error
    return study


@contextmanager
def experimental() -> Iterator[None]:
    """Use what optuna calls experimental, the heartbeat and the signed-rank test, without a warning at each use."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def _ask_for_default(study: Any, default: Mapping[str, Any]) -> None:
    from optuna.trial import TrialState

    alive = (TrialState.COMPLETE, TrialState.RUNNING, TrialState.WAITING)
    if not any(DEFAULT in trial.user_attrs for trial in study.get_trials(deepcopy=False, states=alive)):
        study.enqueue_trial(dict(default), user_attrs={DEFAULT: True})


def _refuse_another(study: Any, path: Path, begun: Mapping[str, Any]) -> None:
    now = json.loads(json.dumps(begun))
    stored = study.user_attrs.get(_BEGUN)
    if stored is None:
        study.set_user_attr(_BEGUN, now)
        return
    differ = [name for name in sorted({*stored, *now}) if stored.get(name) != now.get(name)]
    if differ:
        told = "; ".join(f"{name} was {_short(stored.get(name))}, is {_short(now.get(name))}" for name in differ[:4])
        more = f"; and {len(differ) - 4} more" if len(differ) > 4 else ""
        raise ConfigError(
            f"the study in {path} was begun with something else, and values of both cannot be compared: {told}{more}; "
            "set it back, or begin another study with tune.name=NAME"
        )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
