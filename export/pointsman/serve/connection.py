"""Connections of uvicorn that are closed where no request comes: half a header holds no place forever."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """A connection whose requests must have their whole header in time, from the first byte or the opening on.

    Between two requests uvicorn's own time for idle connections counts.
    """

    #: Seconds; a class's own, since uvicorn makes the connections.
    header_s = 60.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._until_header: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting while the header is not whole."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave nothing behind."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._until_header is None:
            self._until_header = self.loop.call_later(self.header_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._until_header is not None:
            self._until_header.cancel()
            self._until_header = None
