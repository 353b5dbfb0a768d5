"""What the sandboxed process runs first: shut itself in, then the harness."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from pointsman_train.graders.sandbox.confine import confine
from pointsman_train.graders.sandbox.harness import outcome
from pointsman_train.graders.sandbox.limits import Limits, SandboxUnavailable


def main(report: int, root: str) -> None:
    """Read a job from standard input, do it in the sandbox, and write what came of it.

    Parameters
    ----------
    report
        Descriptor to write to: one line once the sandbox stands or cannot stand, then one with the outcome.
    root
        Entry of ``sys.path`` that this package came from; the answer's code does not need it.
    """
    job = json.load(sys.stdin)
    sys.path.remove(root)
    token, setting = job.pop("token"), job.pop("sandbox")
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        held = confine(setting["folder"], Limits(**setting["limits"]), setting["layers"])
    except (SandboxUnavailable, OSError) as error:
        _say(report, {"unavailable": str(error)})
        return
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    _say(report, {"held": held})
    # The token says that the line is the harness's own and that the tests are over.
    _say(report, {**outcome(job), "token": token})
    os._exit(0)


def _say(report: int, message: Mapping[str, Any]) -> None:
    left = (json.dumps(message) + "\n").encode()
    while left:
        left = left[os.write(report, left) :]
