"""The search space: which values of which settings may be tried, checked against the settings themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any

from pointsman_train.errors import ConfigError
from pointsman_train.train.formulations import FORMULATIONS
from pointsman_train.train.stage import TrainConfig
from pointsman_train.tune.names import kinds_of, setting, with_settings
from pointsman_train.tune.settings import Span

# What no figure that is sought reads: it is judged over the whole sweep, without the guard.
_NOT_JUDGED = ("train.guard", "train.operating_points", "train.seed", "train.min_prompts")
# What optuna stores as it is; others are stored as JSON.
_STORED = (NoneType, bool, int, float, str)


@dataclass(frozen=True, slots=True)
class Dimension:
    """One setting that is searched.

    Attributes
    ----------
    whole
        Whether its range is of whole numbers.
    """

    name: str
    span: Span
    whole: bool

    def suggest(self, trial: Any) -> Any:
        """Let an optuna trial choose a value."""
        span = self.span
        if span.choices is not None:
            by_key = {_key(value): value for value in span.choices}
            return by_key[trial.suggest_categorical(self.name, list(by_key))]
        if self.whole:
            return trial.suggest_int(self.name, int(span.low or 0), int(span.high or 0), **self._grid())
        return trial.suggest_float(self.name, span.low, span.high, **self._grid())

    def _grid(self) -> dict[str, Any]:
        if self.span.step is None:
            return {"log": self.span.log}
        return {"step": int(self.span.step) if self.whole else self.span.step}

    def holds(self, value: Any) -> bool:
        """Whether the space has this value."""
        span = self.span
        if span.choices is not None:
            return _key(value) in [_key(one) for one in span.choices]
        if value is None or span.low is None or span.high is None or not span.low <= value <= span.high:
            return False
        return span.step is None or ((value - span.low) / span.step).is_integer()

    def value(self, stored: Any) -> Any:
        """Return a value that optuna has stored."""
        choices = self.span.choices
        return stored if choices is None else next(one for one in choices if _key(one) == stored)

    def key(self, value: Any) -> Any:
        """Return a value as optuna stores it."""
        return _key(value) if self.span.choices is not None else value

    @property
    def ends(self) -> list[Any]:
        """The values to look at: every choice, or both ends."""
        if self.span.choices is not None:
            return self.span.choices
        number = int if self.whole else float
        return [number(end) for end in (self.span.low, self.span.high) if end is not None]


def dimensions_of(searched: Mapping[str, Span], train: TrainConfig) -> tuple[Dimension, ...]:
    """Check a space against the settings that it changes.

    Raises
    ------
    ConfigError
        For a name that no setting has, a setting that is not read, a range of the wrong type, or a value that training
        would refuse.
    """
    if not searched:
        raise ConfigError(
            "tune.space is empty; name a setting, as in '+tune.space={train.rule.caution: {low: 0, high: 1}}'"
        )
    found = tuple(_dimension(name, span, train) for name, span in searched.items())
    read = _formulations_read(searched, train)
    for one in found:
        _check_read(one.name, read)
        for value in one.ends:
            _check_value(one.name, value, train)
    return found


def _dimension(name: str, span: Span, train: TrainConfig) -> Dimension:
    kinds = kinds_of(train, name)
    if span.choices is not None:
        for value in span.choices:
            if not any(_is(value, kind) for kind in kinds):
                raise ConfigError(f"tune.space: {name} is {_words(kinds)}, got the choice {value!r}")
        return Dimension(name, span, False)
    whole = int in kinds and float not in kinds
    if not whole and float not in kinds:
        raise ConfigError(f"tune.space: {name} is {_words(kinds)}, which has no range; give choices")
    ends = [end for end in (span.low, span.high, span.step) if end is not None]
    if whole and not all(float(end).is_integer() for end in ends):
        raise ConfigError(f"tune.space: {name} is {_words(kinds)}, so its range must be whole, got {ends!r}")
    return Dimension(name, span, whole)


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))


def _words(kinds: Iterable[type]) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", list: "a list"}
    return " or ".join("null" if kind is NoneType else names.get(kind, kind.__name__) for kind in kinds)


def _formulations_read(searched: Mapping[str, Span], train: TrainConfig) -> set[str]:
    """Names of the formulations that some trial may fit."""
    named = searched.get("train.formulation")
    read = {train.formulation, *(named.choices or () if named else ())}
    if "average" in read:
        averages = searched.get("train.average.of")
        read |= {name for of in (train.average.of, *(averages.choices or () if averages else ())) for name in of}
    return read


def _check_read(name: str, read: set[str]) -> None:
    section = name.split(".")[1]
    if section in FORMULATIONS and section not in read:
        raise ConfigError(
            f"tune.space: {name} is not read, since no trial has the formulation {section!r}, only "
            f"{sorted(read)}; leave it out with null, as in 'tune.space={{{name}: null}}', or set formulation={section}"
        )
    for prefix in _NOT_JUDGED:
        if f"{name}.".startswith(f"{prefix}."):
            raise ConfigError(
                f"tune.space: {name} changes none of the figures that can be sought, which are of the whole sweep, "
                "before guard and operating points; leave it out"
            )


def _check_value(name: str, value: Any, train: TrainConfig) -> None:
    try:
        with_settings(train, {name: value}).check()
    except ConfigError as error:
        raise ConfigError(f"tune.space: {name} may not be {value!r}: {error}") from error


def _key(value: Any) -> Any:
    return value if isinstance(value, _STORED) else json.dumps(value)


def settings_of(dimensions: Iterable[Dimension], train: TrainConfig) -> dict[str, Any]:
    """Return what the settings that are searched are now."""
    return {one.name: setting(train, one.name) for one in dimensions}


def held(dimensions: Iterable[Dimension], train: TrainConfig) -> list[tuple[Dimension, Any]]:
    """Return those that have the settings as they are; null, which chooses by the data, is in no range."""
    now = [(one, setting(train, one.name)) for one in dimensions]
    return [(one, value) for one, value in now if one.holds(value)]
