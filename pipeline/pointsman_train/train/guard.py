"""The guard: which prompts are unlike the training prompts, and where they go."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pointsman.guard import Guard
from pointsman_train.errors import ConfigError

FALLBACKS = ("best_single", "cheapest", "dearest")


@dataclass(slots=True)
class GuardConfig:
    """Settings of the guard.

    Attributes
    ----------
    enabled
        Whether unfamiliar prompts go to the fallback.
    quantile
        Share of new prompts of the same traffic on which the guard fires.
    fallback
        Where unfamiliar prompts go: "best_single", "cheapest", "dearest", or the name of a model of the pool.
    """

    enabled: bool = True
    quantile: float = 0.05
    fallback: str = "best_single"

    def check(self) -> None:
        """Raise :class:`ConfigError` for a quantile out of range."""
        if not 0 <= self.quantile < 1:
            raise ConfigError(f"train.guard.quantile must be from 0 to below 1, got {self.quantile!r}")

    def rung(self, models: tuple[str, ...], best_single: int) -> int:
        """Position of the fallback in the ladder.

        Raises
        ------
        ConfigError
            When it is neither one of the words above nor a model of the pool.
        """
        if self.fallback in models:
            return models.index(self.fallback)
        if self.fallback not in FALLBACKS:
            near = difflib.get_close_matches(self.fallback, [*FALLBACKS, *models], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            expected = f"one of {list(FALLBACKS)} or a model of the pool, {list(models)}"
            raise ConfigError(f"train.guard.fallback is {self.fallback!r}, expected {expected}{hint}")
        return {"best_single": best_single, "cheapest": 0, "dearest": len(models) - 1}[self.fallback]


def fit_guard(similarity: NDArray[np.floating] | None, fallback: int, config: GuardConfig) -> Guard | None:
    """Set the threshold at a quantile of the similarity that new prompts of the same traffic have.

    Parameters
    ----------
    similarity
        ndarray of shape (n_prompts,), of training prompts to others; None where the featurizer does not measure it:
        then there is no guard.
    fallback
        Rung that unfamiliar prompts go to.

    Examples
    --------
    >>> fit_guard(np.array([0.2, 0.4, 0.6, 0.8, 1.0]), 1, GuardConfig(quantile=0.25))
    Guard(threshold=0.4, fallback=1)
    """
    if not config.enabled or similarity is None:
        return None
    return Guard(float(np.quantile(similarity.astype(np.float64), config.quantile)), fallback)
