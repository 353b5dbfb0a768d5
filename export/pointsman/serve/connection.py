"""Connections of uvicorn that nobody can hold: neither by half of a request's header, nor by leaving an answer unread.

Requests are parsed in C: in Python that took a sixteenth of what the server adds to a call.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pointsman.serve.held_header import HeldHeader


class Connection(HttpToolsProtocol):
    """A connection; between two requests uvicorn's own time for idle connections counts.

    Attributes
    ----------
    header_s
        Seconds from the opening, or from the first byte after an answer, until a header is whole: as long as the server
        keeps an idle connection. Of the class, since uvicorn makes the connections.
    header_bytes
        Of a header.
    send_s
        Seconds that a caller may leave what was sent unread, after which the connection is cut: what was not sent would
        stay in memory, and hold up the end of the server.
    """

    header_s = 75.0
    header_bytes = 64 << 10
    send_s = 120.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_header = False
        self._told, self._unparsed = 0, 0
        self._until_header: asyncio.TimerHandle | None = None
        self._until_read: asyncio.TimerHandle | None = None
        self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(HeldHeader(transport, self.loop))  # type: ignore[arg-type]
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait while no answer is owed: any byte has ended uvicorn's own waiting, whatever it belongs to."""
        idle = self._idle
        super().data_received(data)
        if self._idle:
            self._wait()
        else:
            self._stop_waiting()
        # Of a name or value that is not whole, the parser has told nothing yet.
        self._unparsed += len(data) if self._in_header and idle else 0
        if self._unparsed > self.header_bytes and not self.transport.is_closing():
            self.send_400_response(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._in_header, self._told, self._unparsed = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        super().on_url(url)
        self._measure(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        super().on_header(name, value)
        self._measure(name, b": ", value, b"\r\n")

    def on_headers_complete(self) -> None:
        """Let the application begin."""
        self._in_header = False
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave nothing behind."""
        self._stop_waiting()
        self._stop_looking()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Look whether the caller reads what is kept for it."""
        super().pause_writing()
        self._look_at_reading()

    def resume_writing(self) -> None:
        """Note that it does."""
        super().resume_writing()
        self._stop_looking()
        self._look_if_closing()

    def on_response_complete(self) -> None:
        """End an answer; of one that ends its connection as well, the rest may be unread."""
        super().on_response_complete()
        self._look_if_closing()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        async def watched(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                # Of an answer that breaks off uvicorn closes the connection next, and says nothing more.
                self.loop.call_soon(self._look_if_closing)

        super()._start_asgi_task(cycle, watched)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection."""
        super().timeout_keep_alive_handler()
        self._look_if_closing()

    def shutdown(self) -> None:
        """End with the server."""
        super().shutdown()
        self._look_if_closing()

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _measure(self, *pieces: bytes) -> None:
        self._told += sum(map(len, pieces))
        if self._told > self.header_bytes:
            # The parser stops, and uvicorn answers with 400.
            raise ValueError(_TOO_LARGE)

    def _wait(self) -> None:
        if self._until_header is None:
            self._until_header = self.loop.call_later(self.header_s, self._give_up)

    def _give_up(self) -> None:
        self.transport.close()
        self._look_if_closing()

    def _stop_waiting(self) -> None:
        if self._until_header is not None:
            self._until_header.cancel()
            self._until_header = None

    def _look_if_closing(self) -> None:
        if self.transport.is_closing():
            self._look_at_reading()

    def _look_at_reading(self) -> None:
        if self._until_read is None:
            self._unread = self.transport.get_write_buffer_size()
            self._until_read = self.loop.call_later(self.send_s, self._looked)

    def _looked(self) -> None:
        self._until_read = None
        unread = self.transport.get_write_buffer_size()
        if unread and unread >= self._unread:
            self.transport.abort()
        elif unread:
            self._look_at_reading()

    def _stop_looking(self) -> None:
        if self._until_read is not None:
            self._until_read.cancel()
            self._until_read = None


_TOO_LARGE = "The request's header is too large."
