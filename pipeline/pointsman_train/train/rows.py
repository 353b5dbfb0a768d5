"""What training reads of the labelled prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_train.data import UNKNOWN_LABEL, Bools, Floats, Ints
from pointsman_train.errors import LabelError, PoolError
from pointsman_train.label.labels import Labelled
from pointsman_train.label.ladder import mean_costs
from pointsman_train.label.logged import nothing_complete_told
from pointsman_train.label.partial import means_by_regression
from pointsman_train.train.success import Descriptors, Targets


@dataclass(frozen=True, slots=True)
class Rows:
    """Prompts that a fit may see, with all that is known of them.

    Attributes
    ----------
    score
        ndarray of shape (n_prompts, n_models), in [0, 1]; NaN where unknown.
    cost
        ndarray of the same shape, US dollars; NaN where unknown.
    group
        ndarray of shape (n_prompts,), near-duplicate groups.
    """

    prompt: Sequence[str]
    source: Sequence[str]
    targets: Targets
    score: Floats
    cost: Floats
    group: Ints

    def take(self, mask: Bools) -> Rows:
        """Return the prompts of a mask."""
        index = np.flatnonzero(mask).tolist()
        prompts, sources = [self.prompt[i] for i in index], [self.source[i] for i in index]
        return Rows(prompts, sources, self.targets.take(mask), self.score[mask], self.cost[mask], self.group[mask])


def rows_of(labelled: Labelled, group: Ints, mask: Bools) -> Rows:
    """Take the prompts of a mask."""
    outcomes = labelled.outcomes
    rate = np.where(outcomes.trials > 1, outcomes.score, labelled.success)
    targets = Targets(labelled.success, rate, outcomes.trials, labelled.label, group, outcomes.stands_for)
    return Rows(outcomes.prompt, outcomes.source, targets, outcomes.score, outcomes.cost_usd, group).take(mask)


def labels_that_occur(label: Ints, labelled: Labelled) -> tuple[int, ...]:
    """Return the labels of the training prompts, ascending.

    Raises
    ------
    LabelError
        When there is only one.
    """
    classes = tuple(int(c) for c in np.unique(label[label != UNKNOWN_LABEL]))
    if len(classes) < 2:
        only = labelled.class_names[classes[0]] if classes else "none"
        raise LabelError(
            f"the training prompts have one label only, {only!r}: there is nothing to learn; "
            "change the pool or label.success_threshold, or bring more varied prompts"
            f"{nothing_complete_told(labelled.success)}"
        )
    return classes


def describe_models(labelled: Labelled, mask: Bools) -> tuple[Descriptors, Floats]:
    """Mean cost, success rate and score of each model on the training prompts that all models answered.

    A model that answered few is compared with the others as
    :func:`~pointsman_train.label.partial.means_by_regression` says.
    """
    success, score = labelled.success[mask], labelled.outcomes.score[mask]
    known = ~np.isnan(success)
    never = [model for m, model in enumerate(labelled.models) if not known[:, m].any()]
    if never:
        raise PoolError(f"no known outcome for {never!r} among the training prompts; take them out of the pool")
    outcomes = labelled.outcomes.take(mask)
    descriptors = Descriptors(mean_costs(outcomes), means_by_regression(success, outcomes.stands_for))
    return descriptors, means_by_regression(np.where(known, score, np.nan), outcomes.stands_for)
