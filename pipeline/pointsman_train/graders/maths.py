"""Equality of mathematical expressions (LaTeX, fractions), by ``math-verify`` in a process of its own.

``math-verify`` keeps time by signals, which work on a process's main thread alone, and its authors leave other threads
to keep time themselves. The worker is such a main thread; this side also ends it when a comparison takes too long,
which no signal does within one long multiplication.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from pointsman_train.errors import GraderError

START_SECONDS = 120.0
_ROOT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from pointsman_train.graders.math_worker import main; main()"


@dataclass(slots=True, weakref_slot=True)
class MathWorker:
    r"""One process that compares expressions, started when first needed. Threads take turns.

    It ends with :meth:`close`, with this object, or with the interpreter.

    Examples
    --------
    >>> with contextlib.closing(MathWorker()) as worker:
    ...     worker.same(r"$\frac{2}{4}$", "1/2", seconds=30)
    True
    """

    _process: subprocess.Popen[str] | None = None
    _stop: Callable[[], object] | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def same(self, answer: str, reference: str, seconds: float) -> bool | None:
        """Tell whether two expressions are equal; None where the reference is none.

        Raises
        ------
        GraderError
            Where that takes longer than ``seconds``, too much memory, or the worker dies.
        """
        with self._turn:
            if self._process is None or self._process.poll() is not None:
                self._end()
                self._process = _start()
                self._stop = weakref.finalize(self, _stop, self._process)
                self._hear(START_SECONDS)
            with contextlib.suppress(BrokenPipeError):
                stdin = cast(IO[str], self._process.stdin)
                stdin.write(json.dumps({"answer": answer, "reference": reference}) + "\n")
                stdin.flush()
            reply = self._hear(seconds)
        if "why" in reply:
            raise GraderError(f"the comparison failed: {reply['why']}")
        return cast("bool | None", reply["same"])

    def _hear(self, seconds: float) -> dict[str, object]:
        stdout = cast(IO[str], cast("subprocess.Popen[str]", self._process).stdout).fileno()
        heard, deadline = b"", time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while not heard.endswith(b"\n"):
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                chunk = os.read(stdout, 4096) if ready else b""
                if not chunk:
                    self._end()
                    raise GraderError("the math worker died" if ready else f"the comparison took over {seconds:g} s")
                heard += chunk
        reply: dict[str, object] = json.loads(heard)
        return reply

    def _end(self) -> None:
        if self._stop is not None:
            self._stop()
        self._process = self._stop = None

    def close(self) -> None:
        """End the process; the next comparison starts another."""
        with self._turn:
            self._end()


def _start() -> subprocess.Popen[str]:
    # An empty environment: a worker that reads what models wrote has no business with keys.
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _START, _ROOT], env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
    )  # fmt: skip


def _stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    # Leaving its context waits for it and closes its pipes; a broken pipe has nothing left to flush.
    with contextlib.suppress(BrokenPipeError), process:
        pass
