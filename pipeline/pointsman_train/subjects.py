"""What the detail of an evaluation asks of a router: one that was just trained, or one that was exported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress

import numpy as np

from pointsman.contributions import Explainer
from pointsman.graph import Predictions
from pointsman.router import Router
from pointsman_train.evaluate.complete import complete_rows
from pointsman_train.evaluate.detailed import Subject
from pointsman_train.evaluate.explain import (
    NO_EMBEDDING,
    NO_PATHS,
    NO_TRAINING,
    explain_as_served,
    explain_by,
    unexplained,
)
from pointsman_train.evaluate.stage import Judged
from pointsman_train.fresh import predicted
from pointsman_train.label.labels import Labelled
from pointsman_train.study.left_out import leave_sources_out
from pointsman_train.study.task import Task
from pointsman_train.train.router import TrainedRouter


def subject_of_run(
    task: Task, router: TrainedRouter, test: Predictions, predict: Callable[[Sequence[str]], Judged]
) -> Subject:
    """Say it of a router that was just trained: its decisions can be explained, and it can be trained anew.

    Parameters
    ----------
    test
        Of every prompt of the test split.
    predict
        What the exported graph says of any prompts.
    """
    labelled, split = task.labelled, task.split
    in_test = split.rows("test")
    rows = complete_rows(labelled, in_test)
    return Subject(
        prompts=list(compress(labelled.outcomes.prompt, rows)),
        prompt_ids=list(compress(labelled.outcomes.prompt_id, rows)),
        features=test.features[rows[in_test]],
        predict=predict,
        explain=explain_by(router, labelled, task.training),
        leave_out=lambda evaluation, weights, config: leave_sources_out(task, evaluation, weights, config),
        notes={} if router.featurizer.embedding is not None else {"neighbours": NO_EMBEDDING},
    )


def subject_of_bundle(
    router: Router, labelled: Labelled, found: Predictions, explainer: Explainer | None = None
) -> Subject:
    """Say it of an exported router on fresh prompts.

    Parameters
    ----------
    found
        Of every prompt.
    explainer
        Of the bundle; None leaves the decisions unexplained.
    """
    notes = {"left_out": "an exported router is not trained anew", "neighbours": NO_TRAINING}
    rows = complete_rows(labelled, np.ones(len(labelled.label), bool))
    return Subject(
        prompts=list(compress(labelled.outcomes.prompt, rows)),
        prompt_ids=list(compress(labelled.outcomes.prompt_id, rows)),
        features=found.features[rows],
        predict=lambda texts: predicted(router, texts),
        explain=unexplained if explainer is None else explain_as_served(explainer, router.manifest.features),
        notes=notes if explainer is not None else notes | {"reasons": NO_PATHS},
    )
