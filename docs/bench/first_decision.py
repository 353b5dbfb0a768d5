"""What a fresh process needs to its first decision; run by :mod:`bench.footprint`, which starts the clock.

usage: python first_decision.py STARTED (BUNDLE | GRAPH) PROMPTS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def main(started: float, what: Path, prompts: Path) -> None:
    """Import, load, decide once, then on many prompts; write the figures to the standard output."""
    import numpy
    import onnxruntime

    imported = time.monotonic()
    if what.is_dir():
        from pointsman import Router

        ready = time.monotonic()
        call: Callable[[str], object] = Router.load(what).route
    else:
        ready = time.monotonic()
        session = onnxruntime.InferenceSession(what, providers=["CPUExecutionProvider"])

        call = lambda text: session.run(None, {"prompt": numpy.array([text, None], dtype=object)[:1]})  # noqa: E731

    call("What is 17 * 23?")
    found = {"first_s": time.monotonic() - started, "import_beyond_s": ready - imported, "first_mb": _resident_mb()}
    for text in json.loads(prompts.read_text()):
        call(text)
    sys.stdout.write(json.dumps(found | {"warm_mb": _resident_mb()}))


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
