"""Operating points: named prices of cost, fitted on predictions for prompts that the heads did not see."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pointsman import decide
from pointsman_train.data import Floats
from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.evaluate.sweep import lambda_grid

TARGETS = ("max_loss", "cost_between", "fixed")


@dataclass(slots=True)
class Target:
    """What an operating point is fitted to.

    Attributes
    ----------
    kind
        "max_loss": the largest saving whose mean score is at most ``value`` below the best single model's.
        "cost_between": the best score whose mean cost is at most this share of the way from the cheapest to the best
        single model. "fixed": lambda is ``value``.
    value
        In [0, 1] for the first two, not negative for the third.
    """

    kind: str = "max_loss"
    value: float = 0.01

    def check(self, name: str) -> None:
        """Raise :class:`ConfigError` for an unknown kind or a value out of range."""
        if self.kind not in TARGETS:
            raise ConfigError(f"operating point {name!r} has the kind {self.kind!r}, expected one of {TARGETS}")
        if self.value < 0 or (self.kind != "fixed" and self.value > 1):
            raise ConfigError(f"operating point {name!r} ({self.kind}) has the value {self.value!r}, expected 0 to 1")

    def __str__(self) -> str:
        """Say the target in words, for the manifest and the model card."""
        return {
            "max_loss": f"at most {100 * self.value:g} points below the best single model",
            "cost_between": f"cost at most {100 * self.value:g} % of the way from cheapest to best single model",
            "fixed": f"lambda {self.value:g}",
        }[self.kind]


@dataclass(slots=True)
class OperatingPointsConfig:
    """The named points and which of them a request gets that names none."""

    points: dict[str, Target] = field(
        default_factory=lambda: {
            "no_loss": Target("max_loss", 0.0),
            "balanced": Target("max_loss", 0.01),
            "half_cost": Target("cost_between", 0.5),
        }
    )
    default: str = "balanced"

    def check(self) -> None:
        """Raise :class:`ConfigError` when the default is not among the points or a target cannot be met by any."""
        if self.default not in self.points:
            raise ConfigError(f"operating_points.default {self.default!r} is not one of {list(self.points)!r}")
        for name, target in self.points.items():
            target.check(name)


@dataclass(frozen=True, slots=True)
class FittedPoint:
    """An operating point.

    Attributes
    ----------
    lam
        Price of cost.
    target
        In words.
    """

    lam: float
    target: str


def fit_points(
    p_success: Floats, score: Floats, mean_cost: Floats, best_single: int, config: OperatingPointsConfig
) -> dict[str, FittedPoint]:
    """Find each point's lambda on the sweep's grid.

    Parameters
    ----------
    p_success
        ndarray of shape (n_prompts, n_models), calibrated, for prompts that the heads were not fitted on.
    score
        ndarray of the same shape; only prompts with every outcome known are used.
    mean_cost
        ndarray of shape (n_models,), training mean costs.
    best_single
        Rung of the best single model.

    Raises
    ------
    LabelError
        When no prompt has an outcome of every model.
    """
    known = ~np.isnan(score).any(axis=1)
    if not known.any():
        raise LabelError(
            f"none of {len(score)} training prompts has an outcome of every model, so no operating point can be "
            "fitted; collect the missing outcomes, or take the models with few of them out of the pool"
        )
    grid = lambda_grid(mean_cost)
    choices = np.stack([decide.choose(decide.utilities(p_success[known], mean_cost, lam)) for lam in grid])
    routed_score = np.take_along_axis(score[known][None], choices[..., None], axis=2)[..., 0].mean(axis=1)
    routed_cost = mean_cost[choices].mean(axis=1)
    loss = score[known][:, best_single].mean() - routed_score
    cost_share = _between(routed_cost, mean_cost, best_single)
    return {
        name: FittedPoint(_pick(target, grid, loss, cost_share), str(target)) for name, target in config.points.items()
    }


def _between(cost: Floats, mean_cost: Floats, best_single: int) -> Floats:
    """Cost as a share of the way from the cheapest to the best single model.

    Where those two are one there is no way to go: 0 at its cost, infinite above it.
    """
    above = cost - mean_cost.min()
    span = float(mean_cost[best_single] - mean_cost.min())
    return above / span if span > 0 else np.where(above > 1e-12 * mean_cost.max(), np.inf, 0.0)


def _pick(target: Target, grid: Floats, loss: Floats, cost_share: Floats) -> float:
    if target.kind == "fixed":
        return target.value
    if target.kind == "max_loss":
        kept = np.flatnonzero(loss <= target.value)
        # Where no price keeps the word, cost is not looked at: lambda 0 chooses the likeliest to succeed.
        return float(grid[kept[-1]]) if len(kept) else 0.0
    # Dearer prices only lower the cost, and the last of the grid always buys the cheapest: one is always kept.
    return float(grid[np.flatnonzero(cost_share <= target.value + 1e-12)[0]])
