"""The proof that the exported graph computes what was trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pointsman import decide
from pointsman.graph import Graph, Predictions, joined
from pointsman.guard import served
from pointsman.text import sanitise
from pointsman_train.cores import on_all_cores
from pointsman_train.data import Ints
from pointsman_train.errors import ExportError
from pointsman_train.export.probes import EDGE, ORDINARY
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.run import batches, open_session
from pointsman_train.train.assemble import heads_of
from pointsman_train.train.router import TrainedRouter
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
        When a probability or a similarity differs by more than 1e-6, a decision as served (with rule and guard) changes
        at any operating point, or a prompt gives other features alone than in a batch.
    """
    graph = Graph(onnx)
    if router.guard is not None and not graph.has_similarity:
        raise ExportError("the router has a guard, but its graph has no output similarity; build it with router_graph")
    for name, raw in (("the test prompts", prompts), ("the edge prompts", [*ORDINARY, *EDGE])):
        texts = [sanitise(text) for text in raw]
        found = _predict(graph, texts)
        trained = _trained(router, found.features, texts)
        _compare(name, found, trained)
        _compare_decisions(name, found, trained, router)
    _check_alone(graph, [*ORDINARY, *EDGE])
    _check_adjacent(router, onnx)


def _predict(graph: Graph, texts: Sequence[str]) -> Predictions:
    positions = list(batches(texts))
    parts = on_all_cores(lambda batch: graph.predict([texts[i] for i in batch]), positions)
    return joined(parts).take(np.argsort(np.concatenate(positions)))


def _trained(router: TrainedRouter, features: Features, texts: Sequence[str]) -> Predictions:
    """Predict without the graph; the similarity is from the featurizer's own run."""
    near = None if router.guard is None else router.featurizer.transform_all(texts)[1]
    similarity = None if near is None else near.astype(np.float32)
    return router.predictions(features, similarity)


def _compare(name: str, found: Predictions, trained: Predictions) -> None:
    for output in ("p_success", "p_label", "similarity"):
        one, other = getattr(found, output), getattr(trained, output)
        if one is None or other is None:
            continue
        worst = float(np.abs(one - other).max())
        # Written so that NaN fails as well.
        if not worst <= TOLERANCE:
            what = "the featurizer" if output == "similarity" else "LightGBM"
            raise ExportError(
                f"{output} of the graph differs from {what} by {worst:.3g} on {name} (allowed {TOLERANCE})"
            )


def _compare_decisions(name: str, found: Predictions, trained: Predictions, router: TrainedRouter) -> None:
    for point, fitted in router.operating_points.items():
        chosen = [_served(fitted.rule, each, router) for each in (found, trained)]
        changed = int(np.sum(chosen[0] != chosen[1]))
        if changed:
            both = "the graph and the trained router"
            raise ExportError(f"{changed} decisions at {point!r} differ between {both} on {name}")


def _served(rule: decide.Rule, found: Predictions, router: TrainedRouter) -> Ints:
    cost, anchor = router.descriptors.mean_cost, router.best_single
    return served(rule, found.p_success, found.p_label, cost, anchor, router.guard, found.similarity).chosen


def _check_alone(graph: Graph, prompts: Sequence[str]) -> None:
    together = graph.predict([sanitise(prompt) for prompt in prompts])
    for row, prompt in enumerate(prompts):
        alone = graph.predict([sanitise(prompt)])
        if not np.array_equal(alone.features[0], together.features[row]):
            raise ExportError(f"the prompt {prompt[:40]!r} gives other features alone than in a batch")
        _compare("a prompt alone", alone, _row(together, row))


def _row(predictions: Predictions, row: int) -> Predictions:
    at = slice(row, row + 1)
    near = None if predictions.similarity is None else predictions.similarity[at]
    return Predictions(predictions.p_success[at], predictions.p_label[at], predictions.features[at], near)


def _check_adjacent(router: TrainedRouter, onnx: bytes) -> None:
    """Compare on rows whose features lie at thresholds of the trees and at the float32 numbers next to them."""
    rows = adjacent_rows(router.features, [*router.success.ensembles(), router.complexity.ensemble()])
    session = open_session(heads_of(onnx))
    p_success, p_label = session.run(["p_success", "p_label"], {"features": rows})
    trained = router.predictions(rows)
    _compare("neighbouring float32 features", Predictions(p_success, p_label, rows), trained)


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
