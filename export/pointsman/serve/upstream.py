"""The connections to the endpoints: aiohttp's, behind the interface of an httpx2 transport.

A call by httpx2's own transport takes some half a millisecond of the processor, most of what a server adds to a call;
by aiohttp, whose parser is in C, a sixth of that.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncIterator

import aiohttp
import httpx2
from aiohttp.http import HttpProcessingError
from yarl import URL

# More than any upstream sends that we know of.
_HEADER_BYTES, _HEADERS = 1 << 16, 1_000
# Larger bodies go out in pieces, so that other requests get their turn.
_PIECE_BYTES = 1 << 20
# The first that fits counts: what it means to httpx2, whose errors the dispatch reads.
_ERRORS: tuple[tuple[type[Exception], type[httpx2.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout),
    (TimeoutError, httpx2.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx2.ConnectError),
    (aiohttp.ServerFingerprintMismatch, httpx2.ConnectError),
    (aiohttp.InvalidURL, httpx2.UnsupportedProtocol),
    (aiohttp.ServerDisconnectedError, httpx2.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx2.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx2.RemoteProtocolError),
    (HttpProcessingError, httpx2.RemoteProtocolError),
    (aiohttp.ClientError, httpx2.ReadError),
    (UnicodeError, httpx2.ConnectError),  # a host name that has no form in DNS
    (ValueError, httpx2.LocalProtocolError),
    (OSError, httpx2.ReadError),
)
_CAUGHT = tuple(kind for kind, _ in _ERRORS)


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends requests over aiohttp, for asyncio alone.

    As many connections are opened as there are requests at once. Answers come as the bytes that were sent: nothing is
    decompressed, no redirect is followed, no cookie is kept, and no proxy is taken from the environment.

    Parameters
    ----------
    tls
        Which certificates count; None takes those that httpx2 takes.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls or httpx2.create_ssl_context()
        self._session: tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and return its answer as soon as the headers are there.

        Raises
        ------
        httpx2.TransportError
            When there is none: of the kind that httpx2's own transport raises.
        """
        session, limits = self._here(), request.extensions.get("timeout", {})
        content = await request.aread()
        # aiohttp takes up a connection again without a look whether the other side has closed it meanwhile. What has
        # arrived until now is seen when the loop has come round twice.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        try:
            # aiohttp has no limit for a request that its receiver does not take.
            async with asyncio.timeout(_whole_s(limits)):
                response = await session.request(
                    request.method,
                    URL(str(request.url), encoded=True),
                    headers=_items(request.headers),
                    data=content if len(content) < _PIECE_BYTES else io.BytesIO(content),
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(connect=limits.get("connect"), sock_read=limits.get("read")),
                )
        except _CAUGHT as error:
            # Without its cause, which may hold the request's headers and with them the key.
            raise _translated(error, request) from None
        pieces = _Pieces(response, request, limits.get("read"))
        return httpx2.Response(response.status, headers=list(response.raw_headers), stream=pieces)

    def _here(self) -> aiohttp.ClientSession:
        """Return the session of the running loop; one of a loop that has ended cannot be used any more."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._session[0] is not loop:
            self._session = loop, _session(self._tls)
        return self._session[1]

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session[1].close()
            self._session = None


class _Pieces(httpx2.AsyncByteStream):
    """A body, piece by piece as it comes over the wire.

    aiohttp's own limit of silence runs on while nobody reads, and it does not tell a reader of a body that cannot be
    read on: the limit here is of each wait, and the end of the connection is an end of the body, if not a good one.
    """

    def __init__(self, response: aiohttp.ClientResponse, request: httpx2.Request, read_s: float | None) -> None:
        self._response, self._request, self._read_s = response, request, read_s
        self._reset = False
        self._closed: asyncio.Future[None] | None = None
        protocol = None if response.connection is None else response.connection.protocol
        if protocol is None:
            return
        protocol.read_timeout = None
        protocol.start_timeout()
        self._closed = protocol.closed
        if self._closed is not None:
            self._closed.add_done_callback(self._disconnected)
        else:
            self._end()

    def _disconnected(self, closed: asyncio.Future[None]) -> None:
        self._reset = not closed.cancelled() and closed.exception() is not None
        self._end()

    def _end(self) -> None:
        content = self._response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the body could not be read on"))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = self._response.content
        try:
            while True:
                async with asyncio.timeout(self._read_s):
                    piece = await content.readany()
                if not piece:
                    break
                yield piece
        except _CAUGHT as error:
            raise _translated(error, self._request) from None
        # The connection may serve thousands of requests after this one.
        self._leave()
        if self._reset and not _tells_its_end(self._response):
            raise httpx2.ReadError("connection reset in the body", request=self._request)

    async def aclose(self) -> None:
        """Hand back the connection, or close it where the body was not read to its end."""
        self._leave()
        self._response.close()

    def _leave(self) -> None:
        if self._closed is not None:
            self._closed.remove_done_callback(self._disconnected)


def _tells_its_end(response: aiohttp.ClientResponse) -> bool:
    return "content-length" in response.headers or "transfer-encoding" in response.headers


def _session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=tls),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
        timeout=aiohttp.ClientTimeout(),
        auto_decompress=False,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
        max_headers=_HEADERS,
    )


def _items(headers: httpx2.Headers) -> list[tuple[str, str]]:
    # Not multi_items: that looks at all of them for each one, to learn how they are encoded.
    encoding = headers.encoding
    return [(name.decode(encoding), value.decode(encoding)) for name, value in headers.raw]


def _whole_s(limits: dict[str, float | None]) -> float | None:
    """Return the seconds to the headers that the limits of the single steps make together."""
    steps = [limits.get(step) for step in ("connect", "write", "read")]
    known = [step for step in steps if step is not None]
    return sum(known) if len(known) == len(steps) else None


def _translated(error: Exception, request: httpx2.Request) -> httpx2.TransportError:
    kind = next(ours for theirs, ours in _ERRORS if isinstance(error, theirs))
    return kind(str(error) or type(error).__name__, request=request)
