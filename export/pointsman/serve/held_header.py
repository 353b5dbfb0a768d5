"""A transport that sends the header of an answer together with what follows it.

uvicorn writes the two one after the other, and each write is a system call and wakes the caller: a twentieth of the
time that the server spends on a request.
"""

from __future__ import annotations

import asyncio
from typing import Any


class HeldHeader:
    """Holds the header of an answer until its body comes, to the end of this turn of the event loop at most.

    All but what writes and closes is the transport's own.
    """

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop, self._held = transport, loop, b""

    def __getattr__(self, name: str) -> Any:
        """Return what the transport has."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send bytes, after what is held; a header alone waits a little."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data.startswith(b"HTTP/1."):
            self._held = data
            self._loop.call_soon(self._send_held)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close, after what is held."""
        self._send_held()
        self._transport.close()

    def _send_held(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)
