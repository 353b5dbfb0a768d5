"""The server's connections to the endpoints do what httpx2's own do."""

from __future__ import annotations

import asyncio
import gc
import socketserver
import threading
import time
import warnings

import httpx2
import pytest
from fake_upstream import HANG, Reply, stream
from raw_upstream import HEAD, request, sent, whole

from pointsman.serve.upstream import AiohttpTransport


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
