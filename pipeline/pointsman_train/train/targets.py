"""Targets of operating points beyond the best single model's score: quality, cost and under-routing in shares.

Each picks a setting of the rule's dial, from quality alone to the cheapest, on predictions for prompts that the heads
did not see. Where no setting reaches the target, there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman import decide
from pointsman.guard import Guard
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.datasets.selected import of_rows
from pointsman_train.errors import LabelError
from pointsman_train.evaluate.conformal import controlled, under_routing_loss
from pointsman_train.train.rules import Evidence

MIN_QUALITY, MAX_COST, MAX_UNDER_ROUTING = "min_quality", "max_cost", "max_under_routing"
KINDS = (MIN_QUALITY, MAX_COST, MAX_UNDER_ROUTING)

GUARANTEE = (
    "in expectation over the draw of the training prompts and of the next prompt, where both come from one source in "
    "any order (conformal risk control)"
)
# Shares are sums of thousands of terms.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of every setting of the dial, in the order of the settings.

    Attributes
    ----------
    settings
        Rules, from quality alone to the cheapest.
    loss
        ndarray of shape (n_settings,), mean score below the best single model's.
    cost
        ndarray of shape (n_settings,), mean cost.
    evidence
        The prompts behind them.
    guard
        None where every prompt is decided by its probabilities.
    """

    settings: Sequence[decide.Rule]
    loss: Floats
    cost: Floats
    evidence: Evidence
    guard: Guard | None

    def chosen(self, evidence: Evidence) -> Ints:
        """Rung that each setting serves to some of the prompts, ndarray of shape (n_rows, n_settings)."""
        return np.stack([evidence.served(rule, self.guard) for rule in self.settings], axis=1)


def pick(kind: str, value: float, loss: float | None, guaranteed: bool, outlook: Outlook) -> int | None:
    """Position of the setting that meets a target best; None where none meets it.

    Parameters
    ----------
    kind
        ``min_quality``: the cheapest setting whose mean score is at least this share of the best single model's.
        ``max_cost``: the first setting, and so the best in the rule's own eyes, whose mean cost is at most this share
        of the dearest model's. ``max_under_routing``: the cheapest setting that under-routes at most this share of
        the prompts that some model gets right.
    value
        The share, in [0, 1].
    loss
        For ``max_under_routing``: mean score that may be lost as well against the best single model; None is any.
    guaranteed
        For ``max_under_routing``: whether the rate is kept by conformal risk control, see
        :mod:`pointsman_train.evaluate.conformal`.

    Raises
    ------
    LabelError
        When under-routing is asked for, and no prompt has a known success of every model.
    """
    if kind == MAX_COST:
        dearest = float(outlook.evidence.paid[:, -1].mean())
        within = np.flatnonzero(outlook.cost <= value * dearest * (1 + ROUNDING))
        return int(within[0]) if len(within) else None
    if kind == MIN_QUALITY:
        best = float(outlook.evidence.score[:, outlook.evidence.anchor].mean())
        return cheapest(outlook, outlook.loss <= (1 - value) * best + ROUNDING)
    kept = _under_routes_at_most(value, guaranteed, outlook)
    if loss is not None:
        kept &= outlook.loss <= loss + ROUNDING
    return cheapest(outlook, kept)


def cheapest(outlook: Outlook, kept: Bools) -> int | None:
    """Of equal costs the last, which is the one farthest from a change."""
    at, cost = np.flatnonzero(kept), outlook.cost
    return int(at[cost[at] <= cost[at].min() * (1 + ROUNDING)][-1]) if len(at) else None


def _under_routes_at_most(value: float, guaranteed: bool, outlook: Outlook) -> Bools:
    evidence = _known(outlook.evidence)
    success: Bools = np.asarray(evidence.success == 1)
    lost, solvable = under_routing_loss(success, outlook.chosen(evidence)), success.any(axis=1)
    group = None if evidence.group is None else evidence.group[solvable]
    counts = None if evidence.stands_for is None else of_rows(evidence.stands_for[solvable])
    if not guaranteed:
        # Where no prompt can be solved, none is under-routed.
        rate = np.average(lost, axis=0, weights=counts) if len(lost) else np.zeros(lost.shape[1])
        return np.asarray(rate <= value + ROUNDING)
    last = controlled(lost, value, group, counts)
    # Any setting up to the last is kept: its loss is at most the running maximum that was controlled.
    return np.arange(len(outlook.settings)) <= (-1 if last is None else last)


def _known(evidence: Evidence) -> Evidence:
    """Take the prompts on which every model's success is known."""
    if evidence.success is None:
        raise LabelError("an operating point is to keep under-routing, and no successes are known")
    known = np.asarray(~np.isnan(evidence.success).any(axis=1))
    if not known.any():
        raise LabelError(
            f"none of {known.size} training prompts has a known success of every model, so no operating point can "
            "keep under-routing; collect the missing outcomes, or take the models with few of them out of the pool"
        )
    return evidence.take(known)
