"""The exported graph: featurizer, heads and calibration in one ONNX file."""

from __future__ import annotations

import numpy as np
import onnx
from onnx.utils import Extractor

from pointsman_train.graph import DOUBLE, FLOAT, STRING, GraphBuilder, in_block
from pointsman_train.train.router import TrainedRouter
from pointsman_train.train.trees import add_forest


def router_graph(router: TrainedRouter) -> onnx.ModelProto:
    """Build the whole graph: ``prompt`` string [N] to the outputs of :class:`pointsman.graph.Predictions`.

    ``similarity`` is among them where the router has a guard, which is all that reads it.
    """
    g = GraphBuilder()
    added = router.featurizer.add(g, "prompt")
    g.alias(added.features, "features")
    _add_heads(g, added.features, router)
    n_models, n_features = len(router.models), len(router.featurizer.names)
    outputs = _head_outputs(n_models) | {"features": (FLOAT, ["N", n_features])}
    if router.guard is not None and added.similarity is not None:
        g.alias(added.similarity, "similarity")
        outputs["similarity"] = (FLOAT, ["N"])
    return g.model({"prompt": (STRING, ["N"])}, outputs)


def heads_of(graph: bytes) -> onnx.ModelProto:
    """Cut what follows the features out of a whole graph: ``features`` float [N, F] to both probabilities.

    So the trees of the exported file itself can be tried on features that no prompt has.
    """
    return Extractor(onnx.load_from_string(graph)).extract_model(["features"], ["p_success", "p_label"])


def _head_outputs(n_models: int) -> dict[str, tuple[int, list[str | int]]]:
    return {"p_success": (DOUBLE, ["N", n_models]), "p_label": (DOUBLE, ["N", n_models + 1])}


@in_block("heads")
def _add_heads(g: GraphBuilder, features: str, router: TrainedRouter) -> None:
    wide = g.add("Cast", features, to=DOUBLE)
    *forest, complexity = add_forest(g, wide, [*router.success.ensembles(), router.complexity.ensemble()])
    g.alias(router.success_calibration.add(g, router.success.add(g, wide, forest)), "p_success")
    label = router.label_calibration.of(complexity).add(g)
    probability, placement = g.add("Softmax", label, axis=1), _placement(router)
    if not np.array_equal(placement, np.eye(len(placement))):
        probability = g.add("MatMul", probability, g.const(placement))
    g.alias(probability, "p_label")


def _placement(router: TrainedRouter) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Zero-one matrix from the classes that occur in training to all labels; the others have probability 0."""
    classes = router.complexity.classes
    matrix = np.zeros((len(classes), len(router.models) + 1))
    matrix[np.arange(len(classes)), list(classes)] = 1.0
    return matrix
