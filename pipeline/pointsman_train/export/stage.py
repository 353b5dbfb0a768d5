"""The export stage: a trained router in, a verified bundle out."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pointsman.contributions import EXPLAIN_FILE
from pointsman.graph import Graph
from pointsman.manifest import SCHEMA_VERSION, GuardSettings, Manifest, Model, OperatingPoint, Probe
from pointsman.text import sanitise
from pointsman_train.errors import ConfigError, ExportError
from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.reference import Reference
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.export.card import model_card
from pointsman_train.export.parity import check_parity
from pointsman_train.export.probes import EDGE, ORDINARY
from pointsman_train.export.write import next_version, refuse_existing, write_bundle
from pointsman_train.label.labels import Labelled
from pointsman_train.seen import SEEN_FILE, SeenPrompts
from pointsman_train.train.explain import explain_file
from pointsman_train.train.operating_points import FittedPoint
from pointsman_train.train.router import TrainedRouter
from pointsman_train.turns import taking_turns

log = logging.getLogger(__name__)

# Long probes would only make the manifest long.
_PROBES = tuple(prompt for prompt in (*ORDINARY, *EDGE) if len(prompt) < 1_000)


@dataclass(slots=True)
class ExportConfig:
    """Where the router goes.

    Attributes
    ----------
    folder
        Of all routers; a router lands in ``folder/name/version``.
    name
        Of the router, and of the registered model.
    version
        Null is one more than the last.
    """

    folder: str = "export/routers"
    name: str = "pointsman"
    version: str | None = None

    def check(self) -> None:
        """Raise :class:`ConfigError` for a name that is not one plain folder name."""
        for what, name in (("name", self.name), ("version", self.version)):
            if name is not None and (not name or name.startswith(".") or not set(name) <= _NAME_CHARACTERS):
                raise ConfigError(f"export.{what} may have letters, digits and ._- after the first, got {name!r}")

    def check_version(self) -> None:
        """Raise :class:`ExportError`, before any work, where the version is there already."""
        if self.version is not None:
            refuse_existing(Path(self.folder) / self.name / self.version)


_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a router comes from, for its manifest.

    Attributes
    ----------
    data
        Fingerprints and counts.
    config
        The settings of the run.
    run_id
        MLflow's, None where nothing was tracked.
    """

    data: Mapping[str, Any]
    config: Mapping[str, Any]
    run_id: str | None


def export(
    router: TrainedRouter,
    onnx: bytes,
    labelled: Labelled,
    test_prompts: Sequence[str],
    evaluation: Evaluation,
    reference: Reference,
    origin: Origin,
    config: ExportConfig,
    register: Callable[[Path], object] = lambda _: None,
    detail: Detail | None = None,
    seen: SeenPrompts | None = None,
) -> Path:
    """Check the graph against the trained router and write the bundle.

    Parameters
    ----------
    reference
        How the training prompts are distributed, for :mod:`pointsman_train.evaluate.drift`.
    register
        Called with a private copy of the verified bundle before it is published.
    detail
        What else the model card tells.
    seen
        The prompts that the router was made from; None where not all are here.

    Returns
    -------
    The bundle's folder.

    Raises
    ------
    ConfigError
        For a name that is not a plain folder name.
    ExportError
        When the graph differs from LightGBM, or the folder cannot be written.
    """
    config.check()
    graph = Graph(onnx)
    log.info("comparing the graph with LightGBM on %d test prompts", len(test_prompts))
    check_parity(router, onnx, test_prompts)
    folder = Path(config.folder) / config.name
    # The runs of a sweep may end at once, and two must not choose the same next version.
    with _one_at_a_time(folder):
        version = config.version or next_version(folder)
        manifest = _manifest(router, onnx, graph, labelled, evaluation, reference, origin, config, version)
        explain = explain_file(router, manifest.onnx_sha256)
        card = model_card(manifest, evaluation, detail)
        more = {EXPLAIN_FILE: explain, SEEN_FILE: None if seen is None else seen.content()}
        kept = {name: content for name, content in more.items() if content is not None}
        return write_bundle(folder / version, onnx, manifest.to_json(), card, register, kept)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(taking_turns(folder))
        except OSError as error:
            raise ExportError(f"{folder} cannot be written to ({error}); set export.folder") from error
        yield


def _manifest(
    router: TrainedRouter,
    onnx: bytes,
    graph: Graph,
    labelled: Labelled,
    evaluation: Evaluation,
    reference: Reference,
    origin: Origin,
    config: ExportConfig,
    version: str,
) -> Manifest:
    descriptors = router.descriptors
    models = zip(router.models, descriptors.mean_cost, descriptors.success_rate, router.mean_score, strict=True)
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=config.name,
        version=version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        models=tuple(Model(name, float(cost), float(rate), float(score)) for name, cost, rate, score in models),
        labels=labelled.class_names,
        features=router.featurizer.names,
        feature_reference=reference.to_dict(),
        best_single=router.models[router.best_single],
        default_operating_point=router.default_operating_point,
        operating_points={
            name: _operating_point(point, evaluation.point_figures[name])
            for name, point in router.operating_points.items()
        },
        guard=_guard(router),
        boundary_margin=evaluation.testset.boundary_margin,
        cost_basis=labelled.outcomes.cost_source,
        data=origin.data,
        config=origin.config,
        mlflow_run_id=origin.run_id,
        probes=_probes(graph),
    )


def _operating_point(point: FittedPoint, figures: Mapping[str, Estimate]) -> OperatingPoint:
    rule = point.rule
    return OperatingPoint(
        rule.lam, rule.kind, rule.threshold, rule.hold, rule.caution, point.target, _held_out(figures)
    )


def _guard(router: TrainedRouter) -> GuardSettings | None:
    guard = router.guard
    return None if guard is None else GuardSettings(guard.threshold, router.models[guard.fallback])


def _held_out(figures: Mapping[str, Estimate]) -> dict[str, list[float | None]]:
    return {name: [_number(f.value), _number(f.low), _number(f.high)] for name, f in figures.items()}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _probes(graph: Graph) -> tuple[Probe, ...]:
    texts = [sanitise(prompt) for prompt in _PROBES]
    found = graph.predict(texts)
    near = [None] * len(texts) if found.similarity is None else found.similarity.tolist()
    rows = zip(texts, found.p_success.tolist(), found.p_label.tolist(), near, strict=True)
    return tuple(Probe(*row) for row in rows)
