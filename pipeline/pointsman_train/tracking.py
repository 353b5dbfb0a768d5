"""MLflow, and the only module that imports it.

A run is opened before the work begins, so that a server that cannot be reached stops a run before it costs
anything. ``import mlflow`` takes seconds: it happens only where a run is tracked.
"""

from __future__ import annotations

import logging
import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsman.manifest import read_manifest
from pointsman.router import Router
from pointsman_train.errors import TrackingError
from pointsman_train.inputs import DatasetInput
from pointsman_train.registry import LOADER, ROUTER, Registry
from pointsman_train.sweep import Sweep
from pointsman_train.tracked import Run as Run
from pointsman_train.tracked import Untracked as Untracked
from pointsman_train.turns import taking_turns

log = logging.getLogger(__name__)

_MAX_PARAM = 6000
_MAX_DIGEST = 36
RUN_NAME = "mlflow.runName"
_SWEEP, _PARENT_OF = "pointsman.sweep", "pointsman.parent_of_sweep"
_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
# All that MLflow takes in a name; the reason "cost is unknown (kept)" has more.
_NOT_IN_A_NAME = re.compile(r"[^/\w.\- :]")


@dataclass(slots=True)
class TrackingConfig:
    """Where runs are tracked.

    Attributes
    ----------
    enabled
        False tracks nothing and imports nothing of MLflow.
    uri
        Any tracking URI; SQLite in the working directory by default.
    experiment
        Name of the experiment.
    registered_model
        Exported routers become versions of this registered model; null registers none.
    """

    enabled: bool = True
    uri: str = "sqlite:///mlflow.db"
    experiment: str = "pointsman"
    registered_model: str | None = "pointsman"


