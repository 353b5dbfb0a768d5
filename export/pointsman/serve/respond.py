"""An answer on its way to a caller, who may go away at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio
import httpx2
from starlette.types import Receive, Scope, Send

from pointsman.dispatch.answers import Answer

# The server writes its own.
_DROPPED = frozenset({"date"})


async def while_connected(receive: Receive, work: Callable[[], Awaitable[None]]) -> None:
    """Do work that is cancelled when the caller goes away; its body must have been read."""
    with anyio.CancelScope() as scope:
        # Not a task group: that costs each request another turn of the event loop when the work is done.
        watching = asyncio.get_running_loop().create_task(_watch(receive, scope))
        try:
            await work()
        finally:
            watching.cancel()


async def _watch(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def send_answer(send: Send, answer: Answer, send_s: float) -> None:
    """Send an answer, a stream piece by piece as it comes.

    Parameters
    ----------
    send_s
        Seconds that the caller may leave a piece unread.
    """
    if answer.stream is None:
        await send_whole(send, answer)
        return
    try:
        await _send_stream(send, answer, send_s)
    except (httpx2.TransportError, TimeoutError):
        # The headers are gone. To end without the last piece is how HTTP says that an answer is not whole.
        return
    finally:
        with anyio.CancelScope(shield=True):
            await answer.stream.aclose()


async def send_whole(send: Send, answer: Answer) -> None:
    """Send an answer that is no stream."""
    body = answer.body or b""
    if all(name != "content-length" for name, _ in answer.headers):
        # Else it would be sent in chunks, which a caller of HTTP/1.0 cannot read.
        answer = replace(answer, headers=(*answer.headers, ("content-length", str(len(body)))))
    await send(_start(answer))
    await send({"type": "http.response.body", "body": body})


async def _send_stream(send: Send, answer: Answer, send_s: float) -> None:
    await send(_start(answer))
    async for chunk in answer.stream:
        with anyio.fail_after(send_s):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _start(answer: Answer) -> dict[str, object]:
    headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers if n not in _DROPPED]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def path_of(scope: Scope) -> str:
    """Return the path below the place where the application is mounted.

    Examples
    --------
    >>> path_of({"path": "/llm/v1/models", "root_path": "/llm"})
    '/v1/models'
    """
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
