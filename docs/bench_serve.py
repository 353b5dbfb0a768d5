"""Measure what the server adds to a call: the same requests straight to an upstream and through ``pointsman serve``.

usage: python docs/bench_serve.py ROUTER [--rate N] [--seconds S] [--rounds N] [--note TEXT] [--write]

Upstream, server and load generator are three processes on the same cores. The generator is open-loop: requests start at
fixed times whatever the answers do, and a latency counts from the time at which its request was due. Direct and routed
rounds take turns, because other work on the machine comes and goes. ``--write`` puts the figures into
docs/measured/serve.json and the table into the README.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from waiting import listens, until

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "docs" / "measured" / "serve.json"
BEGIN, END = "<!-- serve: begin -->", "<!-- serve: end -->"
QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
TARGET_MS = {"p50": 2.0, "p99": 10.0}
CONNECTIONS = 64
ANSWER = json.dumps(
    {
        "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14},
    }
).encode()  # fmt: skip


def main() -> None:
    """Measure, print the figures as JSON, and write them where asked to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("router", nargs="?")
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--note", default="", help="a sentence on the machine, for the table")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--upstream", metavar="PORT_FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.upstream:
        asyncio.run(_upstream(Path(options.upstream)))
        return
    found = measure(Path(options.router), options.rate, options.seconds, options.rounds) | {"note": options.note}
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if options.write:
        MEASURED.write_text(json.dumps(found, indent=1) + "\n")
        _write_table(found)


