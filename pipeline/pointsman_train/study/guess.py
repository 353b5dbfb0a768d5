"""The least that a success model must beat: guessing each model's success rate for every prompt."""

from __future__ import annotations

import numpy as np

from pointsman_train.data import Bools
from pointsman_train.evaluate.calibration import log_loss
from pointsman_train.label.labels import Labelled


def guess_log_loss(labelled: Labelled, training: Bools, judged: Bools) -> float:
    """Mean log loss, over models, of the training prompts' success rates on prompts with all outcomes.

    Half a success and half a failure are added to each model's training outcomes, so that a rate is never 0 or 1.

    Parameters
    ----------
    training, judged
        Masks of shape (n_prompts,); no outcome of the judged prompts is unknown.
    """
    success, counts, of_prompt = labelled.success, labelled.outcomes.stands_for, labelled.stands_for
    known = ~np.isnan(success[training])
    asked = np.where(known, 1.0 if counts is None else counts[training], 0.0)
    rate = ((asked * np.nan_to_num(success[training])).sum(axis=0) + 0.5) / (asked.sum(axis=0) + 1.0)
    loss = log_loss(np.broadcast_to(rate, (int(judged.sum()), len(rate))), success[judged] == 1)
    return float(np.average(loss, axis=0, weights=None if of_prompt is None else of_prompt[judged]).mean())
