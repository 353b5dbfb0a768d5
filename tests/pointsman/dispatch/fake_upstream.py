"""A fake OpenAI-compatible upstream on loopback: real sockets, scripted replies, a record of what it saw."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; ``at`` is of ``time.monotonic``."""

    path: str
    headers: dict[str, str]
    raw: bytes
    at: float

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def model(self) -> str:
        return self.body["model"]


@dataclass(frozen=True)
class Reply:
    """What to send: pieces, ``pause`` seconds before each but the first, ``delay`` seconds before anything.

    ``cut`` closes the connection after so many pieces, in the middle of the body; ``hang`` never answers.
    """

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    pause: float = 0.0
    cut: int | None = None
    hang: bool = False


def chat(text: str = "42", model: str = "remote-snapshot", **more: Any) -> Reply:
    message = {"role": "assistant", "content": text} | more
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    content = {"id": "c1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    return Reply((json.dumps(content | {"usage": USAGE}).encode(),))


def response(text: str = "42", response_id: str = "resp_1") -> Reply:
    return Reply((json.dumps(response_object(text, response_id)).encode(),))


def response_object(text: str, response_id: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [part]}
    return {
        "id": response_id, "object": "response", "created_at": 1, "model": "remote-snapshot", "status": "completed",
        "error": None, "output": [message], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14},
    }  # fmt: skip


def event(content: Any, kind: str | None = None) -> bytes:
    head = f"event: {kind}\n".encode() if kind else b""
    return head + b"data: " + json.dumps(content).encode() + b"\n\n"


def stream(*words: str, usage: bool = True, **settings: Any) -> Reply:
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "remote-snapshot"}
    pieces = [
        event(base | {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}) for word in words
    ]
    if usage:
        pieces.append(event(base | {"choices": [], "usage": USAGE}))
    return Reply((*pieces, b"data: [DONE]\n\n"), content_type="text/event-stream", **settings)


def status(code: int, message: str = "no", **headers: str) -> Reply:
    body = json.dumps({"error": {"message": message, "type": "x", "code": None}}).encode()
    return Reply((body,), code, headers={name.replace("_", "-"): value for name, value in headers.items()})


HANG = Reply(hang=True)
GOOD = chat("good")
CUT = replace(chat(), pieces=(b'{"choices": [', b"]}"), cut=1)
Script = Callable[[Seen, int], Reply]


def in_turn(*replies: Reply) -> Script:
    """The replies one after another; the last one from then on."""
    return lambda seen, before: replies[min(before, len(replies) - 1)]


class Upstream:
    """Serves from a thread of its own while it is used as a context manager."""

    def __init__(self, *replies: Reply, script: Script | None = None) -> None:
        self.script = script or in_turn(*(replies or (chat(),)))
        self.seen: list[Seen] = []
        self.gone = threading.Event()
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def models(self) -> list[str]:
        return [seen.model for seen in self.seen]

    def __enter__(self) -> Upstream:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started.set)), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self, started: Callable[[], object]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.current_task())
            self.connections += 1
            await self._connection(reader, writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        started()
        await self._stop.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                self.seen.append(Seen(first.split()[1], headers, raw, time.monotonic()))
                reply = self.script(self.seen[-1], len(self.seen) - 1)
                if not await self._answer(reply, reader, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.set()
        except asyncio.CancelledError:
            pass
        finally:
            writer.close()

    async def _answer(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if reply.hang:
            await reader.read(1)
            self.gone.set()
            return False
        await asyncio.sleep(reply.delay)
        lines = [f"HTTP/1.1 {reply.status} X", f"Content-Type: {reply.content_type}", "Transfer-Encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        for place, piece in enumerate(reply.pieces):
            if place == reply.cut:
                await writer.drain()
                return False
            if place:
                await asyncio.sleep(reply.pause)
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


def entry(*upstreams: Upstream | str, **settings: Any) -> dict[str, Any]:
    """Make a catalog's entry with an endpoint for each upstream, called p0, p1 and so on."""
    urls = [one if isinstance(one, str) else one.url for one in upstreams]
    endpoints = [{"base_url": url, "provider": f"p{place}"} for place, url in enumerate(urls)]
    return {"input_per_m": 1.0, "output_per_m": 2.0, "endpoints": endpoints} | settings
