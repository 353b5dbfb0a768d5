"""Judging an exported router on outcomes that it was not made from."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from pointsman.graph import Predictions, joined
from pointsman.manifest import Manifest
from pointsman.router import Router
from pointsman_train import tracking
from pointsman_train.datasets import DatasetConfig, load, read_catalog
from pointsman_train.evaluate.stage import EvaluateConfig, Evaluation, Judged, judge
from pointsman_train.label import LabelConfig, label
from pointsman_train.pipeline import report
from pointsman_train.split import GroupConfig, group_near_duplicates

log = logging.getLogger(__name__)


@dataclass(slots=True)
class JudgeConfig:
    """Everything that ``pointsman-evaluate`` can be told.

    Attributes
    ----------
    router
        Folder of an exported router.
    dataset
        Outcomes of the router's models; others in it are left out.
    catalog
        Path of a table of prices, for costs that the data set does not tell.
    label
        What counts as success. The ladder is the router's.
    """

    router: str
    dataset: DatasetConfig
    catalog: str | None = None
    label: LabelConfig = field(default_factory=LabelConfig)
    group: GroupConfig = field(default_factory=GroupConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    tracking: tracking.TrackingConfig = field(default_factory=tracking.TrackingConfig)

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        for section in (self.label, self.group, self.evaluate):
            section.check()


def judge_router(config: JudgeConfig, run_dir: Path) -> Evaluation:
    """Judge an exported router on every prompt of a data set.

    Its decisions use its own manifest: costs, operating points and best single model are those it was shipped with.

    Raises
    ------
    pointsman.BundleError
        When the router cannot be loaded.
    TrainError
        When the data cannot be used.
    """
    config.check()
    router = Router.load(config.router)
    run_dir.mkdir(parents=True, exist_ok=True)
    with tracking.tracked_run(config.tracking) as tracked:
        tracked.params({name: value for name, value in asdict(config).items() if name != "tracking"})
        evaluation = _judge(config, router)
        tracked.tags(_tags(router.manifest))
        report(evaluation, run_dir, tracked)
    return evaluation


def _judge(config: JudgeConfig, router: Router) -> Evaluation:
    catalog = read_catalog(config.catalog) if config.catalog else None
    outcomes = load(config.dataset, list(router.models), catalog)
    if outcomes.fingerprint == router.manifest.data.get("outcomes_sha256"):
        log.warning("these are the outcomes that %s was trained on: its figures here say nothing", router.name)
    labelled = label(outcomes, replace(config.label, ladder=list(router.models)))
    prompts = labelled.outcomes.prompt
    group = group_near_duplicates(prompts, config.group)
    found = joined([router.predict(prompts[start : start + 256]) for start in range(0, len(prompts), 256)])
    return judge(labelled, group, np.ones(len(prompts), bool), _judged(router, found), config.evaluate)


def _judged(router: Router, predictions: Predictions) -> Judged:
    manifest = router.manifest
    return Judged(
        p_success=predictions.p_success,
        p_label=predictions.p_label,
        rules={name: point.decision_rule for name, point in manifest.operating_points.items()},
        default=manifest.default_operating_point,
        mean_cost=np.array([model.mean_cost_usd for model in manifest.models]),
        mean_score=np.array([model.mean_score for model in manifest.models]),
        guard=router.guard,
        similarity=predictions.similarity,
    )


def _tags(manifest: Manifest) -> Mapping[str, str]:
    return {"router": f"{manifest.name}/{manifest.version}", "router.onnx_sha256": manifest.onnx_sha256}
