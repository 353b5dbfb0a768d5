"""Neither half a request's header nor an answer that is not read holds a connection for long."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time

import pytest
import uvicorn
from fake_upstream import chat, stream
from live_server import Live, until

from pointsman.serve.connection import Connection

LARGE = 16 << 20
HALF, REST = b"GET /healthz HTTP/1.1\r\nHost: 127.", b"0.0.1\r\n\r\n"


@pytest.fixture
def connect(serve, live, monkeypatch):
    """Open raw connections to a server that waits a third of a second for a header."""
    monkeypatch.setattr(Connection, "header_s", 0.3)
    server = live(serve())
    opened = []

    def make() -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", server.port), timeout=5))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def answer(connection) -> bytes:
    """Read one answer, up to the end of its small body."""
    found = b""
    while b"}" not in found:
        found += connection.recv(4096)
    return found


def drip(connection, seconds: float = 10.0) -> None:
    """Send a letter twenty times a second."""
    for _ in range(int(20 * seconds)):
        connection.sendall(b"a")
        time.sleep(0.05)


@pytest.mark.parametrize("sent", [b"", HALF])
def test_a_connection_without_a_whole_header_is_closed(connect, sent):
    connection = connect()
    connection.sendall(sent)
    assert connection.recv(1) == b""


def test_a_header_that_drips_is_no_better(connect):
    connection = connect()
    with pytest.raises(ConnectionError):
        drip(connection)


def test_a_header_in_two_pieces_is_answered_and_the_connection_then_stays_open(connect):
    connection = connect()
    connection.sendall(HALF)
    time.sleep(0.05)
    connection.sendall(REST)
    assert answer(connection).startswith(b"HTTP/1.1 200")
    time.sleep(0.6)
    connection.sendall(HALF + REST)
    assert answer(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("rest", [b"{", b"\r\n"])
def test_whatever_comes_after_an_answer_does_not_keep_the_connection(connect, rest):
    # A byte of a body that nobody waits for, and a blank line, end uvicorn's own waiting for the next request.
    connection = connect()
    length = b"Content-Length: 10\r\n" if rest == b"{" else b""
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + b"\r\n")
    answer(connection)
    connection.sendall(rest)
    assert connection.recv(1) == b""


def test_half_of_the_next_request_does_not_cut_an_answer_off(serve, live, monkeypatch):
    monkeypatch.setattr(Connection, "header_s", 0.3)
    server = live(serve(stream("one", "two", "three", pause=0.3)))
    body = json.dumps(
        {"model": "pointsman/auto", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    ).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body + HALF)
        found = b""
        while b"[DONE]" not in found:
            piece = connection.recv(4096)
            assert piece, found
            found += piece


@pytest.fixture
def unread(serve, live, monkeypatch):
    """Ask a server that waits half a second for its caller to read, over a connection with little room."""
    monkeypatch.setattr(Connection, "send_s", 0.5)
    server = live(serve(chat("a" * LARGE)))
    body = json.dumps({"model": "pointsman/auto", "messages": [{"role": "user", "content": "Hi"}]}).encode()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", server.port))
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        yield server, connection


def test_a_caller_that_leaves_its_answer_unread_loses_the_connection(unread):
    server, _ = unread
    connections = server.server.server_state.connections
    until(lambda: connections)
    until(lambda: not connections)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_what_is_left_unread_of_a_connection_that_ends_does_not_hold_it(monkeypatch, loop):
    monkeypatch.setattr(Connection, "send_s", 0.5)

    async def app(scope, receive, send):
        ends = scope["path"] == "/ends"
        headers = [(b"connection", b"close"), (b"content-length", b"%d" % LARGE)] if ends else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if ends:
            await send({"type": "http.response.body", "body": b"a" * LARGE})
        else:
            # Until no more goes out; then it breaks off, with less than a full buffer unread.
            with contextlib.suppress(TimeoutError):
                while True:
                    piece = {"type": "http.response.body", "body": b"a" * 4096, "more_body": True}
                    await asyncio.wait_for(send(piece), 0.2)

    config = uvicorn.Config(app, port=0, http=Connection, loop=loop, lifespan="off", log_level="critical")
    for path in ("/ends", "/breaks"):
        with Live(app, config) as server, socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path.encode())
            open_now = server.server.server_state.connections
            until(lambda now=open_now: now)
            until(lambda now=open_now: not now)


def test_a_caller_that_reads_slowly_gets_all(unread):
    _, connection = unread
    found, began = 0, time.monotonic()
    while found < LARGE:
        piece = connection.recv(1 << 18)
        assert piece, found
        found += len(piece)
        time.sleep(0.01)
    assert time.monotonic() - began > 1.0, "it was too quick to show anything"


def test_a_caller_of_old_gets_no_chunks(connect):
    connection = connect()
    connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    found = answer(connection).lower()
    assert b"content-length: " in found
    assert b"transfer-encoding" not in found


def test_half_a_second_request_is_closed_as_well(connect):
    connection = connect()
    connection.sendall(HALF + REST)
    answer(connection)
    connection.sendall(HALF)
    assert connection.recv(1) == b""


@pytest.mark.parametrize("large", [b"x-large: " + b"a" * 70_000, b"x-many: a\r\n" * 7_000, b"a" * 70_000])
@pytest.mark.parametrize("end", [b"\r\n\r\n", b""])
def test_a_header_that_is_too_large_is_refused_whole_or_not(connect, large, end):
    connection = connect()
    connection.sendall(HALF + b"0.0.1\r\n" + large + end)
    assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_an_address_that_is_too_long_is_refused(connect):
    connection = connect()
    connection.sendall(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_a_body_is_no_part_of_the_header_and_many_requests_are_not_one(connect):
    connection = connect()
    body = b'{"model": "pointsman/auto", "messages": [], "x": "' + b"a" * 300_000 + b'"}'
    head = b"POST /v1/route HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % len(body) + body)
    assert b"400" not in answer(connection).split(b"\r\n")[0]
    for _ in range(5):
        connection.sendall(HALF + b"0.0.1\r\nx-large: " + b"a" * 30_000 + b"\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 200")
