"""The proof that the exported graph computes what was trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pointsman import decide
from pointsman.graph import Graph, Predictions
from pointsman.text import sanitise
from pointsman_train.data import Floats
from pointsman_train.errors import ExportError
from pointsman_train.export.probes import EDGE, ORDINARY
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.run import open_session
from pointsman_train.train.assemble import heads_of
from pointsman_train.train.stage import TrainedRouter
from pointsman_train.train.trees import Ensemble, Leaf, Tree

TOLERANCE = 1e-6
_ADJACENT_ROWS = 512


def check_parity(router: TrainedRouter, onnx: bytes, prompts: Sequence[str]) -> None:
    """Compare the graph with LightGBM on prompts, on edge prompts and on neighbouring float32 features.

    Parameters
    ----------
    onnx
        Content of the file to be exported.
    prompts
        Those of the test split.

    Raises
    ------
    ExportError
        When a probability differs by more than 1e-6, a decision changes at any operating point, or a prompt gives
        other features alone than in a batch.
    """
    graph = Graph(onnx)
    for name, texts in (("the test prompts", prompts), ("the edge prompts", [*ORDINARY, *EDGE])):
        found = _predict(graph, texts)
        _compare(name, found, router.p_success(found.features), router.p_label(found.features))
        _compare_decisions(name, found.p_success, router.p_success(found.features), router)
    _check_alone(graph, [*ORDINARY, *EDGE])
    _check_adjacent(router, onnx)


def _predict(graph: Graph, prompts: Sequence[str]) -> Predictions:
    parts = [graph.predict([sanitise(p) for p in prompts[i : i + 256]]) for i in range(0, len(prompts), 256)]
    return Predictions(
        np.concatenate([part.p_success for part in parts]),
        np.concatenate([part.p_label for part in parts]),
        np.concatenate([part.features for part in parts]),
    )


def _compare(name: str, found: Predictions, p_success: Floats, p_label: Floats) -> None:
    pairs = (("p_success", found.p_success, p_success), ("p_label", found.p_label, p_label))
    for output, exported, trained in pairs:
        worst = float(np.abs(exported - trained).max())
        # Written so that NaN fails as well.
        if not worst <= TOLERANCE:
            raise ExportError(
                f"{output} of the graph differs from LightGBM by {worst:.3g} on {name} (allowed {TOLERANCE})"
            )


def _compare_decisions(name: str, exported: Floats, trained: Floats, router: TrainedRouter) -> None:
    cost = router.descriptors.mean_cost
    for point, fitted in router.operating_points.items():
        chosen = [decide.choose(decide.utilities(p, cost, fitted.lam)) for p in (exported, trained)]
        changed = int(np.sum(chosen[0] != chosen[1]))
        if changed:
            raise ExportError(f"{changed} decisions at {point!r} differ between the graph and LightGBM on {name}")


def _check_alone(graph: Graph, prompts: Sequence[str]) -> None:
    together = graph.predict([sanitise(prompt) for prompt in prompts])
    for row, prompt in enumerate(prompts):
        alone = graph.predict([sanitise(prompt)])
        if not np.array_equal(alone.features[0], together.features[row]):
            raise ExportError(f"the prompt {prompt[:40]!r} gives other features alone than in a batch")
        _compare("a prompt alone", alone, together.p_success[row : row + 1], together.p_label[row : row + 1])


def _check_adjacent(router: TrainedRouter, onnx: bytes) -> None:
    """Compare on rows whose features lie at thresholds of the trees and at the float32 numbers next to them."""
    rows = adjacent_rows(router.features, [*router.success.ensembles(), router.complexity.ensemble()])
    session = open_session(heads_of(onnx))
    p_success, p_label = session.run(["p_success", "p_label"], {"features": rows})
    found = Predictions(p_success, p_label, rows)
    _compare("neighbouring float32 features", found, router.p_success(rows), router.p_label(rows))


def adjacent_rows(features: Features, ensembles: Sequence[Ensemble]) -> Features:
    """Make feature rows that sit on thresholds, one float32 below and one above.

    Returns
    -------
    ndarray of shape (n_rows, n_features), float32; training rows in which every feature that any tree splits on is
    moved to one of its thresholds, in turn.
    """
    thresholds = _thresholds(ensembles)
    rng = np.random.default_rng(0)
    rows = features[rng.integers(0, len(features), _ADJACENT_ROWS)].copy()
    for feature, values in thresholds.items():
        at = rng.choice(np.array(sorted(values)), _ADJACENT_ROWS).astype(np.float32)
        side = rng.integers(-1, 2, _ADJACENT_ROWS)
        below, above = np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(np.inf))
        rows[:, feature] = np.where(side < 0, below, np.where(side > 0, above, at))
    return rows


def _thresholds(ensembles: Sequence[Ensemble]) -> dict[int, set[float]]:
    found: dict[int, set[float]] = {}
    stack: list[Tree] = [tree for ensemble in ensembles for _, tree in ensemble.trees]
    while stack:
        tree = stack.pop()
        if not isinstance(tree, Leaf):
            found.setdefault(tree.feature, set()).add(tree.threshold)
            stack += [tree.left, tree.right]
    return found
