"""In-process dispatch for any OpenAI client: ``OpenAI(http_client=pointsman.http_client(router, catalog))``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from pointsman.dispatch import answers
from pointsman.dispatch.answers import Answer
from pointsman.dispatch.api import Api
from pointsman.dispatch.catalog import Catalog
from pointsman.dispatch.core import Dispatcher
from pointsman.dispatch.drive import dispatch, dispatch_async
from pointsman.dispatch.errors import CatalogError
from pointsman.dispatch.log import DecisionLog
from pointsman.dispatch.record import Record
from pointsman.dispatch.settings import Settings
from pointsman.dispatch.spans import Spans
from pointsman.dispatch.upstream import plain_headers
from pointsman.router import Router

CATALOG_VARIABLE = "POINTSMAN_CATALOG"

# Never asked: the host of a request's address does not count, only the end of its path.
_BASE_URL = "http://pointsman.invalid/v1"
# As many at once as callers have; an idle connection is kept for a while.
LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=100)


class RoutingTransport(httpx2.BaseTransport):
    """Answers requests of OpenAI clients by routing them.

    Parameters
    ----------
    core
        Decides; it may be shared with other transports.
    upstream
        To the endpoints, as with a proxy or certificates of your own; None makes one. It is closed with this one.
    """

    def __init__(self, core: Dispatcher, upstream: httpx2.BaseTransport | None = None) -> None:
        self.core = core
        self._upstream = upstream or httpx2.HTTPTransport(limits=LIMITS)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Route ``chat/completions`` and ``responses``, list ``models``, and refuse all else."""
        api = _api_of(request)
        if api is None:
            return _response(_listing(self.core, request))
        headers, read_s = plain_headers(request.headers), _read_s(request)
        return _response(dispatch(self.core, self._upstream, api, request.read(), headers, read_s))

    def close(self) -> None:
        """Close the connections."""
        self._upstream.close()


class AsyncRoutingTransport(httpx2.AsyncBaseTransport):
    """The same for an event loop; a decision takes a millisecond or so, in which the loop does nothing else.

    Bodies of more than 256 KB are decided in a thread, which may then call the core's listeners.
    """

    def __init__(self, core: Dispatcher, upstream: httpx2.AsyncBaseTransport | None = None) -> None:
        self.core = core
        self._upstream = upstream or httpx2.AsyncHTTPTransport(limits=LIMITS)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Route ``chat/completions`` and ``responses``, list ``models``, and refuse all else."""
        api = _api_of(request)
        if api is None:
            return _response(_listing(self.core, request))
        headers, read_s = plain_headers(request.headers), _read_s(request)
        return _response(await dispatch_async(self.core, self._upstream, api, await request.aread(), headers, read_s))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


def http_client(
    router: Router | str | Path,
    catalog: Catalog | str | Path | None = None,
    *,
    settings: Settings | None = None,
    log: str | Path | None = None,
    on_record: Sequence[Callable[[Record], object]] = (),
    upstream: httpx2.BaseTransport | None = None,
    spans: Spans | None = None,
    rng: np.random.Generator | None = None,
    **defaults: Any,
) -> httpx2.Client:
    """Make an HTTP client that routes, for ``OpenAI(http_client=...)``.

    Parameters
    ----------
    router
        Or the folder of one.
    catalog
        Or its file; None reads the file that the environment variable ``POINTSMAN_CATALOG`` names.
    settings
        How to decide and dispatch.
    log
        File that gets a line of JSON for each request.
    on_record
        Called with each record as well; must not raise.
    upstream
        Transport to the endpoints; None makes one.
    spans
        Makes an OpenTelemetry span for each request: ``pointsman.Spans()``; None makes none.
    rng
        For exploration and the waits between tries.
    **defaults
        Routing fields of every request that does not have its own: ``models``, ``exclude``, ``provider``,
        ``operating_point``, ``cost_quality``, ``min_success``, ``session_id``, ``on_boundary``.

    Raises
    ------
    CatalogError, SettingsError, BodyError, BundleError
        When the router, the catalog and the settings do not fit together, or a key is not in the environment.

    Notes
    -----
    ``response.model`` is what the upstream calls the model that answered; the header ``x-pointsman-model`` is what the
    catalog calls it. The key that the OpenAI client is given is not used and goes nowhere.
    """
    core = _core(router, catalog, settings, log, on_record, spans, rng, defaults)
    timeout = httpx2.Timeout(core.settings.retries.deadline_s)
    return httpx2.Client(transport=RoutingTransport(core, upstream), base_url=_BASE_URL, timeout=timeout)


def async_http_client(
    router: Router | str | Path,
    catalog: Catalog | str | Path | None = None,
    *,
    settings: Settings | None = None,
    log: str | Path | None = None,
    on_record: Sequence[Callable[[Record], object]] = (),
    upstream: httpx2.AsyncBaseTransport | None = None,
    spans: Spans | None = None,
    rng: np.random.Generator | None = None,
    **defaults: Any,
) -> httpx2.AsyncClient:
    """Make an HTTP client that routes, for ``AsyncOpenAI(http_client=...)``; see :func:`http_client`."""
    core = _core(router, catalog, settings, log, on_record, spans, rng, defaults)
    timeout = httpx2.Timeout(core.settings.retries.deadline_s)
    return httpx2.AsyncClient(transport=AsyncRoutingTransport(core, upstream), base_url=_BASE_URL, timeout=timeout)


def _core(
    router: Router | str | Path,
    catalog: Catalog | str | Path | None,
    settings: Settings | None,
    log: str | Path | None,
    on_record: Sequence[Callable[[Record], object]],
    spans: Spans | None,
    rng: np.random.Generator | None,
    defaults: dict[str, Any],
) -> Dispatcher:
    catalog = os.environ.get(CATALOG_VARIABLE) if catalog is None else catalog
    if not catalog:
        raise CatalogError(f"no catalog: give catalog=..., or set {CATALOG_VARIABLE} to the file with your endpoints")
    read = catalog if isinstance(catalog, Catalog) else Catalog.read(catalog)
    loaded = router if isinstance(router, Router) else Router.load(router)
    listeners: list[Callable[[Record], object]] = [*on_record, *([] if log is None else [DecisionLog(log)])]
    return Dispatcher(loaded, read, settings, defaults=defaults, on_record=listeners, spans=spans, rng=rng)


def _api_of(request: httpx2.Request) -> Api | None:
    return Api.of_path(request.url.path) if request.method == "POST" else None


def _read_s(request: httpx2.Request) -> float | None:
    timeouts = request.extensions.get("timeout")
    read = timeouts.get("read") if isinstance(timeouts, dict) else None
    return read if isinstance(read, int | float) and read > 0 else None


def _listing(core: Dispatcher, request: httpx2.Request) -> Answer:
    path = request.url.path.rstrip("/")
    if request.method == "GET" and path.endswith("/models"):
        return answers.models(core.router.manifest, core.catalog)
    if request.method == "GET" and "/models/" in path:
        return answers.one_model(path.split("/models/", 1)[1], core.router.manifest, core.catalog)
    return answers.no_such_path(request.method, path)


def _response(answer: Answer) -> httpx2.Response:
    answer.finish()
    headers = list(answer.headers)
    if answer.stream is not None:
        return httpx2.Response(answer.status, headers=headers, stream=answer.stream)
    return httpx2.Response(answer.status, headers=headers, content=answer.body or b"")
