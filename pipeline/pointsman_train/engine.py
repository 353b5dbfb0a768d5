"""Where a run's work is done: in this process, or on a cluster. What is done is the same, and so is the bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from pointsman.graph import Predictions
from pointsman_train.datasets import DatasetConfig
from pointsman_train.errors import ConfigError
from pointsman_train.label import LabelConfig, Labelled
from pointsman_train.split import GroupConfig, Split, SplitConfig
from pointsman_train.study.task import Task
from pointsman_train.train.router import TrainedRouter

KINDS = ("local", "dask")


@dataclass(slots=True)
class EngineConfig:
    """Settings of the engine; all but ``kind`` are read by the engine "dask" alone.

    Attributes
    ----------
    kind
        "local": in this process. "dask": on a cluster, over partitioned Parquet.
    scheduler
        Address of a Dask scheduler, as "tcp://host:8786"; null starts a cluster on this machine.
    workers, threads, memory
        Of the cluster on this machine: processes (null is one a core), threads and memory of each.
    folder
        Where intermediate tables are kept, so that an interrupted run goes on; every worker must see it by this name.
    partitions
        Parts that prompts are dealt into; null is one for every 200,000 rows of outcomes, and one a worker at least.
    sample
        Prompts at the most that come to this process, of those for training and of those for the test each. What only
        counts (word weights, calibration, operating points, the figures) is done on them. Of fewer, all come.
    retries
        Times that a booster is trained anew after a worker was lost.
    """

    kind: str = "local"
    scheduler: str | None = None
    workers: int | None = None
    threads: int = 1
    memory: str = "4GiB"
    folder: str = "runs/dask"
    partitions: int | None = None
    sample: int = 200_000
    retries: int = 3

    def told(self) -> dict[str, Any]:
        """Return what a router's manifest tells of it: nothing of the machines, whose address may hold a password."""
        return {"kind": self.kind} if self.kind == "local" else {"kind": self.kind, "sample": self.sample}

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        if self.kind not in KINDS:
            raise ConfigError(f"engine.kind must be one of {list(KINDS)}, got {self.kind!r}")
        ranges = {
            "workers": (self.workers is None or self.workers >= 1, "1 or more, or null"),
            "threads": (self.threads >= 1, "1 or more"),
            "partitions": (self.partitions is None or self.partitions >= 1, "1 or more, or null"),
            "sample": (self.sample >= 100, "100 or more"),
            "retries": (self.retries >= 0, "0 or more"),
        }
        for name, (good, expected) in ranges.items():
            if not good:
                raise ConfigError(f"engine.{name} must be {expected}, got {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Labelled prompts with their split: what every later stage reads.

    Attributes
    ----------
    labelled, split
        All prompts, or the sample of them that an engine brings here.
    whole
        Counts and fingerprints of all prompts, where these are a sample.
    """

    labelled: Labelled
    split: Split
    whole: Mapping[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """What prompts are prepared from: sections of the settings, by their names there."""

    dataset: DatasetConfig
    pool: list[str] | None
    catalog: str | None
    label: LabelConfig
    group: GroupConfig
    split: SplitConfig


class Engine(Protocol):
    """Does the work of the stages."""

    def prepare(self, source: Source) -> Prepared:
        """Load, label, group and split."""
        ...

    def train(self, task: Task) -> TrainedRouter:
        """Train a router on the training prompts."""
        ...

    def predict(self, onnx: bytes, prompts: Sequence[str]) -> Predictions:
        """Run the exported graph over prompts that are here."""
        ...

    def judge_all(self, onnx: bytes, router: TrainedRouter) -> Mapping[str, float]:
        """Predict every test prompt, wherever it is; returns figures that are sums over them, by flat name."""
        ...


def open_engine(config: EngineConfig, local: Callable[[], Engine]) -> AbstractContextManager[Engine]:
    """Open the engine that was asked for; it is closed on the way out.

    Raises
    ------
    ConfigError
        When the engine "dask" is not installed.
    """
    return _lent(local()) if config.kind == "local" else _dask(config)


@contextmanager
def _lent(engine: Engine) -> Iterator[Engine]:
    yield engine


def _dask(config: EngineConfig) -> AbstractContextManager[Engine]:
    try:
        from pointsman_train.dask_engine.engine import open_dask_engine
    except ImportError as error:
        raise ConfigError(f'engine=dask needs the dask extra ({error}): pip install "pointsman[dask]"') from error
    return open_dask_engine(config)