class MlflowRun:
    """A run in MLflow.

    Metrics are held back until its router is logged, or it ends. MLflow copies to a model what its run has by then, and
    asks the store for the history of each metric by itself: a run has two thousand. Those that come after the model
    are the model's as well.
    """

    def __init__(self, mlflow: Any, run_id: str, registered_model: str | None) -> None:
        self._mlflow = mlflow
        self.run_id: str | None = run_id
        self._registered_model = registered_model
        self._held: dict[str, float] = {}

    def params(self, values: Mapping[str, Any]) -> None:
        """Log settings, flattened with dots."""
        self._mlflow.log_params({_name(name): str(value)[:_MAX_PARAM] for name, value in flatten(values).items()})

    def metrics(self, values: Mapping[str, float]) -> None:
        """Log the figures that are defined."""
        self._held |= {_name(name): value for name, value in values.items() if math.isfinite(value)}

    def write_metrics(self) -> None:
        """Write the metrics that were held back; a store that refuses them is not asked again."""
        held, self._held = self._held, {}
        if held:
            self._mlflow.log_metrics(held)

    def tags(self, values: Mapping[str, str]) -> None:
        """Tag the run."""
        self._mlflow.set_tags({_name(name): value for name, value in values.items()})

    def artifacts(self, paths: Sequence[Path], folder: str) -> None:
        """Log files."""
        for path in paths:
            self._mlflow.log_artifact(str(path), artifact_path=folder)

    def inputs(self, datasets: Sequence[DatasetInput]) -> None:
        """Log data sets; MLflow keeps 36 characters of a digest, the tags all of the fingerprint."""
        for each in datasets:
            dataset = self._mlflow.data.from_pandas(
                each.table,
                source=_source(each.source),
                targets=each.target,
                name=each.name,
                digest=each.fingerprint[:_MAX_DIGEST],
            )
            self._mlflow.log_input(dataset, context=each.context, tags=dict(each.tags))

    def child(self, name: str, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Log a nested run."""
        with self._mlflow.start_run(run_name=name, nested=True) as run:
            child = MlflowRun(self._mlflow, run.info.run_id, None)
            child.params(params)
            child.metrics(metrics)
            child.write_metrics()

    def register(self, bundle: Path, tags: Mapping[str, str]) -> str | None:
        """Log the bundle as a model of the run, and register it as a new version."""
        with warnings.catch_warnings():
            # It wants an example to guess the signature from; the signature is given.
            warnings.filterwarnings("ignore", message=".*input example was not provided")
            info = self._mlflow.pyfunc.log_model(
                name=ROUTER,
                loader_module=LOADER,
                data_path=str(bundle),
                pip_requirements=["pointsman"],
                signature=_signature(bundle),
            )
        self.write_metrics()
        if self._registered_model is None:
            return None
        version = self._mlflow.register_model(info.model_uri, self._registered_model, tags=dict(tags)).version
        log.info("registered %s version %s", self._registered_model, version)
        # Without a name of our own, the compare view would head its columns with MLflow's random ones.
        self.tags({RUN_NAME: f"{self._registered_model} {version}"})
        return str(version)

    @property
    def registry(self) -> Registry:
        """The routers of the store."""
        return Registry(self._mlflow)


@contextmanager
def tracked_run(config: TrackingConfig, sweep: Sweep | None = None) -> Iterator[Run]:
    """Open a run; it ends as FAILED when the work inside raises.

    Parameters
    ----------
    sweep
        The run becomes a child of the sweep's own, which its first run creates.

    Raises
    ------
    TrackingError
        When the store cannot be reached, or refuses a call.
    """
    if not config.enabled:
        yield Untracked()
        return
    # MLflow reports usage to its makers unless told not to, and a training run has no business on the network.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow
    import mlflow.pyfunc
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        mlflow.set_tracking_uri(config.uri)
        # Runs of a sweep may begin at once: a new store bears one that fills it, and a sweep has one run of its own.
        with _few_retries(), nullcontext() if sweep is None else taking_turns(Path(sweep.folder)):
            experiment = mlflow.set_experiment(config.experiment).experiment_id
            parent = None if sweep is None else _parent(mlflow, experiment, sweep)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise _refusal(config, error) from error
    try:
        with mlflow.start_run(parent_run_id=parent) as run:
            if sweep is not None:
                mlflow.set_tags({RUN_NAME: sweep.changes or "as it is", _SWEEP: sweep.folder})
            tracked = MlflowRun(mlflow, run.info.run_id, config.registered_model)
            try:
                yield tracked
            finally:
                tracked.write_metrics()
    except (MlflowException, SQLAlchemyError) as error:
        raise _refusal(config, error) from error


def _parent(mlflow: Any, experiment: str, sweep: Sweep) -> str:
    """Find the run of the sweep, or create it; it has ended by then, since no process sees the last run."""
    client = mlflow.MlflowClient()
    folder = sweep.folder.replace("'", "")
    found = client.search_runs([experiment], f"tags.`{_PARENT_OF}` = '{folder}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    tags = {_PARENT_OF: folder, RUN_NAME: f"sweep {Path(folder).name}"}
    created = client.create_run(experiment, tags=tags).info.run_id
    client.set_terminated(created)
    return str(created)


def _source(path: str) -> Any:
    """Say where a table was read from: a file or folder, or a data set of the Hugging Face hub."""
    from mlflow.data.sources import HTTPDatasetSource, LocalArtifactDatasetSource

    if Path(path).exists() or path.count("/") != 1:
        return LocalArtifactDatasetSource(path)
    return HTTPDatasetSource(f"https://huggingface.co/datasets/{path}")


def _refusal(config: TrackingConfig, error: Exception) -> TrackingError:
    return TrackingError(f"MLflow at {config.uri!r}: {error}; check tracking.uri, or set tracking.enabled=false")


@contextmanager
def _few_retries() -> Iterator[None]:
    """Find out soon that a server is not there: MLflow's own seven retries take four minutes to say so."""
    if _RETRIES in os.environ:
        yield
        return
    os.environ[_RETRIES] = "2"
    try:
        yield
    finally:
        del os.environ[_RETRIES]


def _name(name: str) -> str:
    return _NOT_IN_A_NAME.sub("_", name)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings with dots.

    Examples
    --------
    >>> flatten({"train": {"seed": 0}, "pool": ["a"]})
    {'train.seed': 0, 'pool': ['a']}
    """
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


class RegisteredRouter:
    """What ``mlflow.pyfunc.load_model("models:/pointsman/1")`` predicts with."""

    def __init__(self, router: Router) -> None:
        self.router = router

    def predict(self, prompts: Sequence[str], params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Route each prompt; ``params`` may name the ``operating_point``."""
        point = (params or {}).get("operating_point")
        return [decision.to_dict() for decision in self.router.route_many(list(prompts), operating_point=point)]


def _signature(bundle: Path) -> Any:
    """Tell MLflow of the parameter; one that a signature does not name never reaches ``predict``."""
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec

    default = read_manifest(bundle).default_operating_point
    return ModelSignature(params=ParamSchema([ParamSpec("operating_point", "string", default)]))


def _load_pyfunc(path: str) -> RegisteredRouter:
    """MLflow's entry point: ``path`` is the bundle's folder."""
    return RegisteredRouter(Router.load(path))
