"""Starts a sandboxed process, watches it, and ends it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from pointsman_train.graders.sandbox.limits import LAYERS, Limits

MOST_BYTES = 4 << 20
"""What a process may report; one that says more is ended."""

START_SECONDS = 60.0
"""For the sandbox to stand; a busy machine takes long to start an interpreter."""

_ROOT = str(Path(__file__).resolve().parents[3])
_START = "import sys; sys.path.insert(0, sys.argv[2]); from pointsman_train.graders.sandbox.child import main; "
_START += "main(int(sys.argv[1]), sys.argv[2])"


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run.

    Attributes
    ----------
    outcome
        What the harness says, see :func:`~pointsman_train.graders.sandbox.harness.outcome`; None where the sandbox
        did not stand and nothing was run.
    reason
        Why there is no outcome, or why the run failed; "" where it came to its end.
    held
        The layers that held.
    """

    outcome: Mapping[str, Any] | None
    reason: str = ""
    held: tuple[str, ...] = field(default=())


def run(job: Mapping[str, Any], limits: Limits, layers: Collection[str] = LAYERS) -> Report:
    """Do a job in a sandboxed process. Never raises for what the process does.

    Parameters
    ----------
    job
        See :func:`~pointsman_train.graders.sandbox.harness.outcome`.
    limits
        What the process may use.
    layers
        Which layers to try. Where those that hold are not enough nothing is run.
    """
    if sys.platform != "linux":
        return Report(None, f"sandbox unavailable: it needs Linux, this is {sys.platform!r}")
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="pointsman-", ignore_cleanup_errors=True) as folder:
        setting = {"folder": folder, "limits": asdict(limits), "layers": [*layers]}
        text = json.dumps({**job, "token": token, "sandbox": setting})
        return _watch(text, folder, limits, token)


def _watch(text: str, folder: str, limits: Limits, token: str) -> Report:
    reading, writing = os.pipe()
    command = [sys.executable, "-I", "-c", _START, str(writing), _ROOT]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with open(reading, "rb", buffering=0) as report:
        try:
            # A session of its own, an empty environment, and nothing open but the report.
            process = subprocess.Popen(
                command, env={}, cwd=folder, stdin=pipe, stdout=nothing, stderr=pipe, text=True, encoding="utf-8",
                errors="replace", pass_fds=(writing,), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return Report(None, f"sandbox unavailable: no process can be started: {error}")
        finally:
            os.close(writing)
        try:
            said, ended = _listen(process, text, report.fileno(), limits)
        finally:
            _end(process)
        with cast(IO[str], process.stderr) as stderr:
            trace = stderr.read()
    return _read(said, ended, trace, process.returncode, limits, token)


def _end(process: subprocess.Popen[str]) -> None:
    # Only where it was not yet waited for: its number cannot be another's then.
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _listen(process: subprocess.Popen[str], text: str, report: int, limits: Limits) -> tuple[bytes, str]:
    """Return what the process says, and why it was cut short, "" where it was not."""
    with contextlib.suppress(BrokenPipeError), cast(IO[str], process.stdin) as stdin:
        stdin.write(text)
    said, deadline, stands = b"", time.monotonic() + START_SECONDS, False
    with selectors.DefaultSelector() as selector:
        selector.register(report, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(report, 65536)
            if not chunk:
                return said, _closed(process)
            said += chunk
            if len(said) > MOST_BYTES:
                return said[:MOST_BYTES], f"reported more than {MOST_BYTES} bytes"
            if not stands and b"\n" in said:
                stands, deadline = True, time.monotonic() + limits.wall_seconds
    return said, f"ran longer than {limits.wall_seconds:g} s"


def _closed(process: subprocess.Popen[str]) -> str:
    # The report closes a moment before the process is gone, and with it the way in which it ended.
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return "closed its report before its tests were over"
    return ""


def _read(said: bytes, ended: str, trace: str, code: int, limits: Limits, token: str) -> Report:
    first, _, rest = said.partition(b"\n")
    head = _parse(first)
    if "held" not in head:
        why = head.get("unavailable") or (trace.strip().splitlines() or [f"it ended with code {code}"])[-1]
        return Report(None, f"sandbox unavailable: {why}")
    held = tuple(head["held"])
    for line in rest.splitlines():
        outcome = _parse(line)
        if not ended and outcome.get("token") == token:
            return Report(outcome, str(outcome.get("failed", "")), held)
    why = ended or _death(code, limits)
    return Report({"failed": why}, why, held)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _death(code: int, limits: Limits) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"used more than {limits.cpu_seconds:g} s of processor time, or was killed"
    how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
    return f"ended {how} before its tests were over"
