"""Settings of the search: what is tried, how often, and what is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pointsman_train.errors import ConfigError
from pointsman_train.study.headline import HEADLINE

PRUNERS = ("wilcoxon", "median", "none")


@dataclass(slots=True)
class Span:
    """Where one setting is searched: a range, or a list of choices.

    Attributes
    ----------
    low, high
        Ends of the range, both tried.
    log
        Whether equal factors rather than equal steps count alike; needs a low end above 0.
    step
        Distance of the values tried, from the low end on; null tries any. Not with ``log``.
    choices
        Values to try instead of a range, two or more.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    choices: list[Any] | None = None

    def check(self, where: str) -> None:
        """Raise :class:`ConfigError` for a range that is none; whether it fits its setting is not looked at."""
        if self.choices is not None:
            self._check_choices(where, self.choices)
            return
        if self.low is None or self.high is None:
            raise ConfigError(f"{where} needs low and high, or choices, got {self!r}")
        if self.low >= self.high:
            raise ConfigError(f"{where} is empty: low {self.low!r} must be below high {self.high!r}")
        if self.log and self.low <= 0:
            raise ConfigError(f"{where} is logarithmic, so low must be above 0, got {self.low!r}")
        if self.step is not None and (self.log or not 0 < self.step <= self.high - self.low):
            raise ConfigError(
                f"{where}.step must be above 0, at most high - low, and not with log, got {self.step!r} with {self!r}"
            )

    def _check_choices(self, where: str, choices: list[Any]) -> None:
        if self.low is not None or self.high is not None or self.log or self.step is not None:
            raise ConfigError(f"{where} has choices and a range, expected one of the two, got {self!r}")
        if len(choices) < 2 or any(one in choices[:k] for k, one in enumerate(choices)):
            raise ConfigError(f"{where}.choices must be two or more different values, got {choices!r}")


@dataclass(slots=True)
class TuneConfig:
    """Settings of the search.

    Attributes
    ----------
    name
        Of the study. The same name goes on with the same study.
    folder
        Of the studies, one SQLite file each, ``<name>.db``.
    metric
        What is sought, one of :data:`~pointsman_train.study.headline.HEADLINE`: out of fold, on training prompts alone.
    trials
        Of the study altogether, the settings as they are first; what is finished is not repeated.
    timeout
        Seconds after which no trial is begun; null is none.
    seed
        Of the deal of prompts into folds, and of what is tried.
    folds
        A trial trains without each in turn, and is judged on it.
    pruner
        "wilcoxon" stops a trial whose folds are worse than the best trial's by a signed-rank test, "median" one that is
        below the median of the others, "none" none.
    space
        By the dotted name of a setting under ``train.``, where it is searched; null leaves one out again. What is
        searched by default is in ``conf/tune/default.yaml``.
    """

    name: str = "pointsman"
    folder: str = "runs/tune"
    metric: str = "hull_gain"
    trials: int = 40
    timeout: float | None = None
    seed: int = 0
    folds: int = 5
    pruner: str = "wilcoxon"
    space: dict[str, Span | None] = field(default_factory=dict)

    def check(self, where: str = "tune") -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        if not self.name or "/" in self.name:
            raise ConfigError(f"{where}.name must be the name of a file, got {self.name!r}")
        for name, known in (("metric", HEADLINE), ("pruner", PRUNERS)):
            if getattr(self, name) not in known:
                raise ConfigError(f"{where}.{name} must be one of {list(known)}, got {getattr(self, name)!r}")
        for name, least in (("trials", 2), ("seed", 0), ("folds", 2)):
            if getattr(self, name) < least:
                raise ConfigError(f"{where}.{name} must be {least} or more, got {getattr(self, name)!r}")
        if self.timeout is not None and self.timeout <= 0:
            raise ConfigError(f"{where}.timeout must be above 0 seconds, or null, got {self.timeout!r}")
        for name, span in self.searched.items():
            span.check(f"{where}.space: {name}")

    @property
    def searched(self) -> dict[str, Span]:
        """The part of the space that is searched."""
        return {name: span for name, span in self.space.items() if span is not None}
