"""A small builder for ONNX graphs, so that a block of the router reads as the formula that it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

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

_P = ParamSpec("_P")
_Found = TypeVar("_Found")
_Adds: TypeAlias = Callable[Concatenate["GraphBuilder", _P], _Found]


class GraphBuilder:
    """Collects nodes and constants; every ``add`` returns the name of its output.

    Examples
    --------
    >>> g = GraphBuilder()
    >>> total = g.add("Add", "x", g.const(np.array([1.0], np.float32)))
    >>> g.alias(total, "y")
    >>> model = g.model({"x": (FLOAT, ["N"])}, {"y": (FLOAT, ["N"])})
    >>> [(node.op_type, list(node.output)) for node in model.graph.node]
    [('Add', ['y'])]
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._aliases: list[tuple[str, str]] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._initializers: list[onnx.TensorProto] = []
        self._defaults: list[onnx.ValueInfoProto] = []
        self._block = ""

    @contextmanager
    def block(self, name: str) -> Iterator[None]:
        """Begin the names of the nodes that are added inside with this one, so that a profile tells blocks apart."""
        outer, self._block = self._block, f"{name}/"
        try:
            yield
        finally:
            self._block = outer

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Append a node with one output and return that output's name."""
        return self.add_many(op, *inputs, outputs=1, domain=domain, **attributes)[0]

    def add_many(self, op: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any) -> list[str]:
        """Append a node with several outputs and return their names."""
        name = f"{op}_{len(self._nodes)}"
        names = [f"{name}_{i}" for i in range(outputs)]
        node = helper.make_node(op, list(inputs), names, f"{self._block}{name}", domain=domain, **attributes)
        self._nodes.append(node)
        return names

    def alias(self, name: str, output: str) -> None:
        """Give a result the fixed name of a graph output."""
        self._aliases.append((name, output))

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

    def default(self, value: np.ndarray[Any, Any]) -> str:
        """Add a constant that onnxruntime leaves as it is stored, and return its name.

        In the file it is an input with a default value, so nothing is made of it beforehand. Nobody passes it.
        """
        array, name = np.ascontiguousarray(value), f"default_{len(self._defaults)}"
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        self._defaults.append(helper.make_tensor_value_info(name, kind, array.shape))
        self._initializers.append(numpy_helper.from_array(array, name))
        return name

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
        """Close the graph; what no output needs is left out.

        Parameters
        ----------
        inputs, outputs
            Element type and shape by name; a string in a shape is a free dimension.
        metadata
            Written into the file as ``metadata_props``.
        """
        nodes = _needed(self._named(), outputs)
        read = {name for node in nodes for name in node.input}
        graph = helper.make_graph(
            nodes,
            "pointsman",
            [*_infos(inputs), *(default for default in self._defaults if default.name in read)],
            _infos(outputs),
            [constant for constant in self._initializers if constant.name in read],
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="pointsman")
        helper.set_model_props(model, dict(metadata or {}))
        return model

    def _named(self) -> list[onnx.NodeProto]:
        """Rename what is an output; a node of its own is needed only for a second name, and for an input."""
        made = {name for node in self._nodes for name in node.output}
        renamed: dict[str, str] = {}
        others = []
        for name, output in self._aliases:
            if name in made and name not in renamed:
                renamed[name] = output
            else:
                others.append(helper.make_node("Identity", [renamed.get(name, name)], [output]))
        return [*(_renamed(node, renamed) for node in self._nodes), *others]


def _renamed(node: onnx.NodeProto, names: Mapping[str, str]) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    for own in (copy.input, copy.output):
        own[:] = [names.get(name, name) for name in own]
    return copy


def _needed(nodes: Sequence[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """Keep the nodes that these results hang on, in their order; onnxruntime computes the others all the same."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def _infos(values: Mapping[str, tuple[int, Sequence[str | int]]]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in values.items()]


def in_block(name: str) -> Callable[[_Adds[_P, _Found]], _Adds[_P, _Found]]:
    """Decorate a function that adds a block: its nodes bear the block's name; see :meth:`GraphBuilder.block`."""

    def decorate(add: _Adds[_P, _Found]) -> _Adds[_P, _Found]:
        @wraps(add)
        def named(g: GraphBuilder, /, *args: _P.args, **kwargs: _P.kwargs) -> _Found:
            with g.block(name):
                return add(g, *args, **kwargs)

        return named

    return decorate
