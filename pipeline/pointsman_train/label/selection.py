"""Whether outcomes are missing because of other outcomes, as where a ladder was climbed until a model succeeded."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.datasets.selected import effective_size
from pointsman_train.label.labels import Labelled

# What is told: a success rate that is so far from that of all prompts, by so many standard errors of the two parts.
_LEAST, _CLEAR = 0.1, 4.0
# Prompts, of one each, with fewer of which operating points and figures are mostly chance.
_ENOUGH = 200
# Of a ladder's prompts with one outcome nearly all are successes of the cheapest model; lost answers left the rest.
_OF_OTHERS, _OF_FAILURES = 0.01, 0.1
# The share of such prompts from which on they are told of.
_MANY = 0.1


def selection_told(labelled: Labelled) -> str | None:
    """Say that prompts with an outcome of every model are not like the others; None where they may be.

    Means, operating points and test figures rest on prompts with all outcomes. Where those were asked of every model
    because the cheap ones had failed, they are the hard prompts, and no figure is that of the traffic. With the
    probability of each outcome they stand for the others as well; then it is only told where they are too few for that.
    """
    if (sent := sent_by_a_router(labelled.success)) > _MANY * len(labelled.label) and labelled.stands_for is None:
        return (
            f"{sent:,} of {len(labelled.label):,} prompts have the outcome of one model alone, as in a service's log, "
            "where a router chose who answers: they teach how hard prompts are, not how models differ, and a router "
            "that learns from them may lose more than its operating points say. Better ask every model about a part of "
            "them (pointsman-collect plan=full), and train on what has all outcomes"
        )
    gaps = completeness_gaps(labelled.success, labelled.outcomes.stands_for)
    told = np.flatnonzero(~np.isnan(gaps[:, 0]))
    if not len(told):
        return _little_told(labelled)
    m = max(told.tolist(), key=lambda one: abs(gaps[one, 0] - gaps[one, 1]))
    whole, all_asked = gaps[m].tolist()
    return (
        f"prompts with an outcome of every model are not like the others: {labelled.models[m]} succeeds on "
        f"{whole:.0%} of them, and on {all_asked:.0%} of all that it was asked; operating points and figures rest on "
        "them, and are not those of your traffic. Ask every model about every prompt (pointsman-collect plan=full), or "
        "about a random part of them, and tell the probability of each outcome in the column selection_probability"
    )


def selection_counts(labelled: Labelled) -> dict[str, int]:
    """Count the prompts with all outcomes, those of them that were asked by chance, and how many would tell as much.

    Empty where every prompt stands for itself.
    """
    counts, complete = labelled.stands_for, np.asarray(~np.isnan(labelled.success).any(axis=1))
    if counts is None:
        return {}
    of_row = counts[complete]
    return {
        "complete": len(of_row),
        "by_chance": int((of_row > 1).sum()),
        "as_good_as": round(effective_size(of_row)),
    }


def _little_told(labelled: Labelled) -> str | None:
    """Say that prompts that stand for others are too few; None where none do, or enough."""
    counts = selection_counts(labelled)
    if not counts or not 0 < counts["as_good_as"] < _ENOUGH:
        return None
    return (
        f"{counts['complete']:,} of {len(labelled.label):,} prompts have an outcome of every model, "
        f"{counts['by_chance']:,} of them by chance, and they tell as much as {counts['as_good_as']:,} that had not "
        "been chosen would: operating points and figures are uncertain. Ask every model about more of them "
        "(pointsman-collect explore=0.3, or plan=full)"
    )


def nothing_complete_told(success: Floats) -> str:
    """Say, behind an error, that no prompt has an outcome of every model, and what to do; "" where one has."""
    known = ~np.isnan(success)
    if known.all(axis=1).any():
        return ""
    single = int((known.sum(axis=1) == 1).sum())
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


def completeness_gaps(success: Floats, stands_for: Floats | None = None) -> Floats:
    """Success rate of each model on prompts that all models have outcomes of, and on all that it was asked.

    Parameters
    ----------
    success
        ndarray of shape (n_prompts, n_models), 0 or 1, NaN where unknown.
    stands_for
        ndarray of the same shape, how many outcomes like it each stands for; None is one each.

    Returns
    -------
    ndarray of shape (n_models, 2); NaN where the two do not differ clearly.

    Examples
    --------
    >>> nan = np.nan  # the second is asked where the first has failed
    >>> completeness_gaps(np.array([[1.0, nan]] * 60 + [[0.0, 1.0]] * 40)).tolist()
    [[0.0, 0.6], [nan, nan]]
    >>> completeness_gaps(np.array([[1.0, nan], [0.0, nan], [1.0, 1.0], [0.0, 0.0]] * 25)).tolist()
    [[nan, nan], [nan, nan]]
    """
    known = ~np.isnan(success)
    complete = known.all(axis=1)
    found = np.full((success.shape[1], 2), np.nan)
    if not complete.any():
        return found
    counts = np.ones_like(success) if stands_for is None else stands_for
    of_row = counts[complete].max(axis=1)
    for m in range(success.shape[1]):
        asked = known[:, m]
        whole = float(np.average(success[complete, m], weights=of_row))
        everywhere = float(np.average(success[asked, m], weights=counts[asked, m]))
        # What all and a part of them differ by varies as the part does, but for the share that is both.
        share = effective_size(of_row) / effective_size(counts[asked, m])
        variance = everywhere * (1 - everywhere) * max(1 - share, 0.0) / effective_size(of_row)
        if abs(whole - everywhere) > max(_LEAST, _CLEAR * float(np.sqrt(variance))):
            found[m] = whole, everywhere
    return found
