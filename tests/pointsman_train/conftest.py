"""MLflow in a folder of the test's own, and exported routers that a test may change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

from pointsman_train.datasets import LongConfig
from pointsman_train.paths import data_dir
from pointsman_train.tracking import TrackingConfig


@contextmanager
def mlflow_in(folder: Path, empty_store: Path) -> Iterator[TrackingConfig]:
    """Track into a file in a folder, and leave MLflow as it was."""
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # MLflow writes the address into the environment, from where other tests must not read it.
        patch.setenv("MLFLOW_TRACKING_URI", "")
        # It keeps stores open by their address, so the address must be this test's own.
        yield TrackingConfig(uri=f"sqlite:///{folder}/mlflow.db", experiment="tests", registered_model="small")
        import mlflow

        mlflow.set_tracking_uri(None)


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Iterator[TrackingConfig]:
    """Return a store of the test's own."""
    with mlflow_in(tmp_path, empty_store) as config:
        yield config


@pytest.fixture
def client(store: TrackingConfig) -> Callable[[], Any]:
    """Return a maker of MLflow's client; its import takes seconds."""
    from mlflow import MlflowClient

    return lambda: MlflowClient(store.uri)


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[TrackingConfig]:
    """Return a store that the tests of a module share."""
    with mlflow_in(tmp_path_factory.mktemp("mlflow"), empty_store) as config:
        yield config


@pytest.fixture(scope="session")
def changed() -> Callable[[Path, Path, Callable[[dict[str, Any]], None]], Path]:
    """Copy a bundle and change its manifest."""

    def copy(bundle: Path, folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
        shutil.copytree(bundle, folder)
        manifest = json.loads((folder / "router.json").read_text())
        change(manifest)
        (folder / "router.json").write_text(json.dumps(manifest))
        return folder

    return copy


@pytest.fixture(scope="session")
def at_price() -> Callable[[float], Callable[[dict[str, Any]], None]]:
    """Change a manifest to one price of cost at every operating point."""

    def make(lam: float) -> Callable[[dict[str, Any]], None]:
        def change(manifest: dict[str, Any]) -> None:
            manifest["version"] = f"at {lam:g}"
            for point in manifest["operating_points"].values():
                point["lam"] = lam

        return change

    return make


@pytest.fixture
def other_outcomes(fleet, tmp_path):
    """Write the fleet's outcomes, changed."""

    def write(change) -> LongConfig:
        path = tmp_path / f"{uuid4()}.parquet"
        change(pd.read_parquet(fleet.outcomes)).to_parquet(path)
        return LongConfig(outcomes=str(path), prompts=fleet.prompts)

    return write


@pytest.fixture
def unseen(fleet, tmp_path):
    """Prompts of the embedded set that the fleet of the tests leaves out, so that they are nobody's training data."""
    tables = {kind: pd.read_parquet(data_dir() / "fleet" / f"{kind}.parquet") for kind in ("prompts", "outcomes")}
    others = tables["prompts"].prompt_id[~tables["prompts"].prompt_id.isin(pd.read_parquet(fleet.prompts).prompt_id)]
    kept = others.sample(700, random_state=0)
    for kind, table in tables.items():
        table[table.prompt_id.isin(kept)].to_parquet(tmp_path / f"unseen_{kind}.parquet")
    outcomes, prompts = (str(tmp_path / f"unseen_{kind}.parquet") for kind in ("outcomes", "prompts"))
    return LongConfig(outcomes=outcomes, prompts=prompts)
