"""The decision, the only place where it is computed: training, evaluation and serving all call it.

Each candidate model ``m`` has the utility ``P_m - lambda * c_m / c_max``: its probability of success less its mean
cost as a share of the dearest model's, weighed by the operating point's lambda. With lambda 0 only success counts;
from lambda 1 on, cost rules. Where the rule has a ``caution``, each model but the last is worth less by that much of
its risk: the chance, as the complexity classifier sees it, that a dearer model is needed. That is what an under-routed
prompt costs beyond its answer. A rule turns utilities into a choice, in the ladder's order, so that a tie goes to the
cheaper:

- ``utility``: the model with the largest utility.
- ``threshold``: the cheapest model with ``P_m >= threshold``; where there is none, the utility rule.
- ``conservative``: the best single model (the anchor), unless another's utility leads it by more than ``hold``.

:mod:`pointsman.guard` then sends prompts unlike the training prompts to one model, whatever the rule says of them.
:mod:`pointsman.decide_one` is both for one prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

REASONS = ("utility", "threshold", "held by the best single model", "unfamiliar prompt", "only candidate")
_UTILITY, _THRESHOLD, _HELD, UNFAMILIAR, ONLY = range(len(REASONS))
# Of a blank prompt, of which nothing can be scored.
NO_SIGNAL = "no signal"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a model is chosen.

    Attributes
    ----------
    kind
        One of :data:`RULES`.
    lam
        Price of cost, in units of success probability; not negative. The threshold rule prices only those prompts
        that no model reaches the threshold on.
    threshold
        Probability of success that is enough, in [0, 1]; read by the threshold rule alone.
    hold
        Lead in utility over the anchor that another model needs, not negative; read by the conservative rule alone.
    caution
        What under-routing costs beyond the answer, in units of success probability, in [0, 1]; see :func:`worth`. The
        threshold rule does not read it.
    """

    kind: str = "utility"
    lam: float = 0.0
    threshold: float = 0.0
    hold: float = 0.0
    caution: float = 0.0


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen, for each of several prompts.

    Attributes
    ----------
    chosen
        ndarray of shape (n_prompts,), positions of the chosen models.
    margin
        ndarray of shape (n_prompts,), the least change of a probability that could change the choice: under the
        utility rule the lead over the runner-up. Infinite where no probability decided.
    reason
        ndarray of shape (n_prompts,), positions in :data:`REASONS`.
    unfamiliar
        ndarray of shape (n_prompts,), where the guard fired.
    utility
        ndarray of shape (n_prompts, n_models), of every model, allowed or not.
    """

    chosen: NDArray[np.int64]
    margin: Floats
    reason: NDArray[np.int64]
    unfamiliar: Bools
    utility: Floats


def relative_cost(cost: Floats) -> Floats:
    """Scale mean costs to the dearest model's.

    Parameters
    ----------
    cost
        ndarray of shape (n_models,), mean cost per answer in any unit, not negative.

    Returns
    -------
    ndarray of shape (n_models,), in [0, 1]; all 0 where every model is free.

    Examples
    --------
    >>> relative_cost(np.array([1.0, 4.0])).tolist()
    [0.25, 1.0]
    """
    top = float(cost.max())
    return cost / top if top > 0 else np.zeros_like(cost)


def risk(p_label: Floats) -> Floats:
    """Chance that a model is under-routed to: that the label is a dearer rung, so that it and all below it fail.

    Parameters
    ----------
    p_label
        ndarray of shape (n_prompts, n_models + 1), probabilities of the labels; the last is all-fail, which no model
        mends.

    Returns
    -------
    ndarray of shape (n_prompts, n_models), in [0, 1], falling along the ladder; 0 for the dearest model.

    Examples
    --------
    >>> risk(np.array([[0.5, 0.25, 0.125, 0.125]])).tolist()
    [[0.375, 0.125, 0.0]]
    """
    dearer = np.cumsum(p_label[:, -2:0:-1], axis=1)[:, ::-1]
    return np.concatenate([dearer, np.zeros((len(p_label), 1))], axis=1)


def worth(rule: Rule, p_success: Floats, p_label: Floats | None) -> Floats:
    """Return what each model's answer is worth to a rule: ``p_success - caution * risk``.

    Parameters
    ----------
    p_success
        ndarray of shape (n_prompts, n_models), calibrated probabilities of success.
    p_label
        ndarray of shape (n_prompts, n_models + 1), the complexity classifier's; not read where ``caution`` is 0.

    Raises
    ------
    ValueError
        When the rule has a ``caution`` and there are no label probabilities.

    Examples
    --------
    >>> p, label = np.array([[0.5, 0.75]]), np.array([[0.5, 0.25, 0.25]])
    >>> worth(Rule(caution=0.5), p, label).tolist()
    [[0.375, 0.75]]
    """
    if rule.caution == 0 or rule.kind == "threshold":
        return p_success
    if p_label is None:
        raise ValueError(f"{rule!r} weighs under-routing, which takes label probabilities, got None")
    return p_success - rule.caution * risk(p_label)


def utilities(worth: Floats, cost: Floats, lam: float) -> Floats:
    """Compute the utility of each model for each prompt, ``worth - lam * cost / max(cost)``.

    Parameters
    ----------
    worth
        ndarray of shape (..., n_models), calibrated probabilities of success, or what :func:`worth` makes of them.
    cost
        ndarray of shape (n_models,), mean cost per answer, of every model of the ladder: the scale is the ladder's
        and does not move when a request narrows the pool.
    lam
        Price of cost, in units of success probability; not negative.

    Examples
    --------
    >>> utilities(np.array([[0.6, 0.9]]), np.array([1.0, 4.0]), 0.2).round(2).tolist()
    [[0.55, 0.7]]
    """
    return worth - lam * relative_cost(cost)


def choose(utility: Floats, allowed: Bools | None = None) -> NDArray[np.int64]:
    """Position of the best model of each row; ties go to the first, which is the cheaper in a ladder's order.

    Parameters
    ----------
    utility
        ndarray of shape (..., n_models).
    allowed
        ndarray of shape (n_models,), which models may be chosen; None is all.

    Examples
    --------
    >>> choose(np.array([[0.5, 0.5], [0.2, 0.3]])).tolist()
    [0, 1]
    >>> choose(np.array([[0.5, 0.9]]), np.array([True, False])).tolist()
    [0]
    """
    if allowed is not None and not allowed.all():
        utility = np.where(allowed, utility, -np.inf)
    return np.asarray(utility.argmax(axis=-1))


def margin(utility: Floats, allowed: Bools | None = None) -> Floats:
    """Lead of the best utility over the runner-up's; infinite where only one model may be chosen.

    Examples
    --------
    >>> margin(np.array([[0.5, 0.75, 0.0]])).tolist()
    [0.25]
    """
    if allowed is not None and not allowed.all():
        utility = utility[..., allowed]
    if utility.shape[-1] < 2:
        return np.full(utility.shape[:-1], np.inf)
    # Of a few models a sort is quicker than a partition.
    top = np.sort(utility, axis=-1)
    return top[..., -1] - top[..., -2]


def choose_by(rule: Rule, worth: Floats, cost: Floats, anchor: int, allowed: Bools | None = None) -> Choices:
    """Choose a model for each prompt.

    Parameters
    ----------
    rule
        How.
    worth
        ndarray of shape (n_prompts, n_models), from :func:`worth` of the same rule: with a ``caution`` of 0, calibrated
        probabilities of success.
    cost
        ndarray of shape (n_models,), mean costs; see :func:`utilities`.
    anchor
        Position of the best single model. Where it is not allowed, the conservative rule is the utility rule.
    allowed
        ndarray of shape (n_models,), which models may be chosen, at least one; None is all.

    Examples
    --------
    >>> p, cost = np.array([[0.5, 0.8], [0.5, 0.9]]), np.array([1.0, 4.0])
    >>> choose_by(Rule("utility", lam=0.5), p, cost, 1).chosen.tolist()
    [0, 1]
    >>> choose_by(Rule("threshold", threshold=0.4), p, cost, 1).chosen.tolist()
    [0, 0]
    >>> choose_by(Rule("conservative", lam=0.5, hold=0.1), p, cost, 1).chosen.tolist()
    [1, 1]
    """
    allowed = np.ones(len(cost), bool) if allowed is None else allowed
    utility = utilities(worth, cost, rule.lam)
    chosen, lead, reason = _BY_KIND[rule.kind](rule, worth, utility, anchor, allowed)
    if np.count_nonzero(allowed) == 1:
        lead, reason = np.full_like(lead, np.inf), np.full_like(reason, ONLY)
    return Choices(chosen, lead, reason, np.zeros(len(chosen), bool), utility)


_Found: TypeAlias = tuple[NDArray[np.int64], Floats, NDArray[np.int64]]


def _by_utility(rule: Rule, p_success: Floats, utility: Floats, anchor: int, allowed: Bools) -> _Found:
    chosen = choose(utility, allowed)
    return chosen, margin(utility, allowed), np.full_like(chosen, _UTILITY)


def _by_threshold(rule: Rule, p_success: Floats, utility: Floats, anchor: int, allowed: Bools) -> _Found:
    reached = (p_success >= rule.threshold) & allowed
    some, first = np.asarray(reached.any(axis=-1)), np.argmax(reached, axis=-1)
    # The models dearer than the first that reaches the threshold are never looked at.
    seen = allowed & ((np.arange(len(allowed)) <= first[:, None]) | ~some[:, None])
    distance = np.where(seen, np.abs(p_success - rule.threshold), np.inf).min(axis=-1)
    lead = np.where(some, distance, np.minimum(distance, margin(utility, allowed)))
    return np.where(some, first, choose(utility, allowed)), lead, np.where(some, _THRESHOLD, _UTILITY)


def _by_conservative(rule: Rule, p_success: Floats, utility: Floats, anchor: int, allowed: Bools) -> _Found:
    # To lead the anchor by more than hold is to lead an anchor that is better by hold.
    raised = utility + rule.hold * (np.arange(len(allowed)) == anchor)
    chosen = choose(raised, allowed)
    held = chosen != choose(utility, allowed)
    return chosen, margin(raised, allowed), np.where(held, _HELD, _UTILITY)


_BY_KIND: Mapping[str, Callable[[Rule, Floats, Floats, int, Bools], _Found]] = {
    "utility": _by_utility,
    "threshold": _by_threshold,
    "conservative": _by_conservative,
}
RULES = tuple(_BY_KIND)
