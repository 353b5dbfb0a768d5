"""Whether prompts have the outcome of one model alone, as in a service's log, where a router chose who answers."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.label.labels import Labelled

# Of a ladder's prompts with one outcome nearly all are successes of the cheapest model; lost answers left the rest.
_OF_OTHERS, _OF_FAILURES = 0.01, 0.1
# The share of such prompts from which on they are told of.
_MANY = 0.1


def log_told(labelled: Labelled) -> str | None:
    """Say that many prompts are as a log's and not marked so; None where they are not, or stand for others.

    With the probabilities of a ladder, single outcomes are the ladder's.
    """
    marked = False if labelled.outcomes.logged is None else labelled.outcomes.logged
    sent, prompts = sent_by_a_router(np.where(marked, np.nan, labelled.success)), len(labelled.label)
    if sent <= _MANY * prompts or labelled.stands_for is not None:
        return None
    return (
        f"{sent:,} of {prompts:,} prompts have the outcome of one model alone, as in a service's log, where a router "
        "chose who answers: each model is known mostly on what it was thought good for, and a router that learns from "
        "that may lose more than its operating points say. Mark their outcomes as true in a column logged, and they "
        "teach how hard prompts are, alone"
    )


def nothing_complete_told(labelled: Labelled) -> str:
    """Say, behind an error, that no prompt has an outcome of every model, and what to do; "" where one has."""
    known = ~np.isnan(labelled.success)
    if known.all(axis=1).any():
        return ""
    single = int((~labelled.asked | (known.sum(axis=1) == 1)).sum())
    told = (
        f", and {single:,} of {len(known):,} have one alone, as in a service's log" if single > len(known) / 2 else ""
    )
    return (
        f". No prompt has an outcome of every model{told}: operating points and figures rest on such prompts; ask "
        "every model about some hundreds (pointsman-collect plan=full)"
    )


def sent_by_a_router(success: Floats) -> int:
    """Count the prompts with one outcome, where these are of several models and some failed; else 0, as of a ladder.

    Examples
    --------
    >>> nan = np.nan
    >>> sent_by_a_router(np.array([[1.0, nan], [nan, 0.0], [1.0, 1.0]]))
    2
    >>> sent_by_a_router(np.array([[1.0, nan], [nan, 1.0], [0.0, 1.0]]))
    0
    """
    single = success[(~np.isnan(success)).sum(axis=1) == 1]
    of_model, failures = (~np.isnan(single)).sum(axis=0), int((single == 0).sum())
    others = len(single) - int(of_model.max(initial=0))
    looks = others > _OF_OTHERS * len(single) and failures > _OF_FAILURES * len(single)
    return len(single) if looks else 0
