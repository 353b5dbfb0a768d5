"""A new bundle in the folder, or SIGHUP, replaces the router; requests under way go on as they were decided."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import anyio

from pointsman.bundle import ONNX_FILE
from pointsman.dispatch.core import Dispatcher
from pointsman.errors import PointsmanError
from pointsman.manifest import MANIFEST_FILE
from pointsman.router import Router

_logger = logging.getLogger(__name__)

_INTERVAL_S = 1.0
_FILES = (MANIFEST_FILE, ONNX_FILE)

State: TypeAlias = tuple[tuple[int, int, int] | None, ...]


async def watch(folder: Path, core: Dispatcher, seen: State, interval_s: float = _INTERVAL_S) -> None:
    """Look after a folder until cancelled.

    A bundle that cannot be loaded, or does not fit the catalog, is logged as an error and looked at again when it
    changes; the old router stays.

    Parameters
    ----------
    seen
        From :func:`state_of`, before the router was loaded: a bundle that came since is then noticed.
    """
    asked = asyncio.Event()
    with _on_hangup(asked):
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), interval_s)
            now = state_of(folder)
            if now != seen or asked.is_set():
                asked.clear()
                seen = now
                await _reload(folder, core)


async def _reload(folder: Path, core: Dispatcher) -> None:
    try:
        # In a thread: to load a router takes longer than a request may wait.
        core.replace_router(await anyio.to_thread.run_sync(Router.load, folder))
    except (PointsmanError, OSError, ValueError) as error:
        _logger.error("the router in %s is not used, %s stays: %s", folder, core.router.name, error)
    else:
        _logger.info("%s decides from now on", core.router.name)


def state_of(folder: Path) -> State:
    """Tell versions of a bundle apart by its files' times, sizes and inodes."""
    return tuple(_file_state(folder / name) for name in _FILES)


def _file_state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@contextlib.contextmanager
def _on_hangup(asked: asyncio.Event) -> Iterator[None]:
    # Only the main thread may, some systems have no such signal, and a host's own handler is the host's.
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        yield
        return
    before = signal.getsignal(signal.SIGHUP)
    if before not in (signal.SIG_DFL, signal.SIG_IGN):
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        # nohup has it ignored.
        signal.signal(signal.SIGHUP, before)
