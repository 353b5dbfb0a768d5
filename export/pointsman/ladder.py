"""The ladder: the pool's models from the cheapest to the dearest, with what a decision needs to know of each."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np

from pointsman.decide import relative_cost
from pointsman.guard import Guard, fallback_among
from pointsman.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Ladder:
    """A router's models.

    Attributes
    ----------
    models
        Names, the cheapest first.
    costs, scores
        Mean cost of an answer in US dollars, and mean score, of each.
    relative
        Costs as shares of the dearest model's.
    anchor
        Position of the best single model.
    default
        Position of the model for prompts that cannot be judged.
    guard
        Sends unfamiliar prompts to the default; None where the router has no guard.
    """

    models: tuple[str, ...]
    costs: tuple[float, ...]
    scores: tuple[float, ...]
    relative: tuple[float, ...]
    anchor: int
    default: int
    guard: Guard | None

    @classmethod
    def of(cls, manifest: Manifest, default_model: str | None = None) -> Ladder:
        """Read a manifest.

        Parameters
        ----------
        default_model
            A model of the ladder for prompts that cannot be judged; None is the guard's or, without a guard, the best
            single model.
        """
        models = tuple(model.name for model in manifest.models)
        costs = tuple(model.mean_cost_usd for model in manifest.models)
        guard, anchor = manifest.guard, models.index(manifest.best_single)
        fallback = manifest.best_single if guard is None else guard.fallback
        default = models.index(fallback if default_model is None else default_model)
        return cls(
            models=models,
            costs=costs,
            scores=tuple(model.mean_score for model in manifest.models),
            relative=tuple(relative_cost(np.array(costs)).tolist()),
            anchor=anchor,
            default=default,
            guard=None if guard is None else Guard(guard.threshold, default),
        )

    def allowed(self, models: Container[str]) -> list[bool]:
        """Say of each model whether it is one of these."""
        return [model in models for model in self.models]

    def default_among(self, allowed: Sequence[bool]) -> int:
        """Position of the default or, where it is not allowed, of the allowed model with the best mean score."""
        return fallback_among(self.default, self.scores, allowed)

    def default_of(self, models: Container[str]) -> str:
        """Return the default's name or, where it is not one of these, that of the one with the best mean score."""
        return self.models[self.default_among(self.allowed(models))]

    def guard_among(self, allowed: Sequence[bool]) -> Guard | None:
        """Return the guard, with a fallback that is allowed."""
        if self.guard is None or allowed[self.guard.fallback]:
            return self.guard
        return Guard(self.guard.threshold, self.default_among(allowed))
