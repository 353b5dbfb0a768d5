"""Judging an exported router on outcomes that it was not made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from pointsman.manifest import Manifest
from pointsman_train import tracking
from pointsman_train.datasets import DatasetConfig
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.detailed import detail
from pointsman_train.evaluate.stage import EvaluateConfig, Evaluation, judge
from pointsman_train.evaluate.traffic import DriftConfig
from pointsman_train.fresh import fresh, judged_by, predictions_of
from pointsman_train.inputs import fresh_input
from pointsman_train.label import LabelConfig
from pointsman_train.registry import Found, found_in, is_reference
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
        Folder of an exported router, ``models:/NAME@ALIAS``, ``models:/NAME/VERSION`` or ``runs:/RUN_ID``.
    dataset
        Outcomes of the router's models; others in it are left out. Prompts alone cannot judge it, but can be
        compared with those that it was made from: see :func:`~pointsman_train.watch.watch_router`.
    catalog
        Path of a table of prices, for costs that the data set does not tell.
    label
        What counts as success; left as it is, what the router was made with. The ladder is the router's.
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
    with opened(config) as (asked, tracked):
        run_dir.mkdir(parents=True, exist_ok=True)
        evaluation, found, about = _judge(config, asked, tracked)
        tracked.tags(tags_of("evaluate", asked.router.manifest))
        report(evaluation, found, about, run_dir, tracked)
    return evaluation


@contextmanager
def opened(config: JudgeConfig) -> Iterator[tuple[Found, tracking.Run]]:
    """Open a run, with the router that it looks at. A folder is looked into first, so that no run tells of its want."""
    found = None if is_reference(config.router) else found_in(config.router, config.router)
    with tracking.tracked_run(config.tracking) as tracked:
        tracked.params({name: value for name, value in asdict(config).items() if name != "tracking"})
        yield found or tracked.registry.find(config.router), tracked


def _judge(config: JudgeConfig, asked: Found, tracked: tracking.Run) -> tuple[Evaluation, Detail, About]:
    router = asked.router
    data = fresh(config.dataset, config.catalog, config.label, config.group, [asked])
    tracked.inputs([fresh_input(config.dataset, data.labelled)])
    prompts = data.labelled.outcomes.prompt
    everywhere = np.ones(len(prompts), bool)
    predictions = predictions_of(router, prompts)
    evaluation = judge(data.labelled, data.group, everywhere, judged_by(router, predictions), config.evaluate)
    left_out = data.labelled.outcomes.drops.counts
    subject = subject_of_bundle(router, data.labelled, predictions, asked.explainer)
    known = tuple(
        f"{name} was trained on these prompts, or on some of them; its figures say nothing" for name in data.trained_on
    )
    return evaluation, detail(evaluation, subject, config.evaluate), about_exported(router.manifest, left_out, known)


def tags_of(work: str, manifest: Manifest) -> Mapping[str, str]:
    """Say what a run did and which router it looked at."""
    name = f"{manifest.name}/{manifest.version}"
    return {tracking.RUN_NAME: f"{work} {name}", "router": name, "router.onnx_sha256": manifest.onnx_sha256}
