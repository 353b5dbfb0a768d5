"""A made-up task with every block of features, and a look at what a success model puts in a graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.featurize.run import open_session
from pointsman_train.featurize.surface import SURFACE_NAMES
from pointsman_train.graph import DOUBLE, FLOAT, GraphBuilder
from pointsman_train.train.success import Descriptors, Targets, add_margins
from pointsman_train.train.sums import result

DIMENSIONS = 6
# Success rates by kind of prompt (rows) and model.
RATES = np.array([[0.9, 0.7, 0.95], [0.2, 0.85, 0.6], [0.1, 0.2, 0.9]])
LENGTHS = np.array([60.0, 700.0, 2_800.0])


@dataclass(frozen=True)
class Task:
    """Prompts of three kinds, which differ in length, embedding and word scores."""

    features: np.ndarray
    targets: Targets
    descriptors: Descriptors
    layout: Layout

    def fit(self, formulation, **changed):
        return formulation.fit(
            self.features, changed.get("targets", self.targets), self.descriptors, changed.get("layout", self.layout)
        )


def targets_of(success):
    hit = success == 1
    label = np.where(hit.any(axis=1), hit.argmax(axis=1), success.shape[1])
    label = np.where(np.isnan(success).any(axis=1), -1, label)
    return Targets(success, success, np.where(np.isnan(success), 0, 1), label)


@pytest.fixture(scope="session")
def make_targets() -> Callable[..., Targets]:
    """Targets of one answer each, from successes with NaN."""
    return targets_of


@pytest.fixture(scope="session")
def make_task() -> Callable[..., Task]:
    def make(n=1_200, seed=0, models=3):
        rng = np.random.default_rng(seed)
        layout = Layout(
            (
                Block("surface", SURFACE_NAMES),
                Block("lexicon", ("ask", "why")),
                Block("words", tuple(f"score_{m}" for m in range(models)), per_model=True),
                Block("embedding", tuple(f"e{i}" for i in range(DIMENSIONS)), dense=True),
            )
        )
        kind, rates = rng.integers(0, 3, n), RATES[:, :models]
        x = rng.poisson(1.0, (n, len(layout.names))).astype(np.float32)
        x[:, layout.names.index("chars")] = np.round(LENGTHS[kind] * rng.uniform(0.5, 1.5, n))
        logit = np.log(rates / (1 - rates))[kind]
        x[:, layout.columns("words")] = 0.5 * logit + rng.normal(size=logit.shape) * 0.5
        direction = np.eye(DIMENSIONS)[kind] + rng.normal(size=(n, DIMENSIONS)) * 0.4
        x[:, layout.columns("embedding")] = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        success = (rng.random((n, models)) < rates[kind]).astype(float)
        descriptors = Descriptors(np.array([1e-5, 1e-4, 1e-3])[:models], success.mean(axis=0))
        return Task(x, targets_of(success), descriptors, layout)

    return make


@pytest.fixture(scope="session")
def task(make_task) -> Task:
    return make_task()


@pytest.fixture(scope="session")
def exported() -> Callable[..., np.ndarray]:
    """Run what a success model or a calibration adds to a graph, on float32 features or margins."""

    def run(model, features):
        g = GraphBuilder()
        wide = g.add("Cast", "x", to=DOUBLE)
        margins = result(wide, features.shape[1])
        g.alias(add_margins(g, wide, model) if hasattr(model, "ensembles") else model.add(g, margins), "margins")
        graph = g.model({"x": (FLOAT, ["N", features.shape[1]])}, {"margins": (DOUBLE, ["N", "M"])})
        return open_session(graph).run(["margins"], {"x": features})[0]

    return run
