"""Running a graph over many prompts, in batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from pointsman.graph import Predictions
from pointsman.text import both_ends
from pointsman_train.cores import on_all_cores

BATCH = 256
# Characters of a batch, padding included: a graph's room for 256 long prompts is 300 MB.
_CHARACTERS = 1 << 17


def open_session(model: onnx.ModelProto | bytes) -> ort.InferenceSession:
    """Open a graph for single-threaded use, as a service would."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    content = model if isinstance(model, bytes) else model.SerializeToString()
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def predictions_of(session: ort.InferenceSession, prompts: Sequence[str]) -> Predictions:
    """Run an exported graph over prompts, in batches."""
    names = [output.name for output in session.get_outputs()]
    return Predictions(**dict(zip(names, run(session, prompts, names), strict=True)))


def batches(prompts: Sequence[str], size: int = BATCH) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
    """Positions of prompts in batches, shortest prompts first: rows of a batch are padded to the longest.

    Parameters
    ----------
    size
        Most prompts of a batch; of long ones it has fewer.

    Examples
    --------
    >>> [batch.tolist() for batch in batches(["ccc", "a", "bb"], size=2)]
    [[1, 2], [0]]
    """
    length = np.array([len(prompt) for prompt in prompts], np.int64)
    order = np.argsort(length, kind="stable")
    start = 0
    for end, longest in enumerate(length[order].tolist()):
        rows = end - start
        if rows == size or (rows and (rows + 1) * longest > _CHARACTERS):
            yield order[start:end]
            start = end
    if start < len(order):
        yield order[start:]


def inputs_of(prompts: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return the graph's input, ndarray of shape (n_prompts,): each prompt cut as the runtime cuts it."""
    texts = np.empty(len(prompts), dtype=object)
    texts[:] = [both_ends(prompt) for prompt in prompts]
    return texts


def run(
    session: ort.InferenceSession, prompts: Sequence[str], outputs: Sequence[str], size: int = BATCH
) -> list[np.ndarray[Any, Any]]:
    """Run a graph with the one input ``prompt`` over all prompts, batches on all cores.

    Returns
    -------
    One ndarray of shape (n_prompts, ...) for each name in ``outputs``, rows in the order of ``prompts``.
    """
    if not prompts:
        raise ValueError("no prompt to run the graph on")
    texts = inputs_of(prompts)
    positions = list(batches(prompts, size))
    parts = on_all_cores(lambda batch: session.run(list(outputs), {"prompt": texts[batch]}), positions)
    back = np.argsort(np.concatenate(positions), kind="stable")
    return [np.concatenate(column)[back] for column in zip(*parts, strict=True)]
