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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pointsman.manifest import read_manifest
from pointsman.router import Router
from pointsman_train.errors import TrackingError
from pointsman_train.registry import LOADER, ROUTER, Registry

log = logging.getLogger(__name__)

_MAX_PARAM = 6000
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


class Run(Protocol):
    """One tracked run."""

    @property
    def run_id(self) -> str | None:
        """MLflow's id; None where nothing is tracked."""
        ...

    def params(self, values: Mapping[str, Any]) -> None:
        """Log settings; nested mappings are flattened with dots."""
        ...

    def metrics(self, values: Mapping[str, float]) -> None:
        """Log figures; undefined ones (NaN) are left out, since a store would turn them into numbers."""
        ...

    def tags(self, values: Mapping[str, str]) -> None:
        """Tag the run."""
        ...

    def artifacts(self, paths: Sequence[Path], folder: str) -> None:
        """Log files under a folder of the run."""
        ...

    def register(self, bundle: Path, tags: Mapping[str, str]) -> str | None:
        """Log a bundle and register it as a new version; returns the version."""
        ...

    @property
    def registry(self) -> Registry:
        """The routers of the store.

        Raises
        ------
        TrackingError
            Where nothing is tracked.
        """
        ...


class Untracked:
    """Tracks nothing."""

    run_id: str | None = None

    def params(self, values: Mapping[str, Any]) -> None:
        """Do nothing."""

    def metrics(self, values: Mapping[str, float]) -> None:
        """Do nothing."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Do nothing."""

    def artifacts(self, paths: Sequence[Path], folder: str) -> None:
        """Do nothing."""

    def register(self, bundle: Path, tags: Mapping[str, str]) -> str | None:
        """Do nothing."""
        return None

    @property
    def registry(self) -> Registry:
        """There is none."""
        raise TrackingError(
            "models:/ and runs:/ are names of MLflow, and nothing is tracked; give tracking.enabled=true and "
            "tracking.uri, or the folders of exported routers"
        )


class MlflowRun:
    """A run in MLflow."""

    def __init__(self, mlflow: Any, run_id: str, registered_model: str | None) -> None:
        self._mlflow = mlflow
        self.run_id: str | None = run_id
        self._registered_model = registered_model

    def params(self, values: Mapping[str, Any]) -> None:
        """Log settings, flattened with dots."""
        self._mlflow.log_params({_name(name): str(value)[:_MAX_PARAM] for name, value in flatten(values).items()})

    def metrics(self, values: Mapping[str, float]) -> None:
        """Log the figures that are defined."""
        self._mlflow.log_metrics({_name(name): value for name, value in values.items() if math.isfinite(value)})

    def tags(self, values: Mapping[str, str]) -> None:
        """Tag the run."""
        self._mlflow.set_tags({_name(name): value for name, value in values.items()})

    def artifacts(self, paths: Sequence[Path], folder: str) -> None:
        """Log files."""
        for path in paths:
            self._mlflow.log_artifact(str(path), artifact_path=folder)

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
        if self._registered_model is None:
            return None
        version = self._mlflow.register_model(info.model_uri, self._registered_model, tags=dict(tags)).version
        log.info("registered %s version %s", self._registered_model, version)
        return str(version)

    @property
    def registry(self) -> Registry:
        """The routers of the store."""
        return Registry(self._mlflow)


@contextmanager
def tracked_run(config: TrackingConfig) -> Iterator[Run]:
    """Open a run; it ends as FAILED when the work inside raises.

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
        with _few_retries():
            mlflow.set_experiment(config.experiment)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise _refusal(config, error) from error
    try:
        with mlflow.start_run() as run:
            yield MlflowRun(mlflow, run.info.run_id, config.registered_model)
    except (MlflowException, SQLAlchemyError) as error:
        raise _refusal(config, error) from error


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
