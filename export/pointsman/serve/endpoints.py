"""The server's paths, each an ASGI application."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx2
from starlette.types import Receive, Scope, Send

from pointsman.dispatch import answers
from pointsman.dispatch.answers import Answer
from pointsman.dispatch.api import Api
from pointsman.dispatch.core import Dispatcher
from pointsman.dispatch.drive import aside, dispatch_async
from pointsman.dispatch.plan import Plan
from pointsman.dispatch.splice import Body
from pointsman.errors import RoutingError
from pointsman.serve.body import Gone, Limits, read_body
from pointsman.serve.metrics import CONTENT_TYPE, Metrics
from pointsman.serve.respond import send_answer, send_whole, while_connected


class Measured(Dispatcher):
    """A dispatcher that tells how long its decisions take."""

    metrics: Metrics

    def plan(self, api: Api, raw: bytes, headers: Iterable[tuple[str, str]] = (), *, dry: bool = False) -> Plan:
        """Decide a request; see :meth:`Dispatcher.plan`."""
        started = time.perf_counter()
        try:
            return super().plan(api, raw, headers, dry=dry)
        finally:
            self.metrics.decided(time.perf_counter() - started)


@dataclass(frozen=True, slots=True)
class Served:
    """What the paths share.

    Attributes
    ----------
    core, upstream
        Decides, and sends.
    limits
        See :class:`Limits`.
    """

    core: Measured
    upstream: httpx2.AsyncBaseTransport
    limits: Limits


class Dispatch:
    """``chat/completions`` or ``responses``: routed, sent and answered until the caller goes away."""

    def __init__(self, served: Served, api: Api) -> None:
        self._served, self._api = served, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        served = self._served
        raw = await _body(served, scope, receive, send)
        if raw is None:
            return

        async def work() -> None:
            headers = _headers(scope)
            answer = await dispatch_async(served.core, served.upstream, self._api, raw, headers, _patience(headers))
            try:
                await send_answer(send, answer, served.limits.send_s)
            finally:
                answer.finish()

        await while_connected(receive, work)


class Decide:
    """``route``: the decision alone. A body with ``input`` and no ``messages`` is of the Responses API."""

    def __init__(self, served: Served) -> None:
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        raw = await _body(self._served, scope, receive, send)
        if raw is None:
            return
        answer = await aside(raw, lambda: _decided(self._served.core, raw))
        await send_whole(send, answer)


class Tell:
    """A path that is only read: ``make`` gets the parameters of the path."""

    def __init__(self, make: Callable[[dict[str, str]], Answer]) -> None:
        self._make = make

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a request."""
        return send_whole(send, self._make(scope["path_params"]))


def readable(core: Measured) -> dict[str, Tell]:
    """Return the paths that are only read."""
    return {
        "/v1/models": Tell(lambda path: answers.models(core.router.manifest, core.catalog)),
        "/v1/models/{name:path}": Tell(
            lambda path: answers.one_model(path["name"], core.router.manifest, core.catalog)
        ),
        "/healthz": Tell(lambda path: json_answer({"status": "ok", "router": core.router.name})),
        "/metrics": Tell(lambda path: Answer(200, (("content-type", CONTENT_TYPE),), core.metrics.text())),
    }


def json_answer(content: Any) -> Answer:
    """Make an answer of status 200."""
    return Answer(200, (("content-type", "application/json"),), json.dumps(content).encode())


async def _body(served: Served, scope: Scope, receive: Receive, send: Send) -> bytes | None:
    """Read the body; None where there is nothing left to do."""
    try:
        read = await read_body(scope, receive, served.limits)
    except Gone:
        return None
    if isinstance(read, bytes):
        return read
    await send_whole(send, read)
    return None


def _patience(headers: Sequence[tuple[str, str]]) -> float | None:
    """Seconds that the caller waits for a byte, as the official clients say it; None where it does not say."""
    told = next((value for name, value in headers if name == "x-stainless-read-timeout"), "")
    try:
        seconds = float(told)
    except ValueError:
        return None
    return seconds if 0 < seconds < math.inf else None


def _headers(scope: Scope) -> list[tuple[str, str]]:
    # What is not plain ASCII cannot be sent on, and nobody upstream waits for it.
    return [(name.decode("latin-1"), value.decode()) for name, value in scope["headers"] if value.isascii()]


def _decided(core: Measured, raw: bytes) -> Answer:
    try:
        values = Body.parse(raw).values
        api = Api.RESPONSES if "input" in values and "messages" not in values else Api.CHAT
        return json_answer(_decision(core.plan(api, raw, dry=True)))
    except RoutingError as problem:
        return answers.refusal(problem)


def _decision(plan: Plan) -> dict[str, Any]:
    decided = plan.decided
    return {
        "model": plan.model,
        "reason": decided.reason,
        "requested": plan.asked.requested,
        "ranking": list(decided.ranking),
        "endpoints": [endpoint.id for group in plan.groups for endpoint in group],
        "choice": None if decided.choice is None else asdict(decided.choice),
        "excluded": dict(decided.pool.excluded),
        "router": plan.router,
        "router_sha256": plan.router_sha256,
    }
