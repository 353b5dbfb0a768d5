"""Judging an exported router on outcomes that it was not made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from pointsman.contributions import Explainer
from pointsman.errors import BundleNotFoundError
from pointsman.manifest import Manifest
from pointsman.router import Router
from pointsman_train import tracking
from pointsman_train.datasets import DatasetConfig
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.detailed import detail
from pointsman_train.evaluate.stage import EvaluateConfig, Evaluation, judge
from pointsman_train.evaluate.traffic import DriftConfig
from pointsman_train.fresh import fresh, judged_by, predictions_of
from pointsman_train.inputs import fresh_input
from pointsman_train.label import LabelConfig
from pointsman_train.report.about import About, about_exported
from pointsman_train.run_files import report
from pointsman_train.split import GroupConfig
from pointsman_train.subjects import subject_of_bundle


@dataclass(slots=True)
class JudgeConfig:
    """Everything that ``pointsman-evaluate`` can be told.

    Attributes
    ----------
    router
        Folder of an exported router.
    dataset
        Outcomes of the router's models; others in it are left out. Prompts alone cannot judge it, but can be
        compared with those that it was made from: see :func:`~pointsman_train.watch.watch_router`.
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
    drift: DriftConfig = field(default_factory=DriftConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    tracking: tracking.TrackingConfig = field(default_factory=tracking.TrackingConfig)

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        for section in (self.label, self.group, self.drift, self.evaluate):
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
        evaluation, found, about = _judge(config, router, tracked)
        tracked.tags(tags_of(router.manifest))
        report(evaluation, found, about, run_dir, tracked)
    return evaluation


def _judge(config: JudgeConfig, router: Router, tracked: tracking.Run) -> tuple[Evaluation, Detail, About]:
    data = fresh(config.dataset, config.catalog, config.label, config.group, [router])
    tracked.inputs([fresh_input(config.dataset, data.labelled)])
    prompts = data.labelled.outcomes.prompt
    everywhere = np.ones(len(prompts), bool)
    predictions = predictions_of(router, prompts)
    evaluation = judge(data.labelled, data.group, everywhere, judged_by(router, predictions), config.evaluate)
    subject = subject_of_bundle(router, data.labelled, predictions, _explainer(config.router, router))
    known = tuple(f"{name} was trained on these data; its figures say nothing" for name in data.trained_on)
    return evaluation, detail(evaluation, subject, config.evaluate), about_exported(router.manifest, known)


def _explainer(folder: str, router: Router) -> Explainer | None:
    try:
        return Explainer.load(folder, router.manifest.onnx_sha256)
    except BundleNotFoundError:
        return None


def tags_of(manifest: Manifest) -> Mapping[str, str]:
    """Say which router a run looked at."""
    return {"router": f"{manifest.name}/{manifest.version}", "router.onnx_sha256": manifest.onnx_sha256}
