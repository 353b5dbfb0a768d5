"""Prompts of which only a service's log has outcomes: each has one, of the model that a router chose for it.

They tell how hard prompts are, not how models differ: each model is known mostly on what it was thought good for. So by
default they are put apart, and teach the scores of words alone: see :mod:`pointsman_train.featurize.stack`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pointsman_train.data import Floats, Outcomes

WORDS, ALL = "words", "all"
LOGGED_CHOICES = (WORDS, ALL)
WHY = "only a service's log has an outcome, which teaches words (kept)"


def put_apart(outcomes: Outcomes, success: Floats) -> tuple[Outcomes, Floats, Floats]:
    """Take the outcomes of logged prompts out of what is known.

    Parameters
    ----------
    outcomes
        With some prompts that are logged.
    success
        ndarray of shape (n_prompts, n_models), 0 or 1, NaN where unknown.

    Returns
    -------
    The outcomes and the successes without them, and the successes of logged prompts alone, each of the same shape.
    """
    logged = np.zeros((len(outcomes), 1), bool) if outcomes.logged is None else outcomes.logged[:, None]
    asked = replace(
        outcomes,
        score=np.where(logged, np.nan, outcomes.score),
        trials=np.where(logged, 0, outcomes.trials),
        cost_usd=np.where(logged, np.nan, outcomes.cost_usd),
    )
    return asked, np.where(logged, np.nan, success), np.where(logged, success, np.nan)
