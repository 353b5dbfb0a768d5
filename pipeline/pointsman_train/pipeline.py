"""The stages in their order, label, train, evaluate, export; or a study of the labelled prompts."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

from pointsman_train import tracking
from pointsman_train.data import Bools
from pointsman_train.datasets import DatasetConfig
from pointsman_train.engine import Engine, EngineConfig, Prepared, open_engine
from pointsman_train.errors import ConfigError, PoolError
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.detailed import detail
from pointsman_train.evaluate.headline import headline, headline_tags
from pointsman_train.evaluate.reference import Reference
from pointsman_train.evaluate.stage import EvaluateConfig, Evaluation, judge
from pointsman_train.evaluate.traffic import seen_by
from pointsman_train.export.stage import ExportConfig, Origin, export
from pointsman_train.inputs import inputs_of
from pointsman_train.label import LabelConfig, Labelled
from pointsman_train.label.selection import selection_counts, selection_told
from pointsman_train.local_engine import LocalEngine
from pointsman_train.report.about import about_trained
from pointsman_train.run_files import report, report_all, without_folders, write_labels
from pointsman_train.seen import SeenPrompts
from pointsman_train.split import GroupConfig, SplitConfig, judged_part
from pointsman_train.study.anchors import AnchorsConfig
from pointsman_train.study.diagnose import DiagnoseConfig
from pointsman_train.study.enough import refuse_too_few
from pointsman_train.study.learning_curve import LearningCurveConfig
from pointsman_train.study.registry import STUDIES
from pointsman_train.study.task import Report, Task
from pointsman_train.subjects import subject_of_run
from pointsman_train.sweep import Sweep
from pointsman_train.train.assemble import router_graph
from pointsman_train.train.router import TrainedRouter
from pointsman_train.train.stage import TrainConfig
from pointsman_train.tune.settings import TuneConfig
from pointsman_train.tune.space import dimensions_of
from pointsman_train.tune.store import need_optuna
from pointsman_train.writing import write_json

log = logging.getLogger(__name__)

STAGES = ("label", "train", "evaluate", "export")


@dataclass(slots=True)
class PipelineConfig:
    """Everything that ``pointsman-train`` can be told; each field is a section of ``conf/``.

    Attributes
    ----------
    stages
        The first so many of label, train, evaluate, export; or one study alone, by its name in
        :data:`~pointsman_train.study.registry.STUDIES`. Its settings are in the section of that name.
    pool
        Models to route over; null is all of the data set.
    catalog
        Path of a table of prices (YAML or JSON), for costs that the data set does not tell.
    """

    dataset: DatasetConfig
    stages: list[str] = field(default_factory=lambda: list(STAGES))
    pool: list[str] | None = None
    catalog: str | None = None
    label: LabelConfig = field(default_factory=LabelConfig)
    group: GroupConfig = field(default_factory=GroupConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    learning_curve: LearningCurveConfig = field(default_factory=LearningCurveConfig)
    diagnose: DiagnoseConfig = field(default_factory=DiagnoseConfig)
    anchors: AnchorsConfig = field(default_factory=AnchorsConfig)
    tune: TuneConfig = field(default_factory=TuneConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    tracking: tracking.TrackingConfig = field(default_factory=tracking.TrackingConfig)

    def check(self) -> None:
        """Raise :class:`ConfigError` or :class:`PoolError` before any work."""
        first = bool(self.stages) and self.stages == list(STAGES[: len(self.stages)])
        if not first and self.study is None:
            raise ConfigError(
                f"stages must be the first so many of {list(STAGES)}, each needs the one before, or one study alone "
                f"of {list(STUDIES)}, got {self.stages!r}; to judge an exported router use pointsman-evaluate"
            )
        if self.pool is not None and not self.pool:
            raise PoolError("pool is empty; name at least two models, or leave it out to take all of the data set")
        for section in (self.label, self.group, self.split, self.train, self.evaluate, self.export, self.engine):
            section.check()
        for name in STUDIES:
            getattr(self, name).check()
        if "export" in self.stages:
            self.export.check_version()
        if self.study == "tune":
            need_optuna()
            dimensions_of(self.tune.searched, self.train)
        if self.engine.kind != "local":
            self._check_elsewhere()

    def _check_elsewhere(self) -> None:
        if self.study is not None:
            raise ConfigError(
                f"stages={self.stages!r} is a study, which engine={self.engine.kind} does not run; set engine=local"
            )
        self.train.check_learning()

    @property
    def study(self) -> str | None:
        """Name of the study that was asked for, None where it is stages."""
        return self.stages[0] if len(self.stages) == 1 and self.stages[0] in STUDIES else None


@dataclass(frozen=True, slots=True)
class Result:
    """What a run made; later parts are None where their stage was not asked for."""

    prepared: Prepared
    router: TrainedRouter | None = None
    evaluation: Evaluation | None = None
    detail: Detail | None = None
    bundle: Path | None = None
    run_id: str | None = None
    study: Report | None = None


def run_pipeline(config: PipelineConfig, run_dir: Path, sweep: Sweep | None = None) -> Result:
    """Run the stages that were asked for.

    Parameters
    ----------
    run_dir
        Tables, figures and plots of the run land here; it is created.
    sweep
        The sweep that the run is a part of, for tracking.

    Raises
    ------
    TrainError
        Each kind names what was got, what was expected and how to mend it.
    """
    config.check()
    run_dir.mkdir(parents=True, exist_ok=True)
    with tracking.tracked_run(config.tracking, sweep) as tracked, open_engine(config.engine, LocalEngine) as engine:
        return _run_stages(config, run_dir, tracked, engine)


def _run_stages(config: PipelineConfig, run_dir: Path, tracked: tracking.Run, engine: Engine) -> Result:
    # Where runs are tracked or done is no property of a router, and an address may hold a password.
    settings = {name: value for name, value in asdict(config).items() if name != "tracking"}
    settings["engine"] = config.engine.told()
    tracked.params(settings)
    prepared = engine.prepare(config)
    selection = selection_told(prepared.labelled)
    if selection is not None:
        log.warning(selection)
    data = describe(prepared)
    write_labels(prepared.labelled, prepared.split, run_dir / "labels.parquet")
    write_json(data, run_dir / "data.json")
    tracked.tags({f"data.{name}": str(value) for name, value in tracking.flatten(data).items()})
    tracked.artifacts([run_dir / "data.json"], "data")
    tracked.inputs(inputs_of(config.dataset, prepared.labelled, prepared.split))
    task = _task(config, prepared, tracked)
    if config.study is not None:
        return Result(prepared, run_id=tracked.run_id, study=_study(config.study, task, config, run_dir, tracked))
    if "train" not in config.stages:
        return Result(prepared, run_id=tracked.run_id)
    refuse_too_few(task)
    origin = Origin(data, without_folders(settings), tracked.run_id)
    warnings = () if selection is None else (selection,)
    return _make_router(config, prepared, task, origin, run_dir, tracked, engine, warnings)


def _make_router(
    config: PipelineConfig,
    prepared: Prepared,
    task: Task,
    origin: Origin,
    run_dir: Path,
    tracked: tracking.Run,
    engine: Engine,
    warnings: tuple[str, ...],
) -> Result:
    """Train, and evaluate and export where that was asked for; ``warnings`` are for the head of the report."""
    router = engine.train(task)
    onnx = router_graph(router).SerializeToString()
    if "evaluate" not in config.stages:
        return Result(prepared, router, run_id=tracked.run_id)
    test = task.split.rows("test")  # of more than are judged, those that were drawn
    prompts = _prompts(prepared.labelled, test)
    predictions = engine.predict(onnx, prompts)
    evaluation = judge(prepared.labelled, prepared.split.group, test, router.judged(predictions), config.evaluate)
    subject = subject_of_run(task, router, predictions, lambda texts: router.judged(engine.predict(onnx, texts)))
    found = detail(evaluation, subject, config.evaluate)
    report(evaluation, found, about_trained(config.export.name, router, origin.data, warnings), run_dir, tracked)
    report_all(engine.judge_all(onnx, router), run_dir, tracked)
    if "export" not in config.stages:
        return Result(prepared, router, evaluation, found, run_id=tracked.run_id)
    tags = headline_tags(headline(evaluation, found))
    bundle = export(
        router,
        onnx,
        prepared.labelled,
        prompts,
        evaluation,
        _reference(router, onnx, task, engine),
        origin,
        config.export,
        register=lambda copy: tracked.register(copy, tags),
        detail=found,
        seen=_seen(prepared),
    )
    tracked.artifacts([bundle / "README.md"], "card")
    log.info("exported %s", bundle)
    return Result(prepared, router, evaluation, found, bundle, tracked.run_id)


def _seen(prepared: Prepared) -> SeenPrompts | None:
    """Return what is not for the test, where all prompts are here and not a sample of them."""
    if prepared.whole:
        return None
    return SeenPrompts.of(_prompts(prepared.labelled, prepared.split.rows("train", "calibration")))


def _reference(router: TrainedRouter, onnx: bytes, task: Task, engine: Engine) -> Reference:
    """How the training prompts are distributed, as the exported graph sees them."""
    found = engine.predict(onnx, _prompts(task.labelled, task.training))
    group = task.split.group[task.training]
    return seen_by(found, router.judged(found), router.featurizer.names, router.models, group).reference


def _task(config: PipelineConfig, prepared: Prepared, tracked: tracking.Run) -> Task:
    labelled = prepared.labelled
    parts = judged_part(prepared.split, config.evaluate.most_prompts, config.evaluate.seed, labelled.asked)
    return Task(labelled, parts, config.split.folds, config.group, config.train, config.evaluate, tracked)


def _study(name: str, task: Task, config: PipelineConfig, run_dir: Path, tracked: tracking.Run) -> Report:
    found = STUDIES[name](task, getattr(config, name), run_dir)
    tracked.metrics(found.figures)
    tracked.artifacts(found.files, name)
    return found


def describe(prepared: Prepared) -> dict[str, Any]:
    """Fingerprints and counts of the data, for the record."""
    labelled, parts = prepared.labelled, prepared.split
    return (
        {
            "prompts": len(labelled.label),
            "groups": int(parts.group.max()) + 1,
            "models": list(labelled.models),
            "cost_basis": labelled.outcomes.cost_source,
            "outcomes_sha256": labelled.outcomes.fingerprint,
            "split_sha256": parts.fingerprint,
            "parts": parts.counts(),
            "labels": labelled.counts(),
            "left_out": labelled.outcomes.drops.counts,
        }
        | dict(prepared.whole)
        | ({"selection": chosen} if (chosen := selection_counts(labelled)) else {})
    )


def _prompts(labelled: Labelled, rows: Bools) -> list[str]:
    return list(compress(labelled.outcomes.prompt, rows))
