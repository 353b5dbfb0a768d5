"""The guard: prompts unlike the training prompts go to one model, whatever the rule says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pointsman.decide import ONLY, UNFAMILIAR, Bools, Choices, Floats, Rule, choose_by, worth


@dataclass(frozen=True, slots=True)
class Guard:
    """When a prompt is unfamiliar, and where it then goes.

    Attributes
    ----------
    threshold
        A prompt whose similarity to the training prompts is below this is unfamiliar.
    fallback
        Position of the model that such prompts go to.
    """

    threshold: float
    fallback: int

    def unfamiliar(self, similarity: NDArray[np.floating]) -> Bools:
        """Say which prompts are unfamiliar; one whose similarity is NaN is.

        Examples
        --------
        >>> Guard(0.5, 0).unfamiliar(np.array([0.4, 0.5, np.nan])).tolist()
        [True, False, True]
        """
        return ~(np.asarray(similarity, np.float64) >= self.threshold)


def guarded(choices: Choices, guard: Guard | None, similarity: NDArray[np.floating] | None) -> Choices:
    """Send unfamiliar prompts to the guard's fallback; without a guard or similarities nothing changes.

    Parameters
    ----------
    similarity
        ndarray of shape (n_prompts,), how near each prompt is to the training prompts; higher is nearer.
    """
    if guard is None or similarity is None:
        return choices
    out = guard.unfamiliar(similarity)
    if not out.any():
        return choices
    return replace(
        choices,
        chosen=np.where(out, guard.fallback, choices.chosen),
        margin=np.where(out, np.inf, choices.margin),
        reason=np.where(out & (choices.reason != ONLY), UNFAMILIAR, choices.reason),
        unfamiliar=out,
    )


def served(
    rule: Rule,
    p_success: Floats,
    p_label: Floats | None,
    cost: Floats,
    anchor: int,
    guard: Guard | None = None,
    similarity: NDArray[np.floating] | None = None,
) -> Choices:
    """Decide many prompts as a service does at one operating point, over the whole ladder: rule first, then guard.

    Parameters
    ----------
    p_success, p_label
        As of :func:`pointsman.decide.worth`.
    cost, anchor
        As of :func:`pointsman.decide.choose_by`.
    similarity
        As of :func:`guarded`.

    Examples
    --------
    >>> p = np.array([[0.9, 0.95], [0.9, 0.95]])
    >>> served(Rule(lam=0.5), p, None, np.array([1.0, 4.0]), 1, Guard(0.5, 1), np.array([0.9, 0.1])).chosen.tolist()
    [0, 1]
    """
    return guarded(choose_by(rule, worth(rule, p_success, p_label), cost, anchor), guard, similarity)


def fallback_among(fallback: int, mean_score: Sequence[float], allowed: Sequence[bool]) -> int:
    """Position of the fallback or, where it is not allowed, of the allowed model with the best mean score.

    Of equals it is the first; at least one model is allowed.

    Examples
    --------
    >>> fallback_among(2, [0.4, 0.6, 0.8], [True, True, False])
    1
    """
    if allowed[fallback]:
        return fallback
    return max((m for m, may in enumerate(allowed) if may), key=mean_score.__getitem__)
