"""A router whose probabilities a test tells it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pointsman import Router
from pointsman.graph import Predictions
from pointsman.manifest import GuardSettings, Manifest, Model, OperatingPoint

# Utilities at lambda 0.5 are P less 0.125, 0.25 and 0.5; "mid" is the best single model.
TINY = Manifest(
    schema_version=1,
    name="tiny",
    version="1",
    created="2026-01-02T03:04:05+00:00",
    onnx_sha256="",
    models=(Model("small", 1.0, 0.3, 0.3), Model("mid", 2.0, 0.8, 0.8), Model("large", 4.0, 0.7, 0.7)),
    labels=("small", "mid", "large", "all-fail"),
    features=("chars",),
    feature_reference={},
    best_single="mid",
    default_operating_point="plain",
    operating_points={
        "plain": OperatingPoint(0.5, "utility", 0.0, 0.0, 0.0, "", {}),
        "enough": OperatingPoint(0.5, "threshold", 0.625, 0.0, 0.0, "", {}),
        "careful": OperatingPoint(0.5, "conservative", 0.0, 0.25, 0.0, "", {}),
    },
    guard=GuardSettings(0.5, "mid"),
    boundary_margin=0.1,
    cost_basis="file",
    data={},
    config={},
    mlflow_run_id=None,
    probes=(),
)


class Told:
    """A graph that says what it is told, the same of every prompt."""

    def __init__(self, p_success, similarity):
        self.p_success, self.similarity = p_success, similarity

    def predict_one(self, text):
        (row,) = self.predict([text]).rows()
        return row

    def predict(self, texts):
        n = len(texts)
        near = None if self.similarity is None else np.full(n, self.similarity, np.float32)
        p_label = np.tile([0.125, 0.125, 0.25, 0.5], (n, 1))
        return Predictions(np.tile(self.p_success, (n, 1)), p_label, np.zeros((n, 1), np.float32), near)


TINY_NAMES = tuple(model.name for model in TINY.models)


def tiny(p_success, similarity=0.75, **changes):
    return Router(replace(TINY, **changes), Told(p_success, similarity))
