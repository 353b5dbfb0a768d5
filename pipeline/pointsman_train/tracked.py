"""What a stage may tell of a run, whoever listens; :mod:`pointsman_train.tracking` tells it to MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pointsman_train.errors import TrackingError
from pointsman_train.inputs import DatasetInput
from pointsman_train.registry import Registry


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

    def inputs(self, datasets: Sequence[DatasetInput]) -> None:
        """Log what was read."""
        ...

    def child(self, name: str, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Log a finished run inside this one: a router that was trained to judge this one by."""
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

    def inputs(self, datasets: Sequence[DatasetInput]) -> None:
        """Do nothing."""

    def child(self, name: str, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
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
