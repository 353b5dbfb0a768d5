"""Whether outcomes are missing because of other outcomes, as where a ladder was climbed until a model succeeded."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.datasets.selected import effective_size
from pointsman_train.label.labels import Labelled
from pointsman_train.label.logged import log_told

# What is told: a success rate that is so far from that of all prompts, by so many standard errors of the two parts.
_LEAST, _CLEAR = 0.1, 4.0
# Prompts, of one each, with fewer of which operating points and figures are mostly chance.
_ENOUGH = 200


def selection_told(labelled: Labelled) -> str | None:
    """Say that prompts with an outcome of every model are not like the others; None where they may be.

    Means, operating points and test figures rest on prompts with all outcomes. Where those were asked of every model
    because the cheap ones had failed, they are the hard prompts, and no figure is that of the traffic. With the
    probability of each outcome they stand for the others as well; then it is only told where they are too few for that.
    """
    if (told_of_log := log_told(labelled)) is not None:
        return told_of_log
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
