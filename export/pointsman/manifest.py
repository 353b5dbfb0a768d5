"""The manifest, ``router.json``: what an exported router is, and what it promises."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pointsman import decide
from pointsman.errors import BundleCorruptError, BundleNotFoundError, SchemaVersionError

SCHEMA_VERSION = 1
MANIFEST_FILE = "router.json"


@dataclass(frozen=True, slots=True)
class Model:
    """One rung of the ladder.

    Attributes
    ----------
    name
        As the outcomes and the catalog call it.
    mean_cost_usd
        Mean US dollars per answer on the training prompts; see :attr:`Manifest.cost_basis`.
    success_rate, mean_score
        Shares in [0, 1] on the training prompts.
    """

    name: str
    mean_cost_usd: float
    success_rate: float
    mean_score: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A named trade-off between success and cost.

    Attributes
    ----------
    lam
        Price of cost in the decision rule, in units of success probability.
    rule, threshold, hold
        Kind of rule, "utility", "threshold" or "conservative", with what the last two read: see
        :class:`pointsman.decide.Rule`. 0 where the rule does not read it.
    caution
        What under-routing costs beyond the answer, in units of success probability.
    target
        What it was fitted to, in words.
    held_out
        Figures on the test split by name: ``[value, low, high]``, the 95 % interval.
    """

    lam: float
    rule: str
    threshold: float
    hold: float
    caution: float
    target: str
    held_out: Mapping[str, list[float | None]]

    @property
    def decision_rule(self) -> decide.Rule:
        """The rule that decides at this point."""
        return decide.Rule(self.rule, self.lam, self.threshold, self.hold, self.caution)


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """When a prompt is unlike the training prompts, and where it then goes.

    Attributes
    ----------
    threshold
        Of the graph's ``similarity``: a prompt below it is unfamiliar.
    fallback
        Name of the model that unfamiliar prompts go to.
    """

    threshold: float
    fallback: str


@dataclass(frozen=True, slots=True)
class Probe:
    """A prompt with the answers that the graph must give on loading; ``similarity`` is None where it gives none."""

    prompt: str
    p_success: list[float]
    p_label: list[float]
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a router but its graph.

    Attributes
    ----------
    schema_version
        Of this file's form.
    name, version, created
        Of the router; ``created`` is an ISO 8601 time in UTC.
    onnx_sha256
        Of ``router.onnx``.
    models
        The ladder, cheapest first: the columns of ``p_success``.
    labels
        The columns of ``p_label``: the ladder, then all-fail.
    features
        The columns of ``features``.
    feature_reference
        How the training prompts are distributed, as the graph sees them: counts in bins of each feature, of each
        model's probability of success and of the choices at the default operating point. Drift is measured by it.
    best_single
        The model with the best mean training score.
    default_operating_point, operating_points
        Named trade-offs.
    guard
        Null where every prompt is decided by its probabilities.
    boundary_margin
        A decision that leads by less is a boundary case.
    cost_basis
        Where costs come from: "file", "tokens", or "price" (a nominal 1,000 tokens an answer).
    data, config
        Fingerprints and counts of the training data, and the settings that made the router.
    mlflow_run_id
        The run that made it, null where none was tracked.
    probes
        Checked on loading.
    """

    schema_version: int
    name: str
    version: str
    created: str
    onnx_sha256: str
    models: tuple[Model, ...]
    labels: tuple[str, ...]
    features: tuple[str, ...]
    feature_reference: Mapping[str, Any]
    best_single: str
    default_operating_point: str
    operating_points: Mapping[str, OperatingPoint]
    guard: GuardSettings | None
    boundary_margin: float
    cost_basis: str
    data: Mapping[str, Any]
    config: Mapping[str, Any]
    mlflow_run_id: str | None
    probes: tuple[Probe, ...]

    def to_json(self) -> str:
        """Write the manifest as JSON text; NaN is not allowed."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Read and check ``router.json``.

    Raises
    ------
    BundleNotFoundError
        When the folder or the file is missing.
    SchemaVersionError
        When the file is of another schema version.
    BundleCorruptError
        When it is not JSON, or a field is missing or of the wrong form.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise BundleNotFoundError(f"{folder} has no {MANIFEST_FILE}; give the folder of an exported router")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleCorruptError(f"{path} is not JSON ({error}); export the router again") from error
    if not isinstance(content, dict):
        raise BundleCorruptError(f"{path} holds a {type(content).__name__}, expected an object")
    _check_schema(path, content.get("schema_version"))
    return _parse(path, content)


