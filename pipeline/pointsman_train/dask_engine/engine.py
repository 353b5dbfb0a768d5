"""The engine "dask", as the pipeline knows it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pointsman.graph import Predictions, joined
from pointsman_train.dask_engine.cluster import Cluster, open_cluster
from pointsman_train.dask_engine.place import OnWorkers, refuse_partly_known
from pointsman_train.dask_engine.predict import PredictTest, PredictTexts, means_of
from pointsman_train.dask_engine.prepare import prepare
from pointsman_train.dask_engine.splitting import Parts
from pointsman_train.dask_engine.store import Step, facts_of, write_whole
from pointsman_train.engine import EngineConfig, Prepared, Source
from pointsman_train.split.split import PARTS
from pointsman_train.study.task import Task
from pointsman_train.train.router import TrainedRouter
from pointsman_train.train.rows import rows_of
from pointsman_train.train.stage import train

# Prompts in a task: enough to be worth the way, few enough for every worker to have some.
_CHUNK = 2_048


@dataclass(slots=True)
class DaskEngine:
    """Does the work of the stages on workers."""

    cluster: Cluster
    config: EngineConfig
    _parts: Parts | None = None

    def prepare(self, source: Source) -> Prepared:
        """Deal, group, split and label all prompts; the sample of them comes here."""
        prepared, self._parts = prepare(self.cluster, source, self.config)
        return prepared

    def train(self, task: Task) -> TrainedRouter:
        """Train on all training prompts."""
        training = rows_of(task.labelled, task.split.group, task.training)
        refuse_partly_known(training.asked_alone().targets, task.labelled.models)
        of_split = tuple(PARTS.index(name) for name in task.train.calibration.trained_parts)
        place = OnWorkers(self.cluster, self.parts, of_split, task.train.seed)
        return train(task.labelled, task.split, task.folds, task.train, place=place)

    def predict(self, onnx: bytes, prompts: Sequence[str]) -> Predictions:
        """Run the exported graph over prompts that are here, a few thousand in a task."""
        work = PredictTexts(str(self._kept(onnx)))
        pieces = [(i, tuple(prompts[i : i + _CHUNK])) for i in range(0, len(prompts), _CHUNK)]
        found = {piece[0]: predictions for piece, predictions in self.cluster.each(work, pieces, "predicting")}
        return joined([found[start] for start, _ in pieces])

    def judge_all(self, onnx: bytes, router: TrainedRouter) -> Mapping[str, float]:
        """Predict every test prompt into ``predictions``; returns means over all of them."""
        rules = {name: point.rule for name, point in router.operating_points.items()}
        # Named by the graph and by how it decides.
        step = self.parts.rows.under("predictions", onnx, repr(rules), repr(router.guard))
        graph, costs = str(self._kept(onnx)), router.descriptors.mean_cost
        work = PredictTest(step, self.parts.rows, graph, rules, router.guard, costs, router.best_single)
        parts = range(self.parts.number)
        for _ in self.cluster.each(work, step.missing(parts, ".json"), "predicting the test prompts"):
            pass
        sums: Counter[str] = Counter()
        for part in parts:
            sums.update(facts_of(step, part))
        return means_of(sums, tuple(rules))

    @property
    def parts(self) -> Parts:
        """The labelled prompts on disk."""
        if self._parts is None:
            raise RuntimeError("prepare() comes first")
        return self._parts

    def _kept(self, onnx: bytes) -> Path:
        """Put a graph where workers read it."""
        file = Step(self.config.folder).under("graphs").file(hashlib.sha256(onnx).hexdigest()[:16], ".onnx")
        if not file.exists():
            write_whole(file, onnx)
        return file


@contextmanager
def open_dask_engine(config: EngineConfig) -> Iterator[DaskEngine]:
    """Connect to workers, or start some, for the time of a run."""
    # Workers may have another working folder.
    config = replace(config, folder=str(Path(config.folder).resolve()))
    with open_cluster(config) as cluster:
        yield DaskEngine(cluster, config)
