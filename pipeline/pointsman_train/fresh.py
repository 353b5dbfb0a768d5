"""Exported routers on outcomes that they were not made from: the data under a router's ladder, and what it predicts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman.graph import Predictions, joined
from pointsman.router import Router
from pointsman_train.data import Ints, Outcomes, told
from pointsman_train.datasets import DatasetConfig, load, read_catalog
from pointsman_train.evaluate.stage import Judged
from pointsman_train.label import LabelConfig, Labelled, label
from pointsman_train.label.selection import selection_told
from pointsman_train.made_with import labels_for, warn_of_prices
from pointsman_train.registry import Found
from pointsman_train.split import GroupConfig, group_near_duplicates

log = logging.getLogger(__name__)

_BATCH = 256
# Of the prompts; the same short questions are asked again and again.
_FEW = 0.01


@dataclass(frozen=True, slots=True)
class Fresh:
    """Labelled prompts to judge routers on.

    Attributes
    ----------
    labelled
        Under the ladder of the first router.
    labels
        By which they were labelled: what the first router calls success, unless something else was asked for.
    group
        ndarray of shape (n_prompts,), near-duplicate groups.
    trained_on
        Names of the routers that were trained on these data, or on more than one in a hundred of their prompts.
    """

    labelled: Labelled
    labels: LabelConfig
    group: Ints
    trained_on: tuple[str, ...]


def fresh(
    dataset: DatasetConfig, catalog: str | None, labels: LabelConfig, groups: GroupConfig, routers: Sequence[Found]
) -> Fresh:
    """Load outcomes of the first router's models, label them by its ladder and group near-duplicates.

    A router that was trained on these data, or on some of their prompts, is warned of, and so is what was left out.

    Raises
    ------
    TrainError
        When the data cannot be used.
    """
    prices = read_catalog(catalog) if catalog else None
    first = routers[0].router
    outcomes = load(dataset, list(first.models), prices)
    known = [found for found in routers if _knows(found, outcomes)]
    success = labels_for(labels, [found.router for found in routers])
    labelled = label(outcomes, success)
    for reason, rows in labelled.outcomes.drops.counts.items():
        log.warning("%s: %d", told(reason), rows)
    if (selection := selection_told(labelled)) is not None:
        log.warning(selection)
    warn_of_prices(labelled, first)
    trained_on = tuple(dict.fromkeys(found.router.name for found in known))
    return Fresh(labelled, success, group_near_duplicates(labelled.outcomes.prompt, groups), trained_on)


def _knows(found: Found, outcomes: Outcomes) -> bool:
    """Say whether a router was trained on these prompts, or on enough of them to spoil its figures, and warn of any."""
    name, share = found.router.name, 0.0 if found.seen is None else found.seen.share(outcomes.prompt)
    if found.router.manifest.data.get("outcomes_sha256") == outcomes.fingerprint:
        log.warning("these are the outcomes that %s was trained on: its figures here say nothing", name)
        return True
    if share:
        spoilt = "its figures here say nothing" if share > _FEW else "too few to spoil its figures"
        log.warning("%s was trained on %.2g %% of these prompts: %s", name, 100 * share, spoilt)
    return share > _FEW


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
