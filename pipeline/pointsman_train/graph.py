"""A small builder for ONNX graphs, so that a block of the router reads as the formula that it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# onnxruntime 1.32 runs these; ai.onnx.ml 5 brings TreeEnsemble with double thresholds.
OPSETS: Mapping[str, int] = {"": 21, "ai.onnx.ml": 5, "com.microsoft": 1}
IR_VERSION = 10

ML = "ai.onnx.ml"
MICROSOFT = "com.microsoft"

STRING = TensorProto.STRING
FLOAT = TensorProto.FLOAT
DOUBLE = TensorProto.DOUBLE
INT64 = TensorProto.INT64


class GraphBuilder:
    """Collects nodes and constants; every ``add`` returns the name of its output.

    Examples
    --------
    >>> g = GraphBuilder()
    >>> total = g.add("Add", "x", g.const(np.array([1.0], np.float32)))
    >>> g.alias(total, "y")
    >>> model = g.model({"x": (FLOAT, ["N"])}, {"y": (FLOAT, ["N"])})
    >>> [node.op_type for node in model.graph.node]
    ['Add', 'Identity']
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._initializers: list[onnx.TensorProto] = []

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Append a node with one output and return that output's name."""
        return self.add_many(op, *inputs, outputs=1, domain=domain, **attributes)[0]

    def add_many(self, op: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any) -> list[str]:
        """Append a node with several outputs and return their names."""
        names = [f"{op}_{len(self._nodes)}_{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(op, list(inputs), names, domain=domain, **attributes))
        return names

    def alias(self, name: str, output: str) -> None:
        """Give a result the fixed name of a graph output."""
        self._nodes.append(helper.make_node("Identity", [name], [output]))

    def const(self, value: np.ndarray[Any, Any] | Sequence[str]) -> str:
        """Add a constant and return its name; equal constants are stored once."""
        array = np.asarray(value)
        if array.dtype.kind in "US":
            array = array.astype(object)
        content = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
        key = (array.dtype.str, array.shape, content)
        if key not in self._constants:
            self._constants[key] = f"const_{len(self._constants)}"
            self._initializers.append(numpy_helper.from_array(array, self._constants[key]))
        return self._constants[key]

    def ints(self, *values: int) -> str:
        """Add a one-dimensional int64 constant, as most shape operators want."""
        return self.const(np.array(values, np.int64))

    def flatten(self, name: str) -> str:
        """Keep the first axis and join the rest: [N, a, b] to [N, a * b]."""
        return self.add("Reshape", name, self.ints(0, -1))

    def model(
        self,
        inputs: Mapping[str, tuple[int, Sequence[str | int]]],
        outputs: Mapping[str, tuple[int, Sequence[str | int]]],
        metadata: Mapping[str, str] | None = None,
    ) -> onnx.ModelProto:
        """Close the graph.

        Parameters
        ----------
        inputs, outputs
            Element type and shape by name; a string in a shape is a free dimension.
        metadata
            Written into the file as ``metadata_props``.
        """
        graph = helper.make_graph(
            self._nodes,
            "pointsman",
            [helper.make_tensor_value_info(n, t, s) for n, (t, s) in inputs.items()],
            [helper.make_tensor_value_info(n, t, s) for n, (t, s) in outputs.items()],
            self._initializers,
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="pointsman")
        helper.set_model_props(model, dict(metadata or {}))
        return model
