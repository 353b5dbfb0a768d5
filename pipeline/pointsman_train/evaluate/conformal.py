"""Conformal risk control: a setting of the dial whose expected loss is at most a target, for any number of prompts.

Settings are in order of rising risk, as lambdas of the decision rule are for under-routing. Of each prompt's loss the
running maximum over the settings is taken, which never falls and is never below the loss. Then

``bound_k = (sum of losses at setting k + g) / (n + g)``

is compared with the target, with n prompts, and g the size of the largest group of near-duplicates (1 without any). The
last setting whose bound is at most the target keeps the expected loss on new prompts at most the target.

What holds, and when
    Groups must be exchangeable: the groups behind these losses and the new ones come from the same source in any
    order. Nothing else is assumed, neither independence within a group nor a good model. The expectation is over the
    draw of both: the next thousand prompts may be above the target, on average they are not. It holds for the choices
    of one fixed router. For out-of-fold choices it holds as far as the router fitted on all folds chooses no worse than
    those fitted on all but one, and it holds for fresh groups no larger than the largest seen.

Losses that stand for others count as often, and the new prompt as often as the one that counts most: the weighted form
of the same rule, where the weight of the new prompt is not known and the largest is on the safe side.

References
----------
Angelopoulos, Bates, Fisch, Lei and Schuster (2022), Conformal risk control, arXiv 2208.02814, theorem 1. It is applied
to each group's sum of ``loss - target``, which is at most ``g (1 - target)``; for groups of one it is the paper's rule.
"""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.rates import under_routed


def controlled(loss: Floats, target: float, group: Ints | None = None, stands_for: Floats | None = None) -> int | None:
    """Find the last setting that keeps the expected loss at most the target.

    Parameters
    ----------
    loss
        ndarray of shape (n_prompts, n_settings), known and at most 1, settings in order of rising risk. To control
        under-routing, only prompts that some model gets right.
    target
        In (0, 1).
    group
        ndarray of shape (n_prompts,), near-duplicates; None where there are none.
    stands_for
        ndarray of shape (n_prompts,), how many prompts like it each stands for; None is one each.

    Returns
    -------
    Position of the setting; None where not even the first keeps the target for certain. The guarantee then holds only
    for a choice whose loss is never above 0: the dearest model, for under-routing.

    Raises
    ------
    ConfigError
        When the target is not above 0 and below 1.
    DataError
        When a loss is unknown or above 1.

    Examples
    --------
    >>> loss = np.array([[0, 0, 1], [0, 1, 1], [0, 0, 0], [0, 0, 0]], float)
    >>> controlled(loss, 0.4), controlled(loss, 0.2), controlled(loss, 0.1)
    (1, 0, None)
    """
    if not 0 < target < 1:
        raise ConfigError(f"the target is {target!r}, expected a rate above 0 and below 1")
    kept = int(np.sum(bound(loss, group, stands_for) <= target))
    return kept - 1 if kept else None


def bound(loss: Floats, group: Ints | None = None, stands_for: Floats | None = None) -> Floats:
    """Return what is compared with the target: ndarray of shape (n_settings,), never falling.

    It is 1 where there is no prompt. Parameters as of :func:`controlled`.

    Examples
    --------
    >>> bound(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])).tolist()
    [0.25, 0.5, 0.5]
    >>> bound(np.array([[0.0], [1.0]]), stands_for=np.array([2.0, 1.0])).tolist()  # (1 + 2) / (3 + 2)
    [0.6]
    """
    if not (loss <= 1).all():
        raise DataError(f"a loss is {float(loss[~(loss <= 1)][0])!r}, expected a known value of at most 1")
    count = np.ones(len(loss)) if stands_for is None else stands_for
    # As many as the largest group stands for.
    largest = max(1.0, float(np.bincount(_member(group, len(loss)), count).max(initial=0.0)))
    rising = np.maximum.accumulate(loss, axis=1)
    return np.asarray((count @ rising + largest) / (count.sum() + largest))


def _member(group: Ints | None, n: int) -> Ints:
    return np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]


def under_routing_loss(success: Bools, chosen: Ints) -> Floats:
    """Whether each choice fails although a dearer model succeeds: 1 or 0, on the prompts that some model gets right.

    Parameters
    ----------
    success
        ndarray of shape (n_prompts, n_models), in ladder order.
    chosen
        ndarray of shape (n_prompts, n_settings), rungs.

    Returns
    -------
    ndarray of shape (n_solvable_prompts, n_settings)

    Examples
    --------
    >>> success = np.array([[False, True], [False, False], [True, False]])
    >>> under_routing_loss(success, np.array([[1, 0], [1, 0], [1, 0]])).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    solvable = success.any(axis=1)
    return np.take_along_axis(under_routed(success), chosen, axis=1)[solvable]
