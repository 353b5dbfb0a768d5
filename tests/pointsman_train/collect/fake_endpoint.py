"""A fake OpenAI-compatible endpoint on loopback, with a script of what goes wrong for whom. It records what it saw.

Run as a program it serves until it is killed and writes each request, as it comes in, as a line of JSON to a file.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEY = "sk-recognisable-0123456789"


@dataclass(frozen=True)
class Seen:
    """One request as the endpoint saw it; times are of ``time.monotonic``."""

    model: str
    prompt: str
    body: dict[str, Any]
    at: float
    headers: dict[str, str]
    in_flight: int

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")

    @property
    def key(self) -> str:
        return hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Reply:
    """What to send back. ``delay`` seconds pass before; ``cut`` closes the connection after so many bytes."""

    status: int = 200
    text: str = "42"
    finish: str = "stop"
    usage: tuple[int, int] | None = (10, 2)
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json"
    delay: float = 0.0
    cut: int | None = None

    def body(self, authorization: str) -> bytes:
        if self.raw is not None:
            return self.raw
        if self.status >= 300:
            # Real endpoints do this.
            message = f"Incorrect API key provided: {authorization}."
            return json.dumps({"error": {"message": message, "code": "x"}}).encode()
        message = {"role": "assistant", "content": self.text}
        reply: dict[str, Any] = {"choices": [{"index": 0, "message": message, "finish_reason": self.finish}]}
        if self.usage:
            reply["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), self.usage, strict=True))
        return json.dumps(reply).encode()


# The reply to a request, given how often this prompt was asked of this model before.
Script = Callable[[Seen, int], Reply]


def always(reply: Reply) -> Script:
    return lambda seen, before: reply


def in_turn(*replies: Reply) -> Script:
    """The replies one after another for each prompt; the last one from then on."""
    return lambda seen, before: replies[min(before, len(replies) - 1)]


class Endpoint:
    """Serves from a thread of its own while it is used as a context manager."""

    def __init__(self, script: Script | None = None, journal: Path | None = None) -> None:
        self.script = script or always(Reply())
        self.seen: list[Seen] = []
        self.replied: list[tuple[float, Reply]] = []
        self._asked: Counter[tuple[str, str]] = Counter()
        self._in_flight = 0
        self._journal = journal.open("a", buffering=1) if journal else None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def most_in_flight(self) -> int:
        return max(seen.in_flight for seen in self.seen)

    def prompts(self) -> Counter[str]:
        return Counter(seen.prompt for seen in self.seen)

    def keys(self) -> Counter[str]:
        return Counter(seen.key for seen in self.seen)

    def __enter__(self) -> Endpoint:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve(started.set)), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def serve(self, started: Callable[[], object], port: int = 0) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connections: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.add(asyncio.current_task())
            await self._connection(reader, writer)

        server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        started()
        await self._stop.wait()
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        if self._journal:
            self._journal.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                if not await self._answer(body, headers, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, body: dict[str, Any], headers: dict[str, str], writer: asyncio.StreamWriter) -> bool:
        self._in_flight += 1
        try:
            prompt = str(body["messages"][-1]["content"])
            seen = Seen(body["model"], prompt, body, time.monotonic(), headers, self._in_flight)
            self.seen.append(seen)
            if self._journal:
                self._journal.write(json.dumps({"key": seen.key, "in_flight": seen.in_flight}) + "\n")
            before = self._asked[seen.model, prompt]
            self._asked[seen.model, prompt] += 1
            reply = self.script(seen, before)
            await asyncio.sleep(reply.delay)
        finally:
            self._in_flight -= 1
        content = reply.body(seen.authorization)
        lines = [f"HTTP/1.1 {reply.status} X", f"Content-Type: {reply.content_type}", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content[: reply.cut])
        await writer.drain()
        self.replied.append((time.monotonic(), reply))
        return reply.cut is None


def main(arguments: Sequence[str]) -> None:
    """Serve with a latency until killed: PORT_FILE JOURNAL SECONDS (JOURNAL may be -)."""
    port_file, journal, seconds = arguments
    endpoint = Endpoint(always(Reply(delay=float(seconds))), None if journal == "-" else Path(journal))
    partial = Path(port_file + ".partial")

    def started() -> None:
        partial.write_text(str(endpoint.port))
        partial.replace(port_file)

    asyncio.run(endpoint.serve(started))


if __name__ == "__main__":
    main(sys.argv[1:])
