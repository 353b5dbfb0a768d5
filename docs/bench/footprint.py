"""Cold start, memory and size: fresh processes, the router's and the floor's in turns, and medians of them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.floor import floor_graph

_SCRIPT = Path(__file__).parent / "first_decision.py"


def footprint(bundle: Path, texts: Sequence[str], rounds: int = 9) -> dict[str, Any]:
    """Measure what the router needs and what the floor needs; files are in the page cache, as after a restart.

    Parameters
    ----------
    texts
        Prompts that are decided before memory is read again.

    Returns
    -------
    dict
        ``router`` and ``floor``: seconds to the first decision, those of imports beyond numpy and onnxruntime,
        and resident megabytes after it and after all prompts; ``ratio`` of each; ``bundle_mb`` and ``onnx_mb``.
    """
    with tempfile.TemporaryDirectory() as name:
        graph, prompts = Path(name, "floor.onnx"), Path(name, "prompts.json")
        graph.write_bytes(floor_graph())
        prompts.write_text(json.dumps(list(texts)))
        took = [(_fresh(bundle, prompts), _fresh(graph, prompts)) for _ in range(rounds + 1)][1:]
    router, floor = (_medians(side) for side in zip(*took, strict=True))
    return {
        "router": router,
        "floor": floor,
        "ratio": {key: round(router[key] / floor[key], 3) for key in ("first_s", "first_mb", "warm_mb")},
        "bundle_mb": round(sum(path.stat().st_size for path in bundle.iterdir()) / 1e6, 3),
        "onnx_mb": round((bundle / "router.onnx").stat().st_size / 1e6, 3),
    }


def _medians(found: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(one[key] for one in found), 4) for key in found[0]}


def _fresh(what: Path, prompts: Path) -> dict[str, float]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, str(_SCRIPT), str(time.monotonic()), str(what), str(prompts)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