def _check_schema(path: Path, version: object) -> None:
    if type(version) is not int:
        raise BundleCorruptError(f"{path} has the schema_version {version!r}, expected a whole number")
    if version != SCHEMA_VERSION:
        mend = "upgrade pointsman" if version > SCHEMA_VERSION else "export the router again"
        raise SchemaVersionError(f"{path} has schema version {version}, this pointsman reads {SCHEMA_VERSION}; {mend}")


def _parse(path: Path, content: Mapping[str, Any]) -> Manifest:
    missing = [field.name for field in fields(Manifest) if field.name not in content]
    if missing:
        raise BundleCorruptError(f"{path} lacks {missing!r}; export the router again")
    values = {field.name: content[field.name] for field in fields(Manifest)}
    try:
        values["models"] = tuple(Model(**model) for model in values["models"])
        values["probes"] = tuple(Probe(**probe) for probe in values["probes"])
        values["operating_points"] = {n: OperatingPoint(**p) for n, p in values["operating_points"].items()}
        values["guard"] = None if values["guard"] is None else GuardSettings(**values["guard"])
        values["labels"], values["features"] = tuple(values["labels"]), tuple(values["features"])
        manifest = Manifest(**values)
    except (TypeError, AttributeError) as error:
        raise BundleCorruptError(f"{path} has a field of the wrong form ({error}); export the router again") from error
    if manifest.default_operating_point not in list(manifest.operating_points) or len(manifest.models) < 2:
        raise BundleCorruptError(f"{path} lacks its default operating point or has fewer than two models")
    _check_values(path, manifest)
    return manifest


def _check_values(path: Path, manifest: Manifest) -> None:
    """Check what a decision is computed from: a wrong type would only show up in the middle of a request."""
    names = (manifest.name, manifest.version, *manifest.labels, *(model.name for model in manifest.models))
    if not all(isinstance(name, str) for name in names):
        raise BundleCorruptError(f"{path} has a name that is not text among {list(names)!r}; export the router again")
    ladder = [model.name for model in manifest.models]
    if list(manifest.labels[:-1]) != ladder or len(set(ladder)) < len(ladder) or manifest.best_single not in ladder:
        raise BundleCorruptError(f"{path} has labels, models and a best single model that do not fit; export again")
    _check_rules(path, manifest)
    numbers = {
        "boundary_margin": manifest.boundary_margin,
        **{f"mean_cost_usd of {model.name!r}": model.mean_cost_usd for model in manifest.models},
        **{f"mean_score of {model.name!r}": model.mean_score for model in manifest.models},
        **{f"lam of {name!r}": point.lam for name, point in manifest.operating_points.items()},
        **{f"threshold of {name!r}": point.threshold for name, point in manifest.operating_points.items()},
        **{f"hold of {name!r}": point.hold for name, point in manifest.operating_points.items()},
        **{f"caution of {name!r}": point.caution for name, point in manifest.operating_points.items()},
    }
    for name, value in numbers.items():
        if not _is_number(value) or value < 0:
            raise BundleCorruptError(f"{path} has the {name} {value!r}, expected a number, 0 or more")


def _check_rules(path: Path, manifest: Manifest) -> None:
    for name, point in manifest.operating_points.items():
        if point.rule not in decide.RULES:
            expected = f"expected one of {list(decide.RULES)!r}; export the router again"
            raise BundleCorruptError(f"{path} has the rule {point.rule!r} of {name!r}, {expected}")
    guard = manifest.guard
    if guard is None:
        return
    ladder = [model.name for model in manifest.models]
    if guard.fallback not in ladder:
        raise BundleCorruptError(
            f"{path} has a guard that falls back to {guard.fallback!r}, expected one of {ladder!r}; "
            "export the router again"
        )
    if not _is_number(guard.threshold):
        expected = "expected a number; export the router again"
        raise BundleCorruptError(f"{path} has a guard with the threshold {guard.threshold!r}, {expected}")


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and -math.inf < value < math.inf
