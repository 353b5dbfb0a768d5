"""Send many requests through ``pointsman serve`` while upstreams fail in every way, and count what came of each.

usage: python docs/soak_serve.py ROUTER [--requests N] [--faults SHARE] [--write]

Every request has a number of its own, which an upstream repeats in its answer, so a lost answer, another's answer and a
second answer are all seen. Two endpoints a model live in a process of their own; one in twenty of their replies is a
fault. The command fails unless each request was answered once, or was a stream that broke off and said so. ``--write``
puts the figures into docs/measured/soak.json and into the README.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
from waiting import listens, until

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "docs" / "measured" / "soak.json"
CONCURRENCY = 32
STREAMED = 0.3
# A connection that is kept is closed by httpx2 after five idle seconds.
IDLE_S = 8.0
FAULTS = (
    "status 500", "status 503", "status 503 and Retry-After", "status 429", "status 429 and Retry-After", "status 408",
    "status 401", "status 404", "refused", "hangs", "cut in head", "cut in body", "empty", "not JSON", "error as 200",
    "drips",
)  # fmt: skip


def main() -> None:
    """Run, print the figures as JSON, and fail where a request was not answered once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("router", nargs="?")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--faults", type=float, default=0.05)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--upstream", metavar="PORT_FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.upstream:
        asyncio.run(Upstream(options.faults).serve(Path(options.upstream)))
        return
    found = soak(Path(options.router), options.requests, options.faults)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if options.write:
        MEASURED.write_text(json.dumps(found, indent=1) + "\n")
        write_readme(found)
    if found["wrong"]:
        raise SystemExit(f"{len(found['wrong'])} requests were not answered once: {found['wrong'][:5]!r}")


def write_readme(found: dict[str, Any]) -> None:
    """Put what came of the requests into the README, in words."""
    memory = found["memory_mb"]
    came, broke = found["came"]["answered"], found["came"].get("broke off", 0)
    lines = (
        f"Of {found['requests']:,} requests, three in ten streamed, while one reply in twenty of the",
        "upstreams was a fault",
        f"of one of {len(FAULTS)} kinds, {came:,} were answered, and {broke} streams broke off and said so, as the",
        "upstream's had; none was lost, none answered twice. The server's memory was",
        f"{memory[0]:.0f} MB before and {memory[1]:.0f} MB after (`python docs/soak_serve.py ROUTER`).",
    )
    readme = ROOT / "README.md"
    begin, end = "<!-- soak: begin -->", "<!-- soak: end -->"
    before, rest = readme.read_text(encoding="utf-8").split(begin)
    readme.write_text(f"{before}{begin}\n" + "\n".join(lines) + f"\n{end}{rest.split(end)[1]}", encoding="utf-8")


