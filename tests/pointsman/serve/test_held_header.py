"""An answer's header goes out with its body, and not later than it would by itself; over real connections."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
import uvicorn
from live_server import Live

from pointsman.serve.connection import Connection

HEADER_END = b"\r\n\r\n"
SIZED = [(b"content-length", b"4")]


class Counted:
    """A transport that remembers what was written to it."""

    def __init__(self, transport, written):
        self._transport, self._written = transport, written

    def __getattr__(self, name):
        return getattr(self._transport, name)

    def write(self, data):
        self._written.append(bytes(data))
        self._transport.write(data)


@pytest.fixture(params=["asyncio", "uvloop"])
def ask(request):
    """Serve an application, ask it, and return the connection and what the server writes to it."""
    opened = []

    def make(app, method=b"GET"):
        written = []

        class Spied(Connection):
            def connection_made(self, transport):
                super().connection_made(Counted(transport, written))

        config = uvicorn.Config(app, port=0, http=Spied, loop=request.param, lifespan="off", log_level="critical")
        opened.append(Live(app, config).__enter__())
        connection = socket.create_connection(("127.0.0.1", opened[-1].port), timeout=5)
        opened.append(connection)
        connection.sendall(method + b" / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return connection, written

    yield make
    for one in reversed(opened):
        one.close() if isinstance(one, socket.socket) else one.stop()


def read_to(connection, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        piece = connection.recv(4096)
        assert piece, found
        found += piece
    return found


def test_a_whole_answer_is_written_at_once(ask):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": SIZED})
        await send({"type": "http.response.body", "body": b"done"})

    connection, written = ask(app)
    assert written == [read_to(connection, b"done")]


def test_a_header_does_not_wait_for_a_body_that_takes_long(ask):
    go_on = threading.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": SIZED})
        await asyncio.get_running_loop().run_in_executor(None, go_on.wait, 5)
        await send({"type": "http.response.body", "body": b"done"})

    connection, written = ask(app)
    header = read_to(connection, HEADER_END)
    assert header.startswith(b"HTTP/1.1 200")
    go_on.set()
    assert read_to(connection, b"done") == b"done"
    assert written == [header, b"done"]


def test_an_answer_without_a_body_is_sent_before_its_connection_closes(ask):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b""})

    connection, _ = ask(app, b"HEAD")
    assert read_to(connection, HEADER_END).startswith(b"HTTP/1.1 204")
    assert connection.recv(1) == b""


def test_a_body_that_looks_like_a_header_arrives_in_its_order(ask):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"26")]})
        for piece in (b"first ", b"HTTP/1.1 is ", b"a header"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    connection, _ = ask(app)
    assert read_to(connection, b"header").endswith(HEADER_END + b"first HTTP/1.1 is a header")
