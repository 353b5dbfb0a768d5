"""The router's graph: raw prompts in, probabilities out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from pointsman.errors import BundleCorruptError

# onnxruntime's errors have no base class of their own.
_ORT_ERRORS = (
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
    RuntimeError,
)

OUTPUTS = ("p_success", "p_label", "features")
GUARDED_OUTPUTS = (*OUTPUTS, "similarity")


Row: TypeAlias = tuple[list[float], list[float], float | None]
"""What one prompt is decided by, in plain Python: ``p_success``, ``p_label`` and ``similarity`` of its row."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the graph says of each prompt.

    Attributes
    ----------
    p_success
        ndarray of shape (n_prompts, n_models), calibrated probability that each model succeeds.
    p_label
        ndarray of shape (n_prompts, n_models + 1), probability of each label: the cheapest rung that succeeds, or
        all-fail. Rows sum to 1.
    features
        ndarray of shape (n_prompts, n_features), float32.
    similarity
        ndarray of shape (n_prompts,), float32, how near each prompt is to the training prompts, higher is nearer; None
        where the graph does not say.
    """

    p_success: NDArray[np.float64]
    p_label: NDArray[np.float64]
    features: NDArray[np.float32]
    similarity: NDArray[np.float32] | None = None

    def take(self, rows: slice | NDArray[np.integer]) -> Predictions:
        """Return those of these prompts."""
        near = None if self.similarity is None else self.similarity[rows]
        return Predictions(self.p_success[rows], self.p_label[rows], self.features[rows], near)

    def rows(self) -> Iterator[Row]:
        """Yield what each prompt is decided by."""
        near = [None] * len(self.p_success) if self.similarity is None else self.similarity.tolist()
        return zip(self.p_success.tolist(), self.p_label.tolist(), near, strict=True)


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Put the predictions of several batches of one graph, at least one, into one."""
    near = [part.similarity for part in parts if part.similarity is not None]
    return Predictions(
        np.concatenate([part.p_success for part in parts]),
        np.concatenate([part.p_label for part in parts]),
        np.concatenate([part.features for part in parts]),
        np.concatenate(near) if near else None,
    )


class Graph:
    """An ONNX session over one thread: a decision is too short to share out.

    Parameters
    ----------
    content
        Bytes of ``router.onnx``.

    Raises
    ------
    BundleCorruptError
        When onnxruntime cannot open it, or it has not the outputs of a router.
    """

    def __init__(self, content: bytes) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except _ORT_ERRORS as error:
            raise BundleCorruptError(f"onnxruntime {ort.__version__} cannot open the graph: {error}") from error
        found = [output.name for output in session.get_outputs()]
        if set(found) not in (set(OUTPUTS), set(GUARDED_OUTPUTS)):
            raise BundleCorruptError(f"the graph has the outputs {found!r}, a router has {list(GUARDED_OUTPUTS)!r}")
        self._outputs = list(GUARDED_OUTPUTS if "similarity" in found else OUTPUTS)
        self._decides = [name for name in self._outputs if name != "features"]
        self._session = session
        # Its own `run` first looks through the names and types of the inputs, in Python, which takes 6 us, a twentieth
        # of a decision. What it wraps refuses a wrong input as well.
        self._run = getattr(session, "_sess", session).run

    @property
    def has_similarity(self) -> bool:
        """Whether it says how near a prompt is to the training prompts."""
        return "similarity" in self._outputs

    def predict_one(self, text: str) -> Row:
        """Run the graph on one sanitised text, without a look at its features."""
        batch = np.empty(1, dtype=object)
        batch[0] = text
        p_success, p_label, *near = self._run(self._decides, {"prompt": batch}, None)
        return p_success.tolist()[0], p_label.tolist()[0], near[0].tolist()[0] if near else None

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Run the graph on sanitised texts; an empty list gives empty arrays."""
        if not texts:
            # The tokenizer cannot take an empty batch: run one prompt to learn the shapes.
            one = self.predict([""])
            near = None if one.similarity is None else one.similarity[:0]
            return Predictions(one.p_success[:0], one.p_label[:0], one.features[:0], near)
        batch = np.empty(len(texts), dtype=object)
        batch[:] = texts
        return Predictions(*self._run(self._outputs, {"prompt": batch}, None))
