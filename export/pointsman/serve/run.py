"""The process: uvicorn with the application."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import Lifespan

from pointsman.dispatch.log import DecisionLog
from pointsman.dispatch.settings import Settings
from pointsman.dispatch.settings_file import read_settings
from pointsman.dispatch.spans import Spans
from pointsman.serve.asgi import app
from pointsman.serve.body import Limits
from pointsman.serve.connection import Connection
from pointsman.serve.errors import ServeError
from pointsman.serve.guard import is_loopback
from pointsman.serve.keys import Keys
from pointsman.serve.metrics import SHARED_VARIABLE

# How the processes that uvicorn starts learn what to serve; no key is in it.
_VARIABLE = "POINTSMAN_SERVE"
# Longer than clients and balancers keep an idle connection (5 to 60 s): whoever closes first must not be the server, or
# a request that is just being sent is lost.
_KEEP_ALIVE_S = 75
_LAST_PORT = 65_535
_MOST_BODY_MB = 1 << 20
# New objects until the youngest are looked through.
_OBJECTS = 20_000


@dataclass(frozen=True, slots=True)
class Serve:
    """What to serve, and where.

    Attributes
    ----------
    router
        Folder of an exported router; a new bundle in it is loaded as it appears.
    catalog
        File with the endpoints.
    host, port
        Where to listen; without keys, only a loopback address.
    keys_env, keys_file
        Environment variable, or file, with the callers' keys.
    settings
        File of settings; see :mod:`pointsman.dispatch.settings_file`.
    shadow
        Whether decisions are only logged, whatever the file says.
    log
        File that gets a line of JSON for each request.
    otel
        Whether each request makes an OpenTelemetry span, with the process's global tracer provider.
    max_body_mb
        Of a request's body.
    grace_s
        Seconds that answers under way have to end when the server is stopped.
    workers
        Processes. They share sessions and metrics; measured speeds and the health of endpoints are of each alone.
    shared
        Folder of what they share.
    """

    router: str
    catalog: str
    host: str = "127.0.0.1"
    port: int = 8000
    keys_env: str | None = None
    keys_file: str | None = None
    settings: str | None = None
    shadow: bool = False
    log: str | None = None
    otel: bool = False
    max_body_mb: float = 32.0
    grace_s: int = 300
    workers: int = 1
    shared: str | None = None

    def keys(self) -> Keys | None:
        """Read the callers' keys; None where none are asked for.

        Raises
        ------
        ServeError
            When they cannot be read, or there are none and the address is not a loopback one.
        """
        if self.keys_env is not None and self.keys_file is not None:
            raise ServeError("keys come from an environment variable or from a file, not from both")
        if self.keys_env is not None:
            return Keys.from_env(self.keys_env)
        if self.keys_file is not None:
            return Keys.from_file(self.keys_file)
        if not is_loopback(self.host):
            raise ServeError(
                f"without keys, the host must be a loopback address, got {self.host!r}; "
                "put keys into an environment variable and name it with --keys-env, or into a file with --keys-file"
            )
        return None

    def app(self) -> Starlette:
        """Make the application."""
        if not 0 < self.max_body_mb < _MOST_BODY_MB:
            raise ServeError(f"max_body_mb is {self.max_body_mb!r}, expected more than 0 and less than {_MOST_BODY_MB}")
        if not 0 <= self.port <= _LAST_PORT:
            raise ServeError(f"port is {self.port!r}, expected 0 to {_LAST_PORT}; 0 takes one that is free")
        keys = self.keys()
        settings, defaults = (Settings(), {}) if self.settings is None else read_settings(self.settings)
        settings = replace(settings, shadow=settings.shadow or self.shadow)
        if self.shared is not None and settings.session_file is None:
            settings = replace(settings, session_file=str(Path(self.shared, "sessions.sqlite")))
        log = [] if self.log is None else [DecisionLog(self.log)]
        limits = Limits(body_bytes=int(self.max_body_mb * (1 << 20)))
        return app(
            self.router,
            self.catalog,
            settings=settings,
            keys=keys,
            local=keys is None,
            limits=limits,
            on_record=log,
            spans=Spans() if self.otel else None,
            **defaults,
        )


def run(serve: Serve) -> None:
    """Serve until stopped; answers under way then end first.

    Raises
    ------
    ServeError, CatalogError, SettingsError, BundleError
        Before it listens, when something does not fit.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    # Made here for several workers as well, so that what does not fit is told once.
    made = serve.app()
    _settle()
    if serve.workers == 1:
        _run(serve, made)
        return
    with tempfile.TemporaryDirectory(prefix="pointsman-", dir=_memory(), ignore_cleanup_errors=True) as shared:
        os.environ[_VARIABLE] = json.dumps(asdict(replace(serve, shared=shared)))
        os.environ.setdefault(SHARED_VARIABLE, shared)
        _run(serve, "pointsman.serve.run:worker")


def _run(serve: Serve, served: Starlette | str) -> None:
    uvicorn.run(
        served,
        factory=isinstance(served, str),
        workers=serve.workers,
        host=serve.host,
        port=serve.port,
        http=Connection,
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=serve.grace_s,
        timeout_keep_alive=_KEEP_ALIVE_S,
    )


def _memory() -> str | None:
    """Return where files lie in memory, if there is such a place and no other is asked for.

    Metrics are counted in mapped files, and on a full disk a process dies that writes to a new page of one.
    """
    return "/dev/shm" if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) else None


def worker() -> Starlette:
    """Make the application of one of several processes."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    serve = Serve(**json.loads(os.environ[_VARIABLE]))
    made = serve.app()
    _settle()
    parent = multiprocessing.parent_process()
    if parent is not None and serve.shared is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        made.router.lifespan_context = _tidied(made.router.lifespan_context, parent, Path(serve.shared))
    return made


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """Stop when the process that started this one was killed, which then could not stop it.

    Left alone, workers would hold the port, and answer with what they were started with.
    """
    parent.join()
    logging.getLogger(__name__).error("the process that started this worker is gone, so it stops as well")
    os.kill(os.getpid(), signal.SIGTERM)


def _tidied(lifespan: Lifespan[Starlette], parent: multiprocessing.process.BaseProcess, shared: Path) -> Any:
    """Let the last worker remove what workers share, where the process that made it is gone."""

    @contextlib.asynccontextmanager
    async def tidied(app: Starlette) -> AsyncIterator[Any]:
        mark = shared / f"worker-{os.getpid()}"
        mark.touch()
        async with lifespan(app) as state:
            yield state
        mark.unlink(missing_ok=True)
        if not parent.is_alive() and not list(shared.glob("worker-*")):
            shutil.rmtree(shared, ignore_errors=True)

    return tidied


def _settle() -> None:
    """Leave what was made so far out of garbage collections, each of which holds up all requests under way.

    A request makes some thousand objects and next to no cycles, so that collections may also be rarer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS, 20, 20)
