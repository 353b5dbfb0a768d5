"""Whom to ask next: everybody, or up the ladder until one succeeds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pointsman_train.data import LEAST_PROBABILITY
from pointsman_train.errors import ConfigError

PLANS = ("ladder", "full")


@dataclass(frozen=True, slots=True)
class Plan:
    """How far to go for a prompt.

    Attributes
    ----------
    kind
        "full" asks every model. "ladder" asks from the cheapest up and stops at the first that succeeds.
    explore
        With "ladder", the probability that a prompt is asked of every model all the same.
    seed
        Of that draw; it depends on the prompt's id alone, so a resumed run draws the same.
    """

    kind: str = "ladder"
    explore: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.kind not in PLANS:
            raise ConfigError(f"plan must be one of {PLANS}, got {self.kind!r}")
        if self.explore != 0 and not LEAST_PROBABILITY <= self.explore <= 1:
            raise ConfigError(f"explore must be 0, or from {LEAST_PROBABILITY:g} to 1, got {self.explore!r}")

    def explores(self, prompt_id: str) -> bool:
        """Whether this prompt goes to every model.

        Examples
        --------
        >>> Plan("full").explores("p"), Plan("ladder").explores("p")
        (True, False)
        >>> 380 < sum(Plan(explore=0.4).explores(str(i)) for i in range(1000)) < 420
        True
        """
        if self.kind == "full":
            return True
        digest = hashlib.sha256(f"{self.seed}\x1f{prompt_id}\x1fexplore".encode("utf-8", "replace")).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < self.explore

    def goes_on(self, prompt_id: str, scores: Sequence[float | None], success_threshold: float) -> bool:
        """Whether to ask the next model up, after these scores of the cheaper ones; None is unknown."""
        succeeded = any(score is not None and score >= success_threshold for score in scores)
        return not succeeded or self.explores(prompt_id)

    def probability(self, scores: Sequence[float | None], success_threshold: float) -> float:
        """Probability with which the next model was asked, given the scores of the cheaper ones."""
        if self.kind == "full":
            return 1.0
        succeeded = any(score is not None and score >= success_threshold for score in scores)
        return self.explore if succeeded else 1.0
