"""The decision of :mod:`pointsman.decide` for one prompt, in plain Python.

On a single row numpy costs several times as much as the arithmetic, and after each run of the graph its code has to
be fetched anew: it made a third of a decision's time. Both forms give the same bits; a test holds them together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from pointsman.decide import REASONS, Rule
from pointsman.guard import Guard

_UTILITY, _THRESHOLD, _HELD, _UNFAMILIAR, _ONLY = REASONS


OneChoice: TypeAlias = tuple[int, float, str, bool, list[float]]
"""What was chosen for one prompt: a row of :class:`pointsman.decide.Choices` in its order, with the reason in words."""


def choose_one(
    rule: Rule,
    p_success: Sequence[float],
    p_label: Sequence[float],
    relative: Sequence[float],
    anchor: int,
    allowed: Sequence[bool],
    guard: Guard | None = None,
    similarity: float | None = None,
) -> OneChoice:
    """Choose a model for one prompt, guard included.

    Parameters
    ----------
    p_success, p_label
        Probabilities of the models and of the labels.
    relative
        Costs as shares of the dearest model's, from :func:`pointsman.decide.relative_cost`.
    anchor, allowed
        As of :func:`pointsman.decide.choose_by`; at least one model is allowed.
    guard, similarity
        As of :func:`pointsman.guard.guarded`.

    Examples
    --------
    >>> choose_one(Rule(lam=0.5), [0.5, 0.75], [0.5, 0.25, 0.25], [0.25, 1.0], 1, [True, True])
    (0, 0.125, 'utility', False, [0.375, 0.25])
    """
    utility = _utilities(rule, p_success, p_label, relative)
    if rule.kind == "utility":
        chosen, lead = _best(utility, allowed)
        reason = _UTILITY
    else:
        chosen, lead, reason = _BY_KIND[rule.kind](rule, p_success, utility, anchor, allowed)
    if sum(allowed) == 1:
        lead, reason = math.inf, _ONLY
    if guard is None or similarity is None or similarity >= guard.threshold:
        return chosen, lead, reason, False, utility
    return guard.fallback, math.inf, reason if reason == _ONLY else _UNFAMILIAR, True, utility


def _utilities(
    rule: Rule, p_success: Sequence[float], p_label: Sequence[float], relative: Sequence[float]
) -> list[float]:
    """Return what each model is worth, less its cost and, but for a threshold, the price of under-routing."""
    lam, caution, dearer = rule.lam, rule.caution, 0.0
    utility = list(p_success)
    last = len(utility) - 1
    if caution != 0 and rule.kind != "threshold":
        for m in range(last - 1, -1, -1):
            dearer += p_label[m + 1]
            utility[m] -= caution * dearer
    for m in range(last + 1):
        utility[m] -= lam * relative[m]
    return utility


def _best(utility: Sequence[float], allowed: Sequence[bool]) -> tuple[int, float]:
    """Position of the largest utility, the first of equals, and its lead over the next."""
    chosen, best, second = -1, -math.inf, -math.inf
    for m, value in enumerate(utility):
        if not allowed[m]:
            continue
        if chosen < 0 or value > best:
            chosen, best, second = m, value, best
        elif value > second:
            second = value
    return chosen, best - second


_Found: TypeAlias = tuple[int, float, str]


def _by_threshold(
    rule: Rule, p_success: Sequence[float], utility: Sequence[float], anchor: int, allowed: Sequence[bool]
) -> _Found:
    distance = math.inf
    for m, p in enumerate(p_success):
        if allowed[m]:
            distance = min(distance, abs(p - rule.threshold))
            if p >= rule.threshold:
                return m, distance, _THRESHOLD
    chosen, lead = _best(utility, allowed)
    return chosen, min(distance, lead), _UTILITY


def _by_conservative(
    rule: Rule, p_success: Sequence[float], utility: Sequence[float], anchor: int, allowed: Sequence[bool]
) -> _Found:
    raised = [u + rule.hold if m == anchor else u for m, u in enumerate(utility)]
    chosen, lead = _best(raised, allowed)
    return chosen, lead, _UTILITY if chosen == _best(utility, allowed)[0] else _HELD


_BY_KIND: Mapping[str, Callable[[Rule, Sequence[float], Sequence[float], int, Sequence[bool]], _Found]] = {
    "threshold": _by_threshold,
    "conservative": _by_conservative,
}
