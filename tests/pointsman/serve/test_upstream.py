"""The server's connections to the endpoints do what httpx2's own do, and fail as they fail."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import socketserver
import ssl
import struct
import threading
import time
import traceback
import warnings

import httpx2
import pytest
import trustme
from fake_upstream import HANG, Reply, stream

from pointsman.serve.upstream import AiohttpTransport

LIMITS = {"connect": 0.3, "write": 0.3, "read": 0.3, "pool": 0.3}


def request(url, content=b"{}", limits=LIMITS, **headers):
    return httpx2.Request(
        "POST", url, content=content, headers={"accept": "x/y", **headers}, extensions={"timeout": limits}
    )


async def whole(transport, asked):
    response = await transport.handle_async_request(asked)
    try:
        return response, b"".join([piece async for piece in response.stream])
    finally:
        await response.aclose()


def sent(asked, transport=None):
    async def main():
        async with transport or AiohttpTransport() as made:
            return await whole(made, asked)

    return asyncio.run(main())


@contextlib.asynccontextmanager
async def listening(answer, **settings):
    """Serve connections with a function of reader and writer."""
    running = set()

    async def connected(reader, writer):
        running.add(asyncio.current_task())
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, **settings)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/x"
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def says(*pieces, hold=False, reset=False):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)
        if hold:
            await asyncio.sleep(60)
        if reset:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    return answer


async def takes_nothing(reader, writer):
    await asyncio.sleep(60)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FAULTS = {
    "no head": (says(), httpx2.RemoteProtocolError),
    "half a head": (says(HEAD), httpx2.RemoteProtocolError),
    "no HTTP": (says(b"SSH-2.0-OpenSSH_9\r\n"), httpx2.RemoteProtocolError),
    "shorter than promised": (says(HEAD + b"Content-Length: 9\r\n\r\n{}"), httpx2.RemoteProtocolError),
    "a chunk cut": (says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}"), httpx2.RemoteProtocolError),
    "a chunk of no size": (says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"), httpx2.RemoteProtocolError),
    "a later chunk of no size": (
        says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", b"zz\r\n{}", hold=True),
        httpx2.RemoteProtocolError,
    ),
    "reset in a body of a stated length": (
        says(HEAD + b"Content-Length: 9\r\n\r\n{}", reset=True),
        (httpx2.ReadError, httpx2.RemoteProtocolError),
    ),
    "reset in a body that ends with the connection": (
        says(HEAD + b"Connection: close\r\n\r\n{}", reset=True),
        httpx2.ReadError,
    ),
    "silence": (says(hold=True), httpx2.ReadTimeout),
    "silence in the body": (says(HEAD + b"Content-Length: 9\r\n\r\n{}", hold=True), httpx2.ReadTimeout),
}


@pytest.mark.parametrize("made", [httpx2.AsyncHTTPTransport, AiohttpTransport])
@pytest.mark.parametrize(("answer", "kind"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_is_the_error_that_httpx2_makes_of_it(made, answer, kind):
    async def main():
        async with listening(answer) as url, made() as transport:
            with pytest.raises(kind):
                await whole(transport, request(url))

    asyncio.run(main())


@pytest.mark.parametrize("made", [httpx2.AsyncHTTPTransport, AiohttpTransport])
def test_nobody_listens(made):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(httpx2.ConnectError):
            sent(request(f"http://127.0.0.1:{bound.getsockname()[1]}/"), made())
    with pytest.raises(httpx2.ConnectError):
        sent(request("http://no-such-host.invalid/"), made())


@pytest.mark.parametrize("made", [httpx2.AsyncHTTPTransport, AiohttpTransport])
def test_a_connection_that_is_not_taken_ends_in_time(made):
    with socket.socket() as bound, contextlib.ExitStack() as stack:
        bound.bind(("127.0.0.1", 0))
        bound.listen(0)
        for _ in range(2):  # What waits to be taken fills the system's queue.
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(bound.getsockname())
        with pytest.raises(httpx2.ConnectTimeout):
            sent(request(f"http://127.0.0.1:{bound.getsockname()[1]}/"), made())


def test_a_body_that_is_not_taken_ends_in_time():
    async def main():
        async with listening(takes_nothing, limit=1) as url, AiohttpTransport() as transport:
            with pytest.raises(httpx2.TimeoutException):
                await whole(transport, request(url, b"x" * (64 << 20)))

    asyncio.run(main())


def test_a_certificate_that_nobody_vouches_for_is_refused():
    authority, theirs = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(theirs)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)

    async def main():
        async with listening(says(HEAD + b"Content-Length: 2\r\n\r\n{}"), ssl=theirs) as url:
            asked = request(url.replace("http://127.0.0.1", "https://localhost"))
            async with AiohttpTransport() as transport:
                with pytest.raises(httpx2.ConnectError):
                    await whole(transport, asked)
            async with AiohttpTransport(ours) as transport:
                return (await whole(transport, asked))[1]

    assert asyncio.run(main()) == b"{}"


def test_the_headers_are_those_of_the_request_and_no_others(serve):
    upstream = serve()
    sent(request(upstream.url + "/a%2Fb?q=%20", authorization="Bearer k"))
    assert set(upstream.seen[0].headers) - {""} == {"host", "accept", "authorization", "content-length"}
    assert upstream.seen[0].path == "/v1/a%2Fb?q=%20"


def test_the_answer_is_as_it_was_sent(serve):
    packed = b"\x1f\x8b\x08 not really gzip"
    headers = {"Content-Encoding": "gzip", "Location": "/elsewhere", "Set-Cookie": "a=b", "X-Long": "y" * 20_000}
    upstream = serve(Reply((packed,), 302, headers=headers))
    response, body = sent(request(upstream.url))
    assert (response.status_code, body) == (302, packed)
    assert dict(response.headers) == {
        "content-type": "application/json",
        "transfer-encoding": "chunked",
        **{name.lower(): value for name, value in headers.items()},
    }


def test_a_large_body_arrives_whole_and_without_a_warning(serve):
    upstream, content = serve(), bytes(range(256)) * (3 << 12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sent(request(upstream.url, content, {}))
    assert upstream.seen[0].raw == content
    assert upstream.seen[0].headers["content-length"] == str(len(content))


class Once(socketserver.StreamRequestHandler):
    """Answers as if the connection stayed open, and closes it."""

    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(HEAD + b"Content-Length: 2\r\n\r\n{}")


@pytest.mark.parametrize("made", [httpx2.AsyncHTTPTransport, AiohttpTransport])
def test_a_connection_that_was_closed_meanwhile_is_not_used_again(made):
    async def main(url):
        async with made() as transport:
            for _ in range(20):
                assert (await whole(transport, request(url)))[1] == b"{}"
                time.sleep(0.01)  # The loop is busy while the other side closes.

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Once) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asyncio.run(main(f"http://127.0.0.1:{server.server_address[1]}/"))
        server.shutdown()


@pytest.mark.parametrize("host", ["api..example.com", "x" * 64 + ".example.com"])
@pytest.mark.parametrize("made", [httpx2.AsyncHTTPTransport, AiohttpTransport])
def test_a_host_name_that_cannot_be_looked_up_is_no_connection(made, host):
    with pytest.raises(httpx2.ConnectError):
        sent(request(f"http://{host}/v1/x"), made())


def test_a_caller_that_takes_its_time_is_no_silence(serve):
    upstream = serve(stream("a", "b", "c", pause=0.1))

    async def main():
        async with AiohttpTransport() as transport:
            response = await transport.handle_async_request(request(upstream.url))
            pieces = []
            async for piece in response.stream:
                pieces.append(piece)
                await asyncio.sleep(0.5)
            await response.aclose()
            return b"".join(pieces)

    assert asyncio.run(main()) == b"".join(stream("a", "b", "c").pieces)


def test_an_error_does_not_hold_the_key(serve):
    async def main():
        async with listening(says(b"HTTP/1.1 nonsense\r\n\r\n")) as url, AiohttpTransport() as transport:
            asked = request(url, authorization="Bearer " + "sk-secret")
            with pytest.raises(httpx2.TransportError) as caught:
                await whole(transport, asked)
            return caught.value

    error = asyncio.run(main())
    assert error.__cause__ is None
    assert "sk-secret" not in repr(error) + "".join(traceback.format_exception(error)).replace(__file__, "")


def test_another_event_loop_gets_connections_of_its_own(serve):
    upstream, transport = serve(), AiohttpTransport()

    async def last():
        await whole(transport, request(upstream.url))
        await transport.aclose()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # What is left of the loop that has ended.
        asyncio.run(whole(transport, request(upstream.url)))
        asyncio.run(last())
        gc.collect()
    assert len(upstream.seen) == 2


def test_a_connection_is_used_again_also_after_a_loop_ended(serve):
    upstream = serve()

    async def main(transport):
        for _ in range(3):
            await whole(transport, request(upstream.url))
        await transport.aclose()

    transport = AiohttpTransport()
    for _ in range(2):
        asyncio.run(main(transport))
    assert (len(upstream.seen), upstream.connections) == (6, 2)


def test_a_connection_keeps_nothing_of_the_answers_that_it_brought(serve):
    upstream = serve(stream("a", "b", pause=0.01))

    async def main():
        async with AiohttpTransport() as transport:
            for _ in range(20):
                await whole(transport, request(upstream.url))
            gc.collect()
            return sum(type(one).__name__ == "_Pieces" for one in gc.get_objects())

    assert asyncio.run(main()) <= 1
    assert upstream.connections == 1


def test_a_stream_left_early_closes_its_connection(serve):
    upstream = serve(stream("a", "b", pause=0.2))

    async def main():
        async with AiohttpTransport() as transport:
            response = await transport.handle_async_request(request(upstream.url))
            first = await anext(aiter(response.stream))
            await response.aclose()
            assert await asyncio.to_thread(upstream.gone.wait, 5)
            return first

    assert b'"a"' in asyncio.run(main())


def test_a_request_given_up_closes_its_connection(serve):
    upstream = serve(HANG)

    async def main():
        async with AiohttpTransport() as transport:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await whole(transport, request(upstream.url, limits={}))
            assert await asyncio.to_thread(upstream.gone.wait, 5)

    asyncio.run(main())
