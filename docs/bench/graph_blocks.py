"""Where a decision's time goes, by block of the graph: onnxruntime's profile, summed by the blocks that nodes name."""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from bench.timing import in_turns, quantile
from pointsman.text import text_of

# What onnxruntime puts in by itself has no block's name.
OTHER = "other"
CALL = "call and decision"
# So ends what onnxruntime calls the run of a node.
_KERNEL = "_kernel_time"


def blocks(onnx: Path, route: Callable[[str], object], texts: Sequence[str], runs: int) -> dict[str, float]:
    """Median microseconds of each block in one decision, largest first: the sum of the medians of its nodes.

    ``call and decision`` is what a decision takes beside the graph, in processor time. What passes between nodes is
    left out, since under the profiler most of it is the profiler's own.
    """
    clean = [text_of(text) for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        session, plain = _session(onnx, f"{folder}/profile"), _session(onnx)
        calls = {"graph": lambda pair: _run(plain, pair[1]), "route": lambda pair: route(pair[0])}
        took = in_turns(calls, list(zip(texts, clean, strict=True)), runs, clock=time.thread_time_ns)
        for i in range(runs):
            _run(session, clean[i % len(clean)])
        events = json.loads(Path(session.end_profiling()).read_text())
    found = _by_block(events)
    found[CALL] = (quantile(took["route"], 0.5) - quantile(took["graph"], 0.5)) / 1_000
    return {name: round(us, 2) for name, us in sorted(found.items(), key=lambda one: -one[1])}


def _session(onnx: Path, profile: str = "") -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_profiling = bool(profile)
    options.profile_file_prefix = profile
    return ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])


def _run(session: ort.InferenceSession, text: str) -> None:
    session.run(None, {"prompt": np.array([text, None], dtype=object)[:1]})


def _by_block(events: Sequence[dict[str, Any]]) -> dict[str, float]:
    durations: dict[str, list[float]] = defaultdict(list)
    for event in events:
        durations[event["name"]].append(event.get("dur", 0))
    spent: dict[str, float] = defaultdict(float)
    for name, took in durations.items():
        if name.endswith(_KERNEL):
            block, found, _ = name.removesuffix(_KERNEL).partition("/")
            spent[block if found else OTHER] += quantile(took, 0.5)
    return spent
