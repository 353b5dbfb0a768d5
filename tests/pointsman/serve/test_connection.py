"""Half a request's header holds a connection only for so long."""

from __future__ import annotations

import socket
import time

import pytest

from pointsman.serve.connection import Connection

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


def test_half_a_second_request_is_closed_as_well(connect):
    connection = connect()
    connection.sendall(HALF + REST)
    answer(connection)
    connection.sendall(HALF)
    assert connection.recv(1) == b""
