"""What training reads of the labelled prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pointsman_train.data import UNKNOWN_LABEL, Bools, Floats, Ints
from pointsman_train.datasets.selected import asked_rows
from pointsman_train.errors import LabelError, PoolError
from pointsman_train.featurize.fit import Taught
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
    logged
        ndarray of shape (n_prompts, n_models): successes of prompts of a service's log, of which nothing else is known;
        None without such prompts.
    """

    prompt: Sequence[str]
    source: Sequence[str]
    targets: Targets
    score: Floats
    cost: Floats
    group: Ints
    logged: Floats | None = None

    @property
    def asked(self) -> Bools:
        """Mask of the prompts that are not of a service's log."""
        return asked_rows(self.logged, len(self.group))

    def asked_alone(self) -> Rows:
        """Return the prompts that are not of a service's log."""
        return self if self.logged is None else replace(self.take(self.asked), logged=None)

    def taught(self, models: tuple[str, ...], fold: Ints, drawn: Bools | None = None) -> Taught:
        """Return what the blocks of features learn from."""
        counts = self.targets.stands_for
        return Taught(models, self.targets.success, self.source, fold, drawn, counts, self.logged)

    def take(self, mask: Bools) -> Rows:
        """Return the prompts of a mask."""
        index = np.flatnonzero(mask).tolist()
        prompts, sources = [self.prompt[i] for i in index], [self.source[i] for i in index]
        logged = None if self.logged is None else self.logged[mask]
        targets = self.targets.take(mask)
        return Rows(prompts, sources, targets, self.score[mask], self.cost[mask], self.group[mask], logged)


def rows_of(labelled: Labelled, group: Ints, mask: Bools) -> Rows:
    """Take the prompts of a mask."""
    outcomes = labelled.outcomes
    rate = np.where(outcomes.trials > 1, outcomes.score, labelled.success)
    targets = Targets(labelled.success, rate, outcomes.trials, labelled.label, group, outcomes.stands_for)
    told = outcomes.prompt, outcomes.source, targets, outcomes.score, outcomes.cost_usd, group
    return Rows(*told, labelled.logged).take(mask)


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
            f"{nothing_complete_told(labelled)}"
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
