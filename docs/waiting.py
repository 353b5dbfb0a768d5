"""Waiting for the processes that a benchmark starts."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable


def listens(port: int) -> bool:
    """Whether a port of this machine takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something to become true; the script ends where it does not in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit("not in time")
        time.sleep(0.05)
