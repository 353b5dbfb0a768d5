"""Whether the labels are too one-sided to learn from."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.evaluate.bootstrap import Weights, estimate, means
from pointsman_train.label.labels import Labelled
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check, above, percent

QUESTION = "Are the labels one-sided?"
# A label that nearly every prompt has leaves nothing to choose; with fewer successes or failures of a model than this
# in training, where it fails cannot be learned.
NEARLY_ALL, FEW = 0.95, 30


def check_balance(labelled: Labelled, training: np.ndarray, weights: Weights) -> Check:
    """Count the labels, and each model's successes and failures among the training prompts.

    Parameters
    ----------
    training
        Mask of shape (n_prompts,).
    weights
        ndarray of shape (1 + n_resamples, n_labelled_prompts), for the prompts that have a label.
    """
    known = labelled.label >= 0
    one_hot: Floats = (labelled.label[known, None] == np.arange(len(labelled.class_names))).astype(np.float64)
    rows = means(weights, one_hot)
    shares = {name: estimate(rows[:, k], int(known.sum())) for k, name in enumerate(labelled.class_names)}
    largest = max(shares, key=lambda name: shares[name].value)
    rare = _rare(labelled, training)
    if above(shares[largest], NEARLY_ALL):
        verdict = WILL_NOT
        advice = _advice(largest, labelled)
    elif rare:
        verdict = CANNOT_TELL
        advice = (
            f"Bring more prompts, or prompts on which these differ: fewer than {FEW} of a kind teach next to nothing."
        )
    else:
        verdict, advice = PAYS, "Every model succeeds and fails often enough to learn from."
    found = f"The most frequent label is {largest}: {percent(shares[largest])} of {int(known.sum()):,} prompts. "
    found += f"Too few of a kind in training: {'; '.join(rare)}." if rare else f"Every model has {FEW} or more of both."
    return Check("balance", QUESTION, verdict, found, advice, {"largest_label": shares[largest]}, {"labels": shares})


def _advice(largest: str, labelled: Labelled) -> str:
    if largest not in labelled.models:
        return "Nearly every prompt is beyond every model: add a stronger model, or look at the grader."
    return f"Use {largest} for everything, or bring harder prompts: nearly all of these need no other model."


def _rare(labelled: Labelled, training: np.ndarray) -> list[str]:
    success = labelled.success[training]
    rights, wrongs = (success == 1).sum(axis=0), (success == 0).sum(axis=0)
    rare = []
    for model, right, wrong in zip(labelled.models, rights.tolist(), wrongs.tolist(), strict=True):
        if min(right, wrong) < FEW:
            rare.append(f"{model} has {right} successes and {wrong} failures")
    return rare
