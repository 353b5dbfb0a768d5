"""The application, for uvicorn or as a part of your own.

::

    part = pointsman.serve.app("export/routers/pointsman/1", "catalog.toml")
    app = Starlette(routes=[Mount("/llm", part)], lifespan=lambda whole: part.router.lifespan_context(part))

Without its lifespan it answers as well, but does not look for a new bundle and leaves connections to the collector.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pointsman.dispatch import answers
from pointsman.dispatch.answers import Answer
from pointsman.dispatch.api import Api
from pointsman.dispatch.catalog import Catalog
from pointsman.dispatch.record import Record
from pointsman.dispatch.settings import Settings
from pointsman.dispatch.spans import Spans
from pointsman.router import Router
from pointsman.serve.body import Limits
from pointsman.serve.endpoints import Decide, Dispatch, Measured, Served, readable
from pointsman.serve.guard import Guard
from pointsman.serve.keys import Keys
from pointsman.serve.metrics import Metrics
from pointsman.serve.reload import State, state_of, watch
from pointsman.serve.respond import path_of
from pointsman.serve.upstream import AiohttpTransport

_PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/route", "/v1/models", "/healthz", "/metrics")


def app(
    router: Router | str | Path,
    catalog: Catalog | str | Path,
    *,
    settings: Settings | None = None,
    keys: Keys | None = None,
    local: bool = False,
    limits: Limits | None = None,
    on_record: Sequence[Callable[[Record], object]] = (),
    spans: Spans | None = None,
    upstream: httpx2.AsyncBaseTransport | None = None,
    **defaults: Any,
) -> Starlette:
    """Make the ASGI application.

    Parameters
    ----------
    router
        Or the folder of one, which is then watched: a new bundle in it decides from then on, and SIGHUP loads
        it at once, unless the process has a handler of its own for that. Where it is loaded already,
        ``app.state.core.replace_router`` does that.
    catalog
        Or its file.
    settings, on_record, spans, upstream, **defaults
        As for :func:`pointsman.http_client`.
    keys, local
        See :class:`pointsman.serve.guard.Guard`.
    limits
        See :class:`Limits`.

    Raises
    ------
    CatalogError, SettingsError, BodyError, BundleError
        When the router, the catalog and the settings do not fit together.
    """
    metrics = Metrics()
    watched = None if isinstance(router, Router) else _Watched(Path(router), state_of(Path(router)))
    loaded = router if isinstance(router, Router) else Router.load(router)
    read = catalog if isinstance(catalog, Catalog) else Catalog.read(catalog)
    core = Measured(loaded, read, settings, defaults=defaults, on_record=[metrics, *on_record], spans=spans)
    core.metrics = metrics
    served = Served(core, upstream or AiohttpTransport(), limits or Limits())
    made = Starlette(
        routes=_routes(served),
        middleware=[Middleware(_Counted, metrics), Middleware(Guard, keys, local=local)],
        exception_handlers={HTTPException: _refused, Exception: _failed},
        lifespan=_lifespan(served, watched),
    )
    made.router.redirect_slashes = False
    made.state.core = core
    return made


def _routes(served: Served) -> list[Route]:
    posted: dict[str, ASGIApp] = {f"/v1/{api.value}": Dispatch(served, api) for api in Api}
    posted["/v1/route"] = Decide(served)
    return [
        *(Route(path, endpoint, methods=["POST"]) for path, endpoint in posted.items()),
        *(Route(path, endpoint, methods=["GET"]) for path, endpoint in readable(served.core).items()),
    ]


@dataclass(frozen=True, slots=True)
class _Watched:
    """A folder, as it was before its router was loaded."""

    folder: Path
    seen: State


def _lifespan(
    served: Served, watched: _Watched | None
) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            if watched is not None:
                group.start_soon(watch, watched.folder, served.core, watched.seen)
            yield
            group.cancel_scope.cancel()
        await served.upstream.aclose()

    return lifespan


class _Counted:
    """ASGI middleware that counts responses by path and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = path_of(scope)

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.responded(path if path in _PATHS else "other", message["status"])
            await send(message)

        await self.app(scope, receive, counted)


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        message = f"{request.method[:20]} is not a method of {request.url.path[:200]!r}"
        return _response(answers.error(405, message, "method_not_allowed", *(error.headers or {}).items()))
    return _response(answers.no_such_path(request.method[:20], request.url.path))


async def _failed(request: Request, error: Exception) -> Response:
    # What went wrong is for the server's log, not for callers.
    return _response(answers.error(500, "the server failed; its log says why", "internal_error"))


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))
