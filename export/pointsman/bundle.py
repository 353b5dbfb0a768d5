"""The folder of an exported router: its files, and the proof that they are what was exported."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.errors import BundleCorruptError, BundleNotFoundError
from pointsman.graph import Graph
from pointsman.manifest import Manifest, read_manifest

ONNX_FILE = "router.onnx"
CARD_FILE = "README.md"

# Between processors the last digits of exp differ; anything larger is another graph.
PROBE_TOLERANCE = 1e-6
# Computed in float32.
SIMILARITY_TOLERANCE = 1e-4


def load_bundle(folder: str | Path) -> tuple[Manifest, Graph]:
    """Read a bundle and verify it: schema, hash, output shapes and probes.

    Raises
    ------
    BundleNotFoundError, SchemaVersionError, BundleCorruptError
        Each says which file, what was found and what was expected.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    path = folder / ONNX_FILE
    if not path.is_file():
        raise BundleNotFoundError(f"{folder} has no {ONNX_FILE}; export the router again")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != manifest.onnx_sha256:
        raise BundleCorruptError(
            f"{path} has the sha256 {found}, the manifest says {manifest.onnx_sha256}; "
            "the file was changed after the export: export or copy the router again"
        )
    graph = Graph(content)
    if manifest.guard is not None and not graph.has_similarity:
        raise BundleCorruptError(
            f"{path} has no output similarity, which the manifest's guard reads; "
            "the manifest belongs to another router: export or copy the router again"
        )
    _check_probes(path, manifest, graph)
    return manifest, graph


def _check_probes(path: Path, manifest: Manifest, graph: Graph) -> None:
    predictions = graph.predict([probe.prompt for probe in manifest.probes])
    columns = (
        ("p_success", predictions.p_success, manifest.models),
        ("p_label", predictions.p_label, manifest.labels),
        ("features", predictions.features, manifest.features),
    )
    for name, found, named in columns:
        if found.shape[1] != len(named):
            raise BundleCorruptError(
                f"{path} gives {found.shape[1]} columns of {name}, the manifest names {len(named)}; "
                "the manifest belongs to another router"
            )
    probes = manifest.probes
    expected: list[tuple[str, NDArray[np.floating], Sequence[object], float]] = [
        ("p_success", predictions.p_success, [probe.p_success for probe in probes], PROBE_TOLERANCE),
        ("p_label", predictions.p_label, [probe.p_label for probe in probes], PROBE_TOLERANCE),
    ]
    if predictions.similarity is not None:
        near = [probe.similarity for probe in probes]
        expected.append(("similarity", predictions.similarity, near, SIMILARITY_TOLERANCE))
    for name, found, wanted, tolerance in expected:
        if not _agree(found, wanted, tolerance):
            raise BundleCorruptError(
                f"{path} gives another {name} for the manifest's probes than on export; "
                "the manifest belongs to another router, or this onnxruntime computes differently"
            )


def _agree(found: NDArray[np.floating], wanted: Sequence[object], tolerance: float) -> bool:
    try:
        expected = np.array(wanted, np.float64)
    except (TypeError, ValueError):
        # Ragged, or not numbers.
        return False
    # Written so that NaN does not agree.
    return found.shape == expected.shape and bool((np.abs(found - expected) <= tolerance).all())
