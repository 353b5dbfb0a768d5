"""The engine "local": everything in this process."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from pointsman.graph import Predictions
from pointsman_train.datasets import load, read_catalog
from pointsman_train.engine import Prepared, Source
from pointsman_train.featurize.run import open_session, predictions_of
from pointsman_train.label import label
from pointsman_train.memory import give_back
from pointsman_train.split import group_near_duplicates, logged_to_training, split
from pointsman_train.study.task import Task
from pointsman_train.train.router import TrainedRouter
from pointsman_train.train.stage import train

log = logging.getLogger(__name__)


class LocalEngine:
    """Does the work of the stages here."""

    def prepare(self, source: Source) -> Prepared:
        """Load, label, group and split."""
        return prepare(source)

    def train(self, task: Task) -> TrainedRouter:
        """Train a router on the training prompts."""
        return train(task.labelled, task.split, task.folds, task.train)

    def predict(self, onnx: bytes, prompts: Sequence[str]) -> Predictions:
        """Run the exported graph over prompts, in batches."""
        return predict(onnx, prompts)

    def judge_all(self, onnx: bytes, router: TrainedRouter) -> Mapping[str, float]:
        """Return nothing: every test prompt is here, and judged by the evaluate stage."""
        return {}


def prepare(source: Source) -> Prepared:
    """Load, label, group and split."""
    catalog = read_catalog(source.catalog) if source.catalog else None
    outcomes = load(source.dataset, source.pool or [], catalog)
    give_back()
    labelled = label(outcomes, source.label)
    group = group_near_duplicates(labelled.outcomes.prompt, source.group)
    give_back()
    ids = labelled.outcomes.prompt_id
    parts = logged_to_training(split(ids, group, source.split), labelled.asked, ids)
    for reason, rows in labelled.outcomes.drops.counts.items():
        log.info("%s: %d", reason, rows)
    log.info("split %s, %d near-duplicate groups", parts.counts(), int(group.max()) + 1)
    return Prepared(labelled, parts)


def predict(onnx: bytes, prompts: Sequence[str]) -> Predictions:
    """Run the exported graph over prompts, in batches."""
    return predictions_of(open_session(onnx), prompts)
