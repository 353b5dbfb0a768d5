"""Operating points: named settings of the rule, fitted on predictions for prompts that the heads did not see."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import numpy as np

from pointsman import decide
from pointsman.guard import Guard
from pointsman_train.data import Floats
from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.train import targets
from pointsman_train.train.rules import Evidence, RuleConfig, rule_at, settings_of

log = logging.getLogger(__name__)

TARGETS = ("max_loss", "cost_between", "fixed", *targets.KINDS)


@dataclass(slots=True)
class Target:
    """What an operating point is fitted to.

    Attributes
    ----------
    kind
        "max_loss": the largest saving whose mean score is at most ``value`` below the best single model's.
        "cost_between": the best score whose mean cost is at most this share of the way from the cheapest to the best
        single model. "fixed": the rule's dial, lambda or the threshold, is at ``value``. "min_quality", "max_cost" and
        "max_under_routing": see :func:`pointsman_train.train.targets.pick`.
    value
        In [0, 1], but for a fixed lambda, which is not negative.
    unseen
        In [0, 1], read by "max_loss" alone: the most that may be lost on prompts of a source that was left out of
        training, where there are two sources or more. Null does not look.
    loss
        In [0, 1], read by "max_under_routing" alone: the mean score that may be lost as well against the best single
        model. Null is any.
    guaranteed
        Read by "max_under_routing" alone: whether conformal risk control keeps the rate, which takes more of the saving
        and needs ``value`` above 0. The conservative rule cannot have it: its hold is fitted on the same prompts.
    """

    kind: str = "max_loss"
    value: float = 0.01
    unseen: float | None = None
    loss: float | None = None
    guaranteed: bool = False

    def check(self, name: str, dial: str) -> None:
        """Raise :class:`ConfigError` for an unknown kind or a value out of range; ``dial`` is the rule's."""
        if self.kind not in TARGETS:
            raise ConfigError(f"operating point {name!r} has the kind {self.kind!r}, expected one of {TARGETS}")
        if self.value < 0 or (self.value > 1 and not (self.kind == "fixed" and dial == "lambda")):
            raise ConfigError(f"operating point {name!r} ({self.kind}) has the value {self.value!r}, expected 0 to 1")
        if self.unseen is not None and (self.kind != "max_loss" or not 0 <= self.unseen <= 1):
            raise ConfigError(
                f"operating point {name!r} ({self.kind}) has unseen {self.unseen!r}, expected null, "
                "or 0 to 1 with max_loss"
            )
        self._check_under_routing(name)

    def _check_under_routing(self, name: str) -> None:
        asked = self.loss is not None or self.guaranteed
        if asked and self.kind != targets.MAX_UNDER_ROUTING:
            raise ConfigError(
                f"operating point {name!r} ({self.kind}) has loss or guaranteed: with max_under_routing alone"
            )
        if self.loss is not None and not 0 <= self.loss <= 1:
            raise ConfigError(f"operating point {name!r} has the loss {self.loss!r}, expected null, or 0 to 1")
        if self.guaranteed and not 0 < self.value < 1:
            raise ConfigError(
                f"operating point {name!r} guarantees {self.value!r}, expected a rate above 0 and below 1"
            )

    def words(self, dial: str, judged_unseen: bool = True) -> str:
        """Say the target in words, for the manifest and the model card.

        Examples
        --------
        >>> Target("max_loss", 0.01, unseen=0.0125).words("lambda")
        'at most 1 points below the best single model, 1.25 points on sources left out of training'
        """
        unseen = ""
        if self.unseen is not None and judged_unseen:
            unseen = f", {100 * self.unseen:g} points on sources left out of training"
        return {
            "max_loss": f"at most {100 * self.value:g} points below the best single model{unseen}",
            "cost_between": f"cost at most {100 * self.value:g} % of the way from cheapest to best single model",
            "fixed": f"{dial} {self.value:g}",
            targets.MIN_QUALITY: f"mean score at least {100 * self.value:g} % of the best single model's",
            targets.MAX_COST: f"cost at most {100 * self.value:g} % of the dearest model's",
            targets.MAX_UNDER_ROUTING: f"under-routing at most {100 * self.value:g} %{self._conditions()}",
        }[self.kind]

    def _conditions(self) -> str:
        guarantee = f" {targets.GUARANTEE}" if self.guaranteed else ""
        return guarantee + (
            "" if self.loss is None else f", at most {100 * self.loss:g} points below the best single model"
        )


@dataclass(slots=True)
class OperatingPointsConfig:
    """The named points and which of them a request gets that names none."""

    points: dict[str, Target] = field(
        default_factory=lambda: {
            "no_loss": Target("max_loss", 0.0, unseen=0.01),
            "balanced": Target("max_loss", 0.01, unseen=0.0125),
            "half_cost": Target("cost_between", 0.5),
        }
    )
    default: str = "balanced"

    def check(self, dial: str = "lambda") -> None:
        """Raise :class:`ConfigError` when the default is not among the points or a target cannot be met by any."""
        if self.default not in self.points:
            raise ConfigError(f"operating_points.default {self.default!r} is not one of {list(self.points)!r}")
        for name, target in self.points.items():
            target.check(name, dial)

    def check_rule(self, rule: RuleConfig) -> None:
        """Raise :class:`ConfigError` for what a kind of rule cannot have."""
        for name, target in self.points.items():
            if target.guaranteed and rule.kind == "conservative":
                raise ConfigError(
                    f"operating point {name!r} is guaranteed, which the conservative rule cannot be: its hold is "
                    "fitted on the same prompts; take rule=utility or rule=threshold"
                )

    @property
    def look_at_unseen(self) -> bool:
        """Whether any point asks how the router does on sources that were left out."""
        return any(target.unseen is not None for target in self.points.values())


