"""One small real router for the whole run of the tests, trained on the data that ships."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

import pointsman
from pointsman import Router
from pointsman_train.data import Outcomes
from pointsman_train.datasets import LongConfig, load
from pointsman_train.evaluate.settings import LeftOutConfig
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.export.stage import ExportConfig
from pointsman_train.paths import data_dir
from pointsman_train.pipeline import PipelineConfig, Result, run_pipeline
from pointsman_train.tracking import TrackingConfig
from pointsman_train.train.assemble import router_graph

# Hypothesis takes a machine that others keep busy for a slow test; nothing here asserts a time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# As few as still give every label to every fold; more would only make the tests slower as the data grows.
PROMPTS = 400
POOL = ("SmolLM2-135M-Instruct", "Qwen2.5-Coder-0.5B-Instruct", "Qwen2.5-Coder-1.5B-Instruct")


@dataclass(frozen=True)
class Trained:
    """A run of all stages: its settings, its folder and what it made."""

    config: PipelineConfig
    run_dir: Path
    result: Result
    onnx: bytes

    @property
    def bundle(self) -> Path:
        """The exported router; copy it before changing anything."""
        return self.result.bundle

    @property
    def router(self):
        """The trained router behind the bundle."""
        return self.result.router


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """Let commands be interrupted: what a shell starts in the background ignores SIGINT, and so do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory) -> LongConfig:
    """A part of the embedded data: real outcomes of three small models."""
    folder = tmp_path_factory.mktemp("fleet")
    prompts = pd.read_parquet(data_dir() / "fleet" / "prompts.parquet")
    kept = prompts.sample(min(PROMPTS, len(prompts)), random_state=0)
    kept.to_parquet(folder / "prompts.parquet")
    outcomes = pd.read_parquet(data_dir() / "fleet" / "outcomes.parquet")
    outcomes[outcomes.prompt_id.isin(kept.prompt_id)].to_parquet(folder / "outcomes.parquet")
    return LongConfig(outcomes=str(folder / "outcomes.parquet"), prompts=str(folder / "prompts.parquet"))


@pytest.fixture(scope="session")
def fleet_outcomes(fleet: LongConfig) -> Outcomes:
    """The same, loaded."""
    return load(fleet, POOL, None)


@pytest.fixture(scope="session")
def quick(fleet: LongConfig) -> Callable[..., PipelineConfig]:
    """Make settings of a run of a second or two, tracked nowhere."""

    def make(routers: Path, **settings) -> PipelineConfig:
        config = PipelineConfig(
            dataset=fleet,
            # The second split trains anew; it has tests of its own.
            evaluate=EvaluateConfig(resamples=60, left_out=LeftOutConfig(enabled=False)),
            export=ExportConfig(folder=str(routers), name="small"),
            tracking=TrackingConfig(enabled=False),
        )
        for boosted in (config.train.pooled, config.train.per_model, config.train.difference):
            boosted.booster.trees = 20
        config.train.complexity.booster.trees = 8
        for name, value in settings.items():
            setattr(config, name, value)
        return config

    return make


@pytest.fixture(scope="session")
def trained(quick, tmp_path_factory) -> Trained:
    """All stages, run once, with both splits."""
    folder = tmp_path_factory.mktemp("trained")
    config = quick(folder / "routers")
    config.evaluate = replace(config.evaluate, left_out=LeftOutConfig(folds=2))
    result = run_pipeline(config, folder / "run")
    return Trained(config, folder / "run", result, router_graph(result.router).SerializeToString())


@pytest.fixture(scope="session")
def router(trained: Trained) -> Router:
    """The exported router, loaded by the runtime."""
    return Router.load(trained.bundle)


@pytest.fixture(scope="session")
def familiar(trained: Trained, router: Router) -> str:
    """A prompt that the router's guard lets pass, so that its probabilities decide."""
    prompts = trained.result.prepared.labelled.outcomes.prompt
    return next(prompt for prompt in prompts if not router.route(prompt).unfamiliar)


@pytest.fixture
def bundle(trained: Trained, tmp_path: Path) -> Path:
    """A copy of the bundle that a test may spoil."""
    return Path(shutil.copytree(trained.bundle, tmp_path / "bundle"))


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return MLflow's file with nothing in it, to copy: to make one is to change its tables sixty times."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Environment in which a child process finds both packages of this checkout."""
    import pointsman_train

    roots = [str(Path(package.__file__).parents[1]) for package in (pointsman, pointsman_train)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(roots)}
