"""Settings of what an evaluation carries beside its figures, each a section of ``evaluate``."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman_train.errors import ConfigError


@dataclass(slots=True)
class WorstConfig:
    """The table of the worst boundary prompts.

    Attributes
    ----------
    count
        Rows of the table; 0 leaves it out.
    reasons
        Features named for each.
    neighbours
        Training prompts shown beside each.
    excerpt
        Characters of a prompt that the run's tables and report may show; 0 shows none.
    """

    count: int = 20
    reasons: int = 5
    neighbours: int = 3
    excerpt: int = 160

    def check(self) -> None:
        """Raise :class:`ConfigError` for a number below 0."""
        for name in ("count", "reasons", "neighbours", "excerpt"):
            if getattr(self, name) < 0:
                raise ConfigError(f"evaluate.worst.{name} must not be negative, got {getattr(self, name)!r}")


@dataclass(slots=True)
class ProbeConfig:
    """How well the features alone tell the source.

    Attributes
    ----------
    enabled
        False leaves it out.
    most_prompts
        Of more test prompts so many are drawn.
    """

    enabled: bool = True
    most_prompts: int = 5000

    def check(self) -> None:
        """Raise :class:`ConfigError` for too few prompts to tell a source by."""
        if self.most_prompts < 100:
            raise ConfigError(f"evaluate.source_probe.most_prompts must be at least 100, got {self.most_prompts!r}")


@dataclass(slots=True)
class RobustnessConfig:
    """Whether the choice survives noise that keeps the meaning.

    Attributes
    ----------
    enabled
        False leaves it out.
    most_prompts
        Of more test prompts so many are drawn: the router is run six times on each.
    """

    enabled: bool = True
    most_prompts: int = 1000

    def check(self) -> None:
        """Raise :class:`ConfigError` for no prompts."""
        if self.most_prompts < 1:
            raise ConfigError(f"evaluate.robustness.most_prompts must be at least 1, got {self.most_prompts!r}")


@dataclass(slots=True)
class LeftOutConfig:
    """The second split: every test prompt judged by a router that saw nothing of its source.

    Attributes
    ----------
    enabled
        False leaves it out; it trains the router once more for each fold.
    folds
        Sources are left out one by one while there are no more than this, else in so many folds of sources.
    most_prompts
        Of more training prompts so many are drawn for each fold.
    """

    enabled: bool = True
    folds: int = 5
    most_prompts: int = 10_000

    def check(self) -> None:
        """Raise :class:`ConfigError` for fewer than two folds: one has nothing left to train on."""
        if self.folds < 2:
            raise ConfigError(f"evaluate.left_out.folds must be at least 2, got {self.folds!r}")
        if self.most_prompts < 1:
            raise ConfigError(f"evaluate.left_out.most_prompts must be at least 1, got {self.most_prompts!r}")
