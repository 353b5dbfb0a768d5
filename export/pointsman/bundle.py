"""The folder of an exported router: its files, and the proof that they are what was exported."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from pointsman.errors import BundleCorruptError, BundleNotFoundError
from pointsman.graph import Graph
from pointsman.manifest import Manifest, read_manifest

ONNX_FILE = "router.onnx"
CARD_FILE = "README.md"

# Between processors the last digits of exp differ; anything larger is another graph.
PROBE_TOLERANCE = 1e-6


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
    _check_probes(path, manifest, graph)
    return manifest, graph


def _check_probes(path: Path, manifest: Manifest, graph: Graph) -> None:
    predictions = graph.predict([probe.prompt for probe in manifest.probes])
    expected = (
        ("p_success", predictions.p_success, [probe.p_success for probe in manifest.probes]),
        ("p_label", predictions.p_label, [probe.p_label for probe in manifest.probes]),
    )
    for name, found, wanted in expected:
        if found.shape != np.shape(wanted) or np.abs(found - np.array(wanted)).max() > PROBE_TOLERANCE:
            raise BundleCorruptError(
                f"{path} gives another {name} for the manifest's probes than on export; "
                "the manifest belongs to another router, or this onnxruntime computes differently"
            )
