"""One try: send the request, and read the reply as far as it must be known before it is handed on.

The two halves do the same, line by line, with threads and with an event loop.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from dataclasses import dataclass

import httpx2

from pointsman.dispatch.attempts import Send
from pointsman.dispatch.errors import KeyMissingError
from pointsman.dispatch.plan import Plan
from pointsman.dispatch.upstream import fault_of, plain_headers, request_for
from pointsman.dispatch.verdict import Fault, Reply, first_event_is_error, has_begun, judged

Headers = Iterable[tuple[str, str]]
Clock = Callable[[], float]

# Some hosts send comments while a request waits there. They are held back until an event tells what the answer is,
# since until then another endpoint can stand in; what comes after so long goes on to the caller with them.
_HELD_S, _HELD_BYTES = 5.0, 1 << 16

# Bytes of an answer that is no stream, and so is kept until it is whole: more than pictures and speech come to. What
# never ends would take the service's memory.
LONGEST_ANSWER = 1 << 28


@dataclass(frozen=True, slots=True)
class Opened:
    """A streamed answer that has begun; ``chunks`` is what comes after ``first``."""

    first: bytes
    response: httpx2.Response
    chunks: Generator[bytes] | AsyncGenerator[bytes]


def receive(transport: httpx2.BaseTransport, plan: Plan, send: Send, headers: Headers, clock: Clock) -> Reply:
    """Send a request and read its reply.

    Returns
    -------
    A whole answer, or a stream after its first event: until then another endpoint can stand in. A connection that
    yields a byte now and then is given up when the try's deadline has passed, which is looked at with each piece.
    """
    try:
        response = transport.handle_request(request_for(plan, send, headers))
        chunks, told = _chunks(response), _told(response)
    except (httpx2.TransportError, KeyMissingError) as error:
        return _failed(error)
    reply = Reply()
    try:
        if _is_stream(told, plan.asked.stream):
            head, until = Head(), clock() + _HELD_S
            while not head.is_known and head.add(next(chunks, b"")) and clock() < until:
                if clock() > send.deadline:
                    return Reply(fault=Fault.TIMEOUT)
            reply = _begun(response, told, head, chunks)
        else:
            whole = bytearray()
            for chunk in chunks:
                whole += chunk
                if (fault := _beyond(len(whole), clock() > send.deadline)) is not None:
                    return Reply(fault=fault)
            reply = judged(response.status_code, told.headers, bytes(whole))
    except httpx2.TransportError as error:
        return _failed(error)
    finally:
        if reply.stream is None:
            chunks.close()
            response.close()
    return reply


async def receive_async(
    transport: httpx2.AsyncBaseTransport, plan: Plan, send: Send, headers: Headers, clock: Clock
) -> Reply:
    """Send a request and read its reply; see :func:`receive`."""
    try:
        response = await transport.handle_async_request(request_for(plan, send, headers))
        chunks, told = _async_chunks(response), _told(response)
    except (httpx2.TransportError, KeyMissingError) as error:
        return _failed(error)
    reply = Reply()
    try:
        if _is_stream(told, plan.asked.stream):
            head, until = Head(), clock() + _HELD_S
            while not head.is_known and head.add(await anext(chunks, b"")) and clock() < until:
                if clock() > send.deadline:
                    return Reply(fault=Fault.TIMEOUT)
            reply = _begun(response, told, head, chunks)
        else:
            whole = bytearray()
            async for chunk in chunks:
                whole += chunk
                if (fault := _beyond(len(whole), clock() > send.deadline)) is not None:
                    return Reply(fault=fault)
            reply = judged(response.status_code, told.headers, bytes(whole))
    except httpx2.TransportError as error:
        return _failed(error)
    finally:
        if reply.stream is None:
            await chunks.aclose()
            await response.aclose()
    return reply


def _beyond(size: int, late: bool) -> Fault | None:
    """Say why no more of a whole answer is waited for; None where it may go on."""
    if late:
        return Fault.TIMEOUT
    return Fault.ENDLESS if size > LONGEST_ANSWER else None


def _chunks(response: httpx2.Response) -> Generator[bytes]:
    """Yield the pieces as they came over the wire, none of them empty."""
    if not isinstance(response.stream, httpx2.SyncByteStream):
        raise TypeError("a sync transport gave an async stream")
    yield from filter(None, response.stream)


async def _async_chunks(response: httpx2.Response) -> AsyncGenerator[bytes]:
    if not isinstance(response.stream, httpx2.AsyncByteStream):
        raise TypeError("an async transport gave a sync stream")
    async for chunk in response.stream:
        if chunk:
            yield chunk


def _told(response: httpx2.Response) -> Reply:
    return Reply(response.status_code, plain_headers(response.headers))


def _is_stream(told: Reply, wanted: bool) -> bool:
    kind = (told.header("content-type") or "").lower()
    # Some hosts call a stream that they were asked for plain text, or nothing.
    named = kind.startswith("text/event-stream") or (wanted and (not kind or kind.startswith("text/plain")))
    # What is compressed, though it was asked not to be, cannot be looked at: it goes to the caller whole, as it is.
    return told.succeeded and told.plain and named


class Head:
    """What a stream begins with, as far as it must be known.

    Attributes
    ----------
    is_known
        Whether an event's data are there, or more than anybody sends before them.
    is_empty
        Whether the stream has ended without any.
    """

    def __init__(self) -> None:
        self.is_known, self.is_empty = False, False
        self._read, self._line = bytearray(), 0

    @property
    def read(self) -> bytes:
        """All that was read."""
        return bytes(self._read)

    def add(self, piece: bytes) -> bool:
        """Add a piece, and say whether there may be more; an empty one is the end."""
        self._read += piece
        # Of a line that is not whole yet, no more than that is looked at again.
        new = bytes(self._read[self._line :])
        self._line += new.rfind(b"\n") + 1
        self.is_known = has_begun(new) or len(self._read) > _HELD_BYTES
        self.is_empty = not piece and not self.is_known and not new.startswith(b"data:")
        return bool(piece)


def _begun(
    response: httpx2.Response, told: Reply, head: Head, chunks: Generator[bytes] | AsyncGenerator[bytes]
) -> Reply:
    status, headers, first = told.status, told.headers, head.read
    if head.is_empty or first_event_is_error(first):
        return Reply(status, headers, first, Fault.EMPTY if head.is_empty else Fault.ERROR)
    return Reply(status, headers, stream=Opened(first, response, chunks))


def _failed(error: httpx2.TransportError | KeyMissingError) -> Reply:
    return Reply(fault=Fault.KEY if isinstance(error, KeyMissingError) else fault_of(error))
