"""Settings of a grader: a mapping from the configuration, checked against the grader's own fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pointsman_train.errors import GraderError

T = TypeVar("T")

_ACCEPTED: dict[Any, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (int, float), str: (str,)}


def make(kind: type[T], settings: Mapping[str, object]) -> T:
    """Build a dataclass from settings.

    Parameters
    ----------
    kind
        A dataclass; each of its fields is a setting.
    settings
        Values by name. Those left out have their defaults.

    Raises
    ------
    GraderError
        For an unknown or missing setting and for a value of the wrong type.

    Examples
    --------
    >>> from pointsman_train.graders.exact import Exact
    >>> make(Exact, {"normalise": False})
    Exact(normalise=False)
    >>> make(Exact, {"normalise": "no"})
    Traceback (most recent call last):
        ...
    pointsman_train.errors.GraderError: the setting normalise of Exact is 'no', expected bool
    """
    known = {field.name: field for field in fields(kind) if field.init}  # type: ignore[arg-type]
    if unknown := sorted(settings.keys() - known.keys()):
        raise GraderError(f"{kind.__name__} has no settings {unknown}; it has {sorted(known) or 'none'}")
    hints = get_type_hints(kind)
    for name, field in known.items():
        if name in settings:
            _check(f"the setting {name} of {kind.__name__}", settings[name], hints[name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise GraderError(f"{kind.__name__} needs the setting {name!r}; it has no default")
    return kind(**settings)


def at_least(least: float, **values: float) -> None:
    """Raise :class:`GraderError` where one of the named values is below ``least`` or not a number.

    Examples
    --------
    >>> at_least(1, seconds=0.5)
    Traceback (most recent call last):
        ...
    pointsman_train.errors.GraderError: seconds is 0.5, expected at least 1
    """
    for name, value in values.items():
        if not value >= least:
            raise GraderError(f"{name} is {value!r}, expected at least {least}")


def _check(what: str, value: object, hint: Any) -> None:
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if not any(_fits(value, option) for option in options):
        raise GraderError(f"{what} is {value!r}, expected {getattr(hint, '__name__', hint)}")


def _fits(value: object, hint: Any) -> bool:
    if hint is type(None) or value is None:
        return value is None and hint is type(None)
    if get_origin(hint) is Callable:
        return callable(value)
    accepted = _ACCEPTED.get(hint, (get_origin(hint) or hint,))
    # bool is an int to Python; a setting of true where a number belongs is a mistake.
    return isinstance(value, accepted) and (hint is bool or not isinstance(value, bool))