@dataclass(frozen=True, slots=True)
class FittedPoint:
    """An operating point.

    Attributes
    ----------
    rule
        How it decides.
    target
        In words.
    """

    rule: decide.Rule
    target: str


def fit_points(
    evidence: Evidence,
    config: OperatingPointsConfig,
    rule: RuleConfig,
    guard: Guard | None,
    unseen: Evidence | None = None,
) -> dict[str, FittedPoint]:
    """Find each point's setting of the rule's dial, on its grid.

    The guard is applied: unfamiliar prompts go to its fallback at any setting, so that a target means what is served.

    Parameters
    ----------
    evidence
        Only prompts with every outcome known are used.
    unseen
        The same prompts, each predicted by heads that saw nothing of its source; None where there is no such thing.

    Raises
    ------
    LabelError
        When no prompt has an outcome of every model.
    """
    evidence = _complete(evidence)
    familiar = evidence.familiar(guard)
    settings = settings_of(rule, familiar)
    loss, cost = _outcomes(settings, evidence, guard)
    share = _between(cost, evidence.paid.mean(axis=0), evidence.anchor)
    harm = None if unseen is None else _outcomes(settings, _complete(unseen), guard)[0]
    outlook = targets.Outlook(settings, loss, cost, evidence, guard)
    points = {}
    for name, target in config.points.items():
        if target.kind in targets.KINDS:
            points[name] = _point(name, target, rule, outlook)
            continue
        words = target.words(rule.dial, unseen is not None)
        if target.kind == "fixed":
            points[name] = FittedPoint(rule_at(rule, target.value, familiar), words)
            continue
        points[name] = _met(name, _pick(target, outlook, share, harm), words, target.kind == "cost_between", outlook)
    return points


def _point(name: str, target: Target, rule: RuleConfig, outlook: targets.Outlook) -> FittedPoint:
    """Meet a target of :mod:`pointsman_train.train.targets`."""
    at = targets.pick(target.kind, target.value, target.loss, target.guaranteed, outlook)
    return _met(name, at, target.words(rule.dial), target.kind == targets.MAX_COST, outlook)


def _met(name: str, at: int | None, words: str, of_cost: bool, outlook: targets.Outlook) -> FittedPoint:
    """Take the setting that meets a target; where none does, say so and come near.

    A target of quality comes nearest where quality alone is asked for. What the guard and a hold send to a dear model
    stays dear at any setting, so that a small budget may be out of reach: there it is the cheapest setting.
    """
    if at is not None:
        return FittedPoint(outlook.settings[at], words)
    log.warning("operating point %s: no setting reaches its target, %s", name, words)
    return FittedPoint(outlook.settings[int(np.argmin(outlook.cost)) if of_cost else 0], f"not reached: {words}")


def _complete(evidence: Evidence) -> Evidence:
    known = np.asarray(~np.isnan(evidence.score).any(axis=1))
    if not known.any():
        raise LabelError(
            f"none of {len(known)} training prompts has an outcome of every model, so no operating point can be "
            "fitted; collect the missing outcomes, or take the models with few of them out of the pool"
        )
    return evidence.take(known)


def _outcomes(settings: list[decide.Rule], evidence: Evidence, guard: Guard | None) -> tuple[Floats, Floats]:
    """Mean score lost against the best single model, and mean cost, at each setting, as served."""
    score, paid = evidence.score, evidence.paid
    routed_score, routed_cost = np.empty(len(settings)), np.empty(len(settings))
    for k, rule in enumerate(settings):
        chosen = evidence.served(rule, guard)
        routed_score[k] = np.take_along_axis(score, chosen[:, None], axis=1).mean()
        routed_cost[k] = np.take_along_axis(paid, chosen[:, None], axis=1).mean()
    return score[:, evidence.anchor].mean() - routed_score, routed_cost


def _between(cost: Floats, mean_cost: Floats, best_single: int) -> Floats:
    """Cost as a share of the way from the cheapest to the best single model.

    Where those two are one there is no way to go: 0 at its cost, infinite above it.
    """
    above = cost - mean_cost.min()
    span = float(mean_cost[best_single] - mean_cost.min())
    return above / span if span > 0 else np.where(above > targets.ROUNDING * mean_cost.max(), np.inf, 0.0)


def _pick(target: Target, outlook: targets.Outlook, share: Floats, harm: Floats | None) -> int | None:
    """Position of the setting that meets a target best, if any does; ``harm`` is the loss on sources left out."""
    if target.kind == "max_loss":
        good = outlook.loss <= target.value + targets.ROUNDING
        if harm is not None and target.unseen is not None:
            good &= harm <= target.unseen + targets.ROUNDING
        return targets.cheapest(outlook, good)
    within = np.flatnonzero(share <= target.value + targets.ROUNDING)
    return int(within[0]) if len(within) else None
