"""Routers in MLflow: found by the names that MLflow gives them, and the alias that says which one is served.

MLflow itself comes from :mod:`pointsman_train.tracking`, which alone imports it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pointsman.contributions import Explainer
from pointsman.errors import BundleNotFoundError
from pointsman.router import Router
from pointsman_train.errors import TrackingError
from pointsman_train.seen import SeenPrompts, read_seen

# What MLflow loads a router with, and how a router in its store is told from other models.
LOADER = "pointsman_train.tracking"
ROUTER = "router"

_ALIAS = re.compile(r"models:/(?P<name>[^/@]+)@(?P<alias>[\w-]+)")
_VERSION = re.compile(r"models:/(?P<name>[^/@]+)/(?P<version>\d+)")
_RUN = re.compile(rf"runs:/(?P<run>\w+)(/{ROUTER})?")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a registered model."""

    name: str
    version: str

    @property
    def uri(self) -> str:
        """As MLflow writes it."""
        return f"models:/{self.name}/{self.version}"


@dataclass(frozen=True, slots=True)
class Found:
    """An exported router and where it came from.

    Attributes
    ----------
    reference
        As it was asked for.
    router
        Loaded and verified.
    version
        None where it is not a version of a registered model: a folder, or the router of a run that registered none.
    seen
        The prompts that it was made from; None where the bundle does not say.
    explainer
        None where the bundle has none.
    """

    reference: str
    router: Router
    version: Version | None
    seen: SeenPrompts | None = field(default=None, repr=False)
    explainer: Explainer | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Name the router, and what it was asked for by.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> str(Found("runs:/1", SimpleNamespace(name="pointsman/2"), Version("pointsman", "7")))
        'pointsman/2 (runs:/1, models:/pointsman/7)'
        """
        uri = self.version.uri if self.version else self.reference
        return f"{self.router.name} ({', '.join(dict.fromkeys((self.reference, uri)))})"


def found_in(folder: str | Path, reference: str, version: Version | None = None) -> Found:
    """Load a router from its folder, with what lies beside it.

    Raises
    ------
    pointsman.BundleError
        When it cannot be loaded.
    """
    router = Router.load(folder)
    try:
        explainer = Explainer.load(folder, router.manifest.onnx_sha256)
    except BundleNotFoundError:
        explainer = None
    return Found(reference, router, version, read_seen(folder), explainer)


def is_reference(text: str) -> bool:
    """Say whether a text asks for something in MLflow, and not for a folder.

    Examples
    --------
    >>> is_reference("models:/pointsman@champion"), is_reference("export/routers/pointsman/1")
    (True, False)
    """
    return text.startswith(("models:/", "runs:/"))


class Registry:
    """The routers of one MLflow store.

    Parameters
    ----------
    mlflow
        The module, with its tracking address set.
    """

    def __init__(self, mlflow: Any) -> None:
        self._mlflow = mlflow
        self._client = mlflow.MlflowClient()

    def find(self, reference: str) -> Found:
        """Load a router.

        Parameters
        ----------
        reference
            ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, or ``runs:/RUN_ID`` with or without ``/router``.

        Raises
        ------
        TrackingError
            When there is no such router, or its files are gone.
        """
        uri, version = self._resolve(reference)
        with TemporaryDirectory(prefix="pointsman-") as folder:
            return found_in(self._bundle(uri, folder), reference, version)

    def holder(self, name: str, alias: str) -> Version | None:
        """Return the version that an alias of a registered model points to, None where it has no such alias.

        Raises
        ------
        TrackingError
            When there is no such registered model.
        """
        version = self._aliases(name).get(alias)
        return None if version is None else Version(name, str(version))

    def move(self, alias: str, version: Version) -> None:
        """Point an alias to a version."""
        self._client.set_registered_model_alias(version.name, alias, version.version)

    def _resolve(self, reference: str) -> tuple[str, Version | None]:
        if match := _ALIAS.fullmatch(reference):
            version = self._held(reference, match["name"], match["alias"])
            return version.uri, version
        if match := _VERSION.fullmatch(reference):
            version = Version(match["name"], str(int(match["version"])))
            self._refuse_unknown(version)
            return version.uri, version
        if match := _RUN.fullmatch(reference):
            return f"runs:/{match['run']}/{ROUTER}", self._registered(match["run"])
        raise TrackingError(
            f"{reference!r} names no router, expected models:/NAME@ALIAS, models:/NAME/VERSION, runs:/RUN_ID or "
            "the folder of an exported router"
        )

    def _held(self, reference: str, name: str, alias: str) -> Version:
        version = self.holder(name, alias)
        if version is None:
            raise TrackingError(
                f"{reference!r}: {name!r} has no alias {alias!r}, expected one of {sorted(self._aliases(name))!r}; "
                f"{how_to_begin(name, alias)}"
            )
        return version

    def _aliases(self, name: str) -> dict[str, Any]:
        with self._missing(f"there is no registered model {name!r}; {how_to_register()}"):
            return dict(self._client.get_registered_model(name).aliases)

    def _refuse_unknown(self, version: Version) -> None:
        self._aliases(version.name)
        known = self._client.search_model_versions(f"name='{version.name}'")
        there = sorted(int(one.version) for one in known)
        if int(version.version) not in there:
            raise TrackingError(f"{version.name!r} has no version {version.version!r}, expected one of {there!r}")

    def _registered(self, run: str) -> Version | None:
        """Return the version that a run registered; None for none, and for several, since either could be meant."""
        found = list(self._client.search_model_versions(f"run_id='{run}'"))
        return Version(found[0].name, str(found[0].version)) if len(found) == 1 else None

    def _bundle(self, uri: str, folder: str) -> Path:
        with self._missing(f"there is no {uri!r}; give a run of pointsman-train whose stages reach export"):
            local = Path(self._mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
        if not (local / "MLmodel").is_file():
            raise TrackingError(f"the files of {uri!r} are not in MLflow's store; train again, or bring them back")
        flavor = self._mlflow.models.Model.load(str(local)).flavors.get("python_function", {})
        if flavor.get("loader_module") != LOADER:
            raise TrackingError(f"{uri!r} is a model, but no router of pointsman; pointsman-train registers routers")
        return local / str(flavor["data"])

    @contextmanager
    def _missing(self, text: str) -> Iterator[None]:
        """Say in our words that something is not there; any other refusal is MLflow's to explain."""
        try:
            yield
        except self._mlflow.MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise TrackingError(text) from error


def how_to_register() -> str:
    """Say how a router becomes a version of a registered model."""
    return (
        "pointsman-train registers what it exports under tracking.registered_model, and "
        "mlflow.register_model('runs:/RUN_ID/router', 'NAME') what a run logged"
    )


def how_to_begin(name: str, alias: str) -> str:
    """Say how a registered model gets its alias for the first time."""
    other = "" if alias == "champion" else f" alias={alias}"
    return f"set it with pointsman-compare baseline=none candidate=models:/{name}/VERSION promote=true{other}"
