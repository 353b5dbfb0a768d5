"""Settings of training by their dotted names, as the command line has them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from pointsman_train.errors import ConfigError
from pointsman_train.train.stage import TrainConfig

ROOT = "train"


def setting(train: TrainConfig, name: str) -> Any:
    """Return the value of a setting.

    Examples
    --------
    >>> setting(TrainConfig(), "train.rule.caution")
    0.2
    """
    owner, last = _owner(train, name)
    return getattr(owner, last)


def with_settings(train: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """Return a copy with other values.

    Examples
    --------
    >>> with_settings(TrainConfig(), {"train.rule.caution": 0.5}).rule.caution
    0.5
    """
    changed = deepcopy(train)
    for name, value in values.items():
        owner, last = _owner(changed, name)
        setattr(owner, last, value)
    return changed


def kinds_of(train: TrainConfig, name: str) -> tuple[type, ...]:
    """Return the types that a setting may have.

    Raises
    ------
    ConfigError
        When there is no setting of this name, or it is a whole section.

    Examples
    --------
    >>> kinds_of(TrainConfig(), "train.pooled.booster.leaves")
    (<class 'int'>, <class 'NoneType'>)
    """
    owner, last = _owner(train, name)
    if is_dataclass(getattr(owner, last)) or isinstance(getattr(owner, last), dict):
        raise ConfigError(f"tune.space: {name} is a section, expected one setting; {_there_is(getattr(owner, last))}")
    hint = get_type_hints(type(owner))[last]
    return tuple(get_origin(kind) or kind for kind in get_args(hint) if NoneType in get_args(hint)) or (
        get_origin(hint) or hint,
    )


def _owner(train: TrainConfig, name: str) -> tuple[Any, str]:
    """Find what holds a setting, and its name therein."""
    root, *parents, last = name.split(".") if name.count(".") else (name, "")
    if root != ROOT:
        raise ConfigError(
            f"tune.space: {name!r} is not searched, only settings under 'train.': others change what is judged, "
            "and figures of different tasks cannot be compared"
        )
    owner: Any = train
    for part in (*parents, last):
        if not is_dataclass(owner) or part not in {field.name for field in fields(owner)}:
            raise ConfigError(f"tune.space: there is no setting {name!r}; {_there_is(owner)} where it says {part!r}")
        owner, holder = getattr(owner, part), owner
    return holder, last


def _there_is(section: Any) -> str:
    names = [field.name for field in fields(section)] if is_dataclass(section) else []
    return f"there are {names}" if names else "there is nothing that can be searched"