def measure(router: Path, rate: int, seconds: float, rounds: int) -> dict[str, Any]:
    """Run direct and routed rounds in turn; latencies are in milliseconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        upstream = subprocess.Popen([sys.executable, __file__, "--upstream", str(folder / "port")])
        server = None
        try:
            until(lambda: (folder / "port").is_file())
            port = int((folder / "port").read_text())
            server, served = _start_server(folder, router, port)
            cpu = _cpu_s(server.pid)
            requests = _requests(rate, seconds)
            asyncio.run(_round(served, requests, rate))  # connections, caches
            asyncio.run(_round(port, requests, rate))
            took = [
                {kind: _figures(asyncio.run(_round(where, requests, rate)))
                 for kind, where in (("direct", port), ("routed", served))}
                | {"load": os.getloadavg()[0]}
                for _ in range(rounds)
            ]  # fmt: skip
            spent = (_cpu_s(server.pid) - cpu) / (len(requests) * (rounds + 1))
        finally:
            for process in filter(None, (server, upstream)):
                process.terminate()
                process.wait()
    return _summary(took, rate, len(requests) - rate, spent)


def _start_server(folder: Path, router: Path, port: int) -> tuple[subprocess.Popen[bytes], int]:
    models = [model["name"] for model in json.loads((router / "router.json").read_text())["models"]]
    entry = {"input_per_m": 1, "output_per_m": 1, "endpoint": {"base_url": f"http://127.0.0.1:{port}/v1"}}
    (folder / "catalog.json").write_text(json.dumps(dict.fromkeys(models, entry)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        served = free.getsockname()[1]
    command = [sys.executable, "-m", "pointsman", "serve", str(router), "--catalog", str(folder / "catalog.json")]
    command += ["--port", str(served), "--log", str(folder / "log.jsonl")]
    server = subprocess.Popen(command)
    until(lambda: listens(served))
    return server, served


def _requests(rate: int, seconds: float) -> list[bytes]:
    prompts = pd.read_parquet(ROOT / "data" / "fleet" / "prompts.parquet").prompt.tolist()
    bodies = (
        json.dumps({"model": "pointsman/auto", "messages": [{"role": "user", "content": prompt}]}).encode()
        for prompt in prompts
    )
    framed = [
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        for body in bodies
    ]
    return [framed[n % len(framed)] for n in range(int(rate * seconds))]


async def _round(port: int, requests: list[bytes], rate: int) -> list[float]:
    """Send every request at its time; returns seconds from then to the end of each answer.

    Those of the first second are left out: a process that was idle during the other kind of round begins slowly on a
    virtual machine, whatever it does.
    """
    free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.LifoQueue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    took = [0.0] * len(requests)
    began = time.perf_counter() + 0.1

    async def ask(n: int, due: float) -> None:
        reader, writer = connection = await free.get()
        if reader.at_eof():
            reader, writer = connection = await asyncio.open_connection("127.0.0.1", port)
        writer.write(requests[n])
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"not answered: {head!r}")
        await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        took[n] = time.perf_counter() - due
        free.put_nowait(connection)

    asking = []
    for n in range(len(requests)):
        due = began + n / rate
        pause = due - time.perf_counter()
        # Event loops wake late by up to a millisecond, on either side of the comparison.
        if pause > 0:
            await asyncio.sleep(pause)
        asking.append(asyncio.create_task(ask(n, due)))
    await asyncio.gather(*asking)
    while not free.empty():
        free.get_nowait()[1].close()
    return took[rate:]


def _figures(took: list[float]) -> dict[str, float]:
    return {name: round(1000 * float(np.quantile(took, q)), 3) for name, q in QUANTILES.items()}


def _summary(took: list[dict[str, Any]], rate: int, requests: int, cpu_s: float) -> dict[str, Any]:
    added = [{name: one["routed"][name] - one["direct"][name] for name in QUANTILES} for one in took]
    quiet = sorted(range(len(took)), key=lambda n: took[n]["direct"]["p99"])[: max(len(took) // 3, 1)]
    return {
        "rate": rate,
        "requests_a_round": requests,
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "server_cpu_ms_a_request": round(1000 * cpu_s, 3),
        "rounds": took,
        "direct": {name: _median(one["direct"][name] for one in took) for name in QUANTILES},
        "routed": {name: _median(one["routed"][name] for one in took) for name in QUANTILES},
        "added": {name: _median(one[name] for one in added) for name in QUANTILES},
        "added_range": {name: [_least(added, name, min), _least(added, name, max)] for name in QUANTILES},
        "added_quiet": {name: _median(added[n][name] for n in quiet) for name in QUANTILES},
        "load": [min(one["load"] for one in took), max(one["load"] for one in took)],
    }


def _median(values: Any) -> float:
    return round(statistics.median(values), 3)


def _least(added: list[dict[str, float]], name: str, which: Any) -> float:
    return round(float(which(one[name] for one in added)), 3)


def _write_table(found: dict[str, Any]) -> None:
    rows = ["| milliseconds | direct | routed | added | range over rounds | quietest rounds | target |"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- |")
    for name in QUANTILES:
        low, high = found["added_range"][name]
        target = f"{TARGET_MS[name]:g}" if name in TARGET_MS else ""
        cells = [name, *(f"{found[kind][name]:.2f}" for kind in ("direct", "routed", "added"))]
        cells += [f"{low:.2f} to {high:.2f}", f"{found['added_quiet'][name]:.2f}", target]
        rows.append("| " + " | ".join(cells) + " |")
    load = f"{found['load'][0]:.1f} to {found['load'][1]:.1f}"
    rows += [
        "",
        f"{len(found['rounds'])} rounds of {found['requests_a_round']:,} requests each way, {found['rate']} a second, "
        "the first second of each left out, "
        f"on {found['cores']} cores with a load of {load}, of which the measurement itself is about 0.8.",
        f"The server took {found['server_cpu_ms_a_request']:.2f} ms of processor time a request. Figures are medians",
        f"of rounds; the quietest rounds are the third with the lowest direct p99. {found['note']}".strip(),
    ]
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    readme.write_text(f"{before}{BEGIN}\n" + "\n".join(rows) + f"\n{END}{after}")


async def _upstream(port_file: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)

    class Answers(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport, self.seen = transport, b""

        def data_received(self, data: bytes) -> None:
            self.seen += data
            start, found, body = self.seen.partition(b"\r\n\r\n")
            if found and len(body) >= int(start.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
                self.seen = b""
                self.transport.write(head + ANSWER)

    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0)
    partial = port_file.with_suffix(".partial")
    partial.write_text(str(server.sockets[0].getsockname()[1]))
    partial.rename(port_file)
    await server.serve_forever()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
