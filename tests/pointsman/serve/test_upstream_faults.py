"""What goes wrong between the server and an endpoint is the error that httpx2 makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import traceback

import httpx2
import pytest
import trustme
from raw_upstream import HEAD, listening, request, says, sent, takes_nothing, whole

from pointsman.serve.upstream import AiohttpTransport

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


@pytest.mark.parametrize("host", ["api..example.com", "x" * 64 + ".example.com"])
@pytest.mark.parametrize("made", [httpx2.AsyncHTTPTransport, AiohttpTransport])
def test_a_host_name_that_cannot_be_looked_up_is_no_connection(made, host):
    with pytest.raises(httpx2.ConnectError):
        sent(request(f"http://{host}/v1/x"), made())


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
