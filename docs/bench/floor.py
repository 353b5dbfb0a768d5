"""The floor: a graph that hands its string back. No router in ONNX can be faster, so figures are given as ratios to it.

Such a ratio holds from machine to machine, and from a quiet hour to a busy one, where microseconds do not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime as ort

from pointsman_train.featurize.run import open_session
from pointsman_train.graph import STRING, GraphBuilder


def floor_graph() -> bytes:
    """Write the graph, ``prompt`` string [N] to ``same`` string [N]."""
    g = GraphBuilder()
    g.alias("prompt", "same")
    model: bytes = g.model({"prompt": (STRING, ["N"])}, {"same": (STRING, ["N"])}).SerializeToString()
    return model


def floor() -> Callable[[str | list[str]], object]:
    """Open the graph; the call takes a prompt or a batch of them."""
    session = open_session(floor_graph())
    return lambda item: _run(session, [item] if isinstance(item, str) else item)


def _run(session: ort.InferenceSession, texts: list[str]) -> object:
    batch = np.empty(len(texts), dtype=object)
    batch[:] = texts
    return session.run(["same"], {"prompt": batch})