def soak(router: Path, requests: int, faults: float) -> dict[str, Any]:
    """Send all requests; see :func:`main`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, __file__, "--upstream", str(folder / "port"), "--faults", str(faults)]
        upstream = subprocess.Popen(command)
        server = None
        try:
            until(lambda: (folder / "port").is_file())
            ports = json.loads((folder / "port").read_text())
            server, url = _start_server(folder, router, ports)
            # What the first requests make, stays: connections, caches, buffers.
            asyncio.run(_ask_all(url, range(requests, requests + max(requests // 10, 200))))
            before = _state(server.pid)
            started = time.perf_counter()
            came = asyncio.run(_ask_all(url, range(requests)))
            seconds = time.perf_counter() - started
            time.sleep(IDLE_S)
            after = _state(server.pid)
            stats = httpx2.get(f"http://127.0.0.1:{ports[0]}/stats").json()
        finally:
            for process in filter(None, (server, upstream)):
                process.terminate()
                process.wait()
        log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return _summary(came, stats, requests, seconds, before, after, len(log))


def _summary(
    came: dict[int, str],
    stats: dict[str, Any],
    requests: int,
    seconds: float,
    before: dict[str, float],
    after: dict[str, float],
    logged: int,
) -> dict[str, Any]:
    answered = {int(number): times for number, times in stats["answered"].items() if int(number) < requests}
    wrong = [(n, how) for n, how in came.items() if how not in ("answered", "broke off")]
    wrong += [(n, f"an upstream answered it {times} times") for n, times in answered.items() if times > 1]
    return {
        "requests": requests,
        "came": dict(Counter(came.values())),
        "wrong": wrong,
        "faults": stats["faults"],
        "upstream_requests": stats["requests"],
        "records": logged,
        "requests_a_second": round(requests / seconds),
        "memory_mb": [before["memory_mb"], after["memory_mb"]],
        "open_files": [before["open_files"], after["open_files"]],
        "upstream_connections_open_after": stats["open"],
        "load": os.getloadavg()[0],
    }


async def _ask_all(url: str, numbers: range) -> dict[int, str]:
    came: dict[int, str] = {}
    waiting = iter(numbers)
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=CONCURRENCY)

    async def ask(client: httpx2.AsyncClient) -> None:
        for number in waiting:
            came[number] = await _ask(client, number)

    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        await asyncio.gather(*(ask(client) for _ in range(CONCURRENCY)))
    return came


async def _ask(client: httpx2.AsyncClient, number: int) -> str:
    """Ask for one answer; returns "answered", "broke off" (a stream, told by its connection) or what was wrong."""
    streamed = random.Random(number).random() < STREAMED
    body = {"model": "pointsman/auto", "messages": [{"role": "user", "content": f"Number {number}?"}]}
    try:
        reply = await client.post("/v1/chat/completions", json=body | {"stream": streamed})
    except httpx2.RemoteProtocolError:
        return "broke off" if streamed else "lost: no whole answer"
    except httpx2.TransportError as error:
        return f"lost: {type(error).__name__}"
    if reply.status_code != 200:
        return f"status {reply.status_code}: {reply.text[:300]}"
    whole = reply.text if streamed else reply.json()["choices"][0]["message"]["content"]
    if streamed and not whole.endswith("data: [DONE]\n\n"):
        return "a stream without its end"
    said = (
        [json.loads(line[6:])["n"] for line in whole.splitlines() if line.startswith("data: {")]
        if streamed
        else [int(whole)]
    )
    return "answered" if said and set(said) == {number} else f"another's answer: {said!r}"


def _start_server(folder: Path, router: Path, ports: list[int]) -> tuple[subprocess.Popen[bytes], str]:
    models = [model["name"] for model in json.loads((router / "router.json").read_text())["models"]]
    endpoints = [
        {"base_url": f"http://127.0.0.1:{port}/v1", "provider": f"p{port}", "timeout_s": 1.0} for port in ports
    ]
    (folder / "catalog.json").write_text(
        json.dumps({model: {"input_per_m": 1, "output_per_m": 1, "endpoints": endpoints} for model in models})
    )
    retries = {"tries": 3, "first_backoff_s": 0.05, "longest_backoff_s": 0.5, "deadline_s": 30}
    (folder / "settings.json").write_text(
        json.dumps({"retries": retries, "breaker": {"failures": 20, "cooldown_s": 1}})
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pointsman", "serve", str(router), "--port", str(port)]
    for name in ("catalog", "settings"):
        command += [f"--{name}", str(folder / f"{name}.json")]
    server = subprocess.Popen([*command, "--log", str(folder / "log.jsonl")])
    until(lambda: listens(port))
    return server, f"http://127.0.0.1:{port}"


class Upstream:
    """Two endpoints that answer with the number they were asked, or fail."""

    def __init__(self, faults: float) -> None:
        self._share, self._rng = faults, random.Random(0)
        self._answered: Counter[int] = Counter()
        self._faults: Counter[str] = Counter()
        self._open = self._requests = 0

    async def serve(self, port_file: Path) -> None:
        """Listen, and write both ports into a file."""
        servers = [await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=512) for _ in range(2)]
        partial = port_file.with_suffix(".partial")
        partial.write_text(json.dumps([server.sockets[0].getsockname()[1] for server in servers]))
        partial.rename(port_file)
        await asyncio.gather(*(server.serve_forever() for server in servers))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            while await self._request(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if head.startswith(b"get /stats"):
            # This connection itself is open now.
            stats = {"answered": self._answered, "faults": self._faults, "requests": self._requests}
            writer.write(_whole(json.dumps(stats | {"open": self._open - 1}).encode()))
            return True
        body = json.loads(await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0])))
        number = int(body["messages"][0]["content"].split()[1].rstrip("?"))
        self._requests += 1
        await asyncio.sleep(self._rng.uniform(0.001, 0.03))
        fault = self._rng.choice(FAULTS) if self._rng.random() < self._share else None
        if fault is not None:
            self._faults[fault] += 1
            return await self._fail(fault, number, body, reader, writer)
        self._answered[number] += 1
        for piece in _answer(number, body):
            writer.write(piece)
            await writer.drain()
        return True

    async def _fail(
        self, fault: str, number: int, body: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if fault.startswith("status"):
            _, status, *later = fault.split()
            writer.write(_whole(b'{"error": {"message": "no"}}', f"{status} X", "Retry-After: 1\r\n" if later else ""))
            return True
        if fault == "refused":
            writer.transport.abort()
        elif fault == "hangs":
            await reader.read(1)
        elif fault == "cut in head":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-")
        elif fault == "drips":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
            await reader.read(1)
        elif fault == "cut in body":
            first, *_ = _answer(number, body)
            writer.write(first[:-2])
        else:
            bad = {"empty": b"", "not JSON": b"<html>", "error as 200": b'{"error": {"message": "no"}}'}[fault]
            writer.write(_whole(bad))
            return True
        return False


def _answer(number: int, body: dict[str, Any]) -> list[bytes]:
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    if not body.get("stream"):
        message = {"role": "assistant", "content": str(number)}
        return [_whole(json.dumps({"choices": [{"index": 0, "message": message}], "usage": usage}).encode())]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    events = [f"data: {json.dumps({'n': number, 'i': i})}\n\n".encode() for i in range(3)] + [b"data: [DONE]\n\n"]
    return [head + _chunk(events[0]), *map(_chunk, events[1:]), b"0\r\n\r\n"]


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def _whole(content: bytes, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}Content-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def _state(pid: int) -> dict[str, float]:
    status = Path(f"/proc/{pid}/status").read_text()
    memory = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return {"memory_mb": round(memory, 1), "open_files": len(os.listdir(f"/proc/{pid}/fd"))}


if __name__ == "__main__":
    main()
