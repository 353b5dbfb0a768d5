"""Exported routers on outcomes that they were not made from: the data under a router's ladder, and what it predicts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pointsman.graph import Predictions, joined
from pointsman.router import Router
from pointsman_train.data import Ints
from pointsman_train.datasets import DatasetConfig, load, read_catalog
from pointsman_train.evaluate.stage import Judged
from pointsman_train.label import LabelConfig, Labelled, label
from pointsman_train.split import GroupConfig, group_near_duplicates

log = logging.getLogger(__name__)

_BATCH = 256


@dataclass(frozen=True, slots=True)
class Fresh:
    """Labelled prompts to judge routers on.

    Attributes
    ----------
    labelled
        Under the ladder of the first router.
    group
        ndarray of shape (n_prompts,), near-duplicate groups.
    trained_on
        Names of the routers whose training data these are, every prompt of them.
    """

    labelled: Labelled
    group: Ints
    trained_on: tuple[str, ...]


def fresh(
    dataset: DatasetConfig, catalog: str | None, labels: LabelConfig, groups: GroupConfig, routers: Sequence[Router]
) -> Fresh:
    """Load outcomes of the first router's models, label them by its ladder and group near-duplicates.

    A router that was trained on these very data is warned of.

    Raises
    ------
    TrainError
        When the data cannot be used.
    """
    prices = read_catalog(catalog) if catalog else None
    outcomes = load(dataset, list(routers[0].models), prices)
    known = [router for router in routers if router.manifest.data.get("outcomes_sha256") == outcomes.fingerprint]
    trained_on = tuple(dict.fromkeys(router.name for router in known))
    for name in trained_on:
        log.warning("these are the outcomes that %s was trained on: its figures here say nothing", name)
    labelled = label(outcomes, under(labels, routers[0]))
    return Fresh(labelled, group_near_duplicates(labelled.outcomes.prompt, groups), trained_on)


def under(labels: LabelConfig, router: Router) -> LabelConfig:
    """Return the same settings with the router's ladder."""
    return replace(labels, ladder=list(router.models))


def predictions_of(router: Router, prompts: Sequence[str]) -> Predictions:
    """Run an exported router's graph over prompts, in batches."""
    return joined([router.predict(prompts[start : start + _BATCH]) for start in range(0, len(prompts), _BATCH)])


def judged_by(router: Router, found: Predictions) -> Judged:
    """Put what was predicted beside the decisions of the router's own manifest."""
    manifest = router.manifest
    return Judged(
        p_success=found.p_success,
        p_label=found.p_label,
        rules={name: point.decision_rule for name, point in manifest.operating_points.items()},
        default=manifest.default_operating_point,
        mean_cost=np.array([model.mean_cost_usd for model in manifest.models]),
        mean_score=np.array([model.mean_score for model in manifest.models]),
        guard=router.guard,
        similarity=found.similarity,
    )


def predicted(router: Router, prompts: Sequence[str]) -> Judged:
    """Return what an exported router says of prompts, with the decisions of its own manifest."""
    return judged_by(router, predictions_of(router, prompts))
