"""Outcomes of a service's log, where a router chose who answered.

They tell how hard prompts are, not how models differ: each model is known mostly on what it was thought good for. So by
default they are put apart, and teach the word block alone: see :mod:`pointsman_train.featurize.hardness`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pointsman_train.data import Bools, Outcomes
from pointsman_train.datasets.selected import of_a_log_alone
from pointsman_train.errors import PoolError

WORDS, ALL = "words", "all"
LOGGED_CHOICES = (WORDS, ALL)
WHY = "only a service's log has an outcome (kept)"
ALIKE = "outcome of a service's log, which counts as one that was asked for (kept)"
REPEATED = "outcome of a log of a prompt that models were asked about"


def put_apart(outcomes: Outcomes, logged: Bools) -> tuple[Outcomes, Outcomes]:
    """Part what was asked from the outcomes of a log.

    Of a prompt that a model was asked about, what a log says of it is left out, and counted: which other models it
    knows there hangs on the router.

    Parameters
    ----------
    logged
        ndarray of shape (n_prompts, n_models), the outcomes of a log.

    Returns
    -------
    The same prompts twice: with the outcomes that were asked for, and with those of prompts that only a log knows.
    """
    known = ~np.isnan(outcomes.score)
    alone = of_a_log_alone(logged, known)[:, None]
    asked, of_log = _only(outcomes, known & ~logged), _only(outcomes, logged & alone)
    asked.drops.add(REPEATED, int((logged & ~alone).sum()))
    return asked, of_log


def refuse_unasked(asked: Outcomes, of_log: Outcomes) -> None:
    """Raise :class:`PoolError` for models that only a log has outcomes of."""
    never = np.isnan(asked.score).all(axis=0) & ~np.isnan(of_log.score).all(axis=0)
    if never.any():
        unasked = [asked.models[m] for m in np.flatnonzero(never).tolist()]
        mend = "" if never.all() else ", or take these out of the pool"
        raise PoolError(
            f"only a service's log has outcomes of {unasked!r}, which tell how hard prompts are and no more: ask every "
            f"model about some hundreds of them (pointsman-collect plan=full){mend}"
        )


def _only(outcomes: Outcomes, kept: Bools) -> Outcomes:
    """Return the outcomes of a mask; the drops are counted apart from now on."""
    counts = None if outcomes.stands_for is None else np.where(kept, outcomes.stands_for, 1.0)
    return replace(
        outcomes,
        score=np.where(kept, outcomes.score, np.nan),
        trials=np.where(kept, outcomes.trials, 0),
        cost_usd=np.where(kept, outcomes.cost_usd, np.nan),
        stands_for=None if counts is None or (counts == 1).all() else counts,
        drops=outcomes.drops.copy(),
    )
