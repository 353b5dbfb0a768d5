"""The small real data set as a folder of Parquet files, and a cluster that is this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from pointsman_train.datasets import LongConfig

# Without the extra there is nothing to test here.
pytest.importorskip("distributed", reason="needs the dask extra")


@dataclass
class Inline:
    """Does the work of a cluster here, and remembers what was done."""

    done: list[tuple[str, int]] = field(default_factory=list)

    def workers(self):
        return {"here": 1}

    def ready(self):
        return self.workers()

    def each(self, work, items, what):
        items = list(items)
        self.done += [(what, len(items))] if items else []
        return ((item, work(item)) for item in items)


@pytest.fixture
def inline() -> Inline:
    return Inline()


@pytest.fixture(scope="session")
def cut(tmp_path_factory) -> Callable[[LongConfig, int], LongConfig]:
    """Cut a data set's files into so many, without regard to which prompt a row is of."""

    def cut_into(config: LongConfig, files: int) -> LongConfig:
        folder = tmp_path_factory.mktemp("parquet")
        for kind in ("outcomes", "prompts"):
            rows = pd.read_parquet(getattr(config, kind))
            (folder / kind).mkdir()
            for i in range(files):
                rows.iloc[i::files].to_parquet(folder / kind / f"{i}.parquet", row_group_size=200)
        return LongConfig(outcomes=str(folder / "outcomes"), prompts=str(folder / "prompts"))

    return cut_into


@pytest.fixture(scope="session")
def folders(fleet, cut) -> LongConfig:
    """The part of the embedded data that the tests train on, in three files of each kind."""
    return cut(fleet, 3)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where an engine keeps its tables; not MLflow's."""
    return tmp_path / "dask"
