"""A streamed answer on its way to the caller: every byte as it came, and a note of how it ended.

But for the event that the caller did not ask for: see :mod:`pointsman.dispatch.stream_usage`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator

import httpx2

from pointsman.dispatch.attempts import Ended
from pointsman.dispatch.core import Dispatcher
from pointsman.dispatch.plan import Plan
from pointsman.dispatch.stream_usage import Hider
from pointsman.dispatch.upstream import fault_of
from pointsman.dispatch.usage import Tap
from pointsman.dispatch.verdict import Fault


class Passing:
    """Watches a stream pass by, and tells the dispatcher how it ended, once."""

    def __init__(self, core: Dispatcher, plan: Plan, ended: Ended, status: int, first: bytes) -> None:
        self._core, self._plan, self._ended, self._status = core, plan, ended, status
        self.first, self._began = first, core.clock()
        self._tap = Tap()
        self._hider = None if plan.stream_options is None else Hider()
        self._over = False

    def passed(self, chunk: bytes) -> bytes:
        """Note a piece, and return what of it goes to the caller."""
        self._tap.feed(chunk)
        return chunk if self._hider is None else self._hider.feed(chunk)

    def rest(self) -> bytes:
        """Return what is still to go to the caller at the end."""
        return b"" if self._hider is None else self._hider.end()

    def hung_up(self) -> None:
        """Note that the caller does not read on: it went away, unless it has seen the last event."""
        self.over(None if self._tap.complete or self._tap.failed else "caller went away")

    def broke(self, error: httpx2.TransportError) -> None:
        """Note that the upstream's connection failed."""
        if not self._over:
            self._core.cut_off(self._ended)
        self.over(fault_of(error).value)

    def over(self, error: str | None = None) -> None:
        """Note the end; what comes after the first call does not count."""
        if self._over:
            return
        self._over = True
        self._tap.end()
        if error is None:
            error = self._fault()
            (self._core.came_to_its_end if error is None else self._core.cut_off)(self._ended)
        self._core.finished(
            self._plan,
            self._ended,
            self._status,
            self._tap.usage,
            first_byte=self._began,
            error=error,
            response_id=self._tap.response_id,
            events=self._tap.events,
        )

    def _fault(self) -> str | None:
        """Say what was wrong with a stream that the connection brought whole."""
        if self._tap.failed:
            return Fault.ERROR.value
        return None if self._tap.finished else Fault.CUT.value


class PassingStream(httpx2.SyncByteStream):
    """The stream of an upstream, the first piece of which was read already."""

    def __init__(self, passing: Passing, response: httpx2.Response, chunks: Generator[bytes]) -> None:
        self._passing, self._response, self._chunks = passing, response, chunks

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces; an error of the upstream's connection is the caller's too."""
        try:
            if piece := self._passing.passed(self._passing.first):
                yield piece
            for chunk in self._chunks:
                if piece := self._passing.passed(chunk):
                    yield piece
            if piece := self._passing.rest():
                yield piece
        except httpx2.TransportError as error:
            self._passing.broke(error)
            raise
        self._passing.over()

    def close(self) -> None:
        """Stop the upstream's request; another thread may be reading."""
        self._passing.hung_up()
        self._response.close()


class AsyncPassingStream(httpx2.AsyncByteStream):
    """The same, for an event loop."""

    def __init__(self, passing: Passing, response: httpx2.Response, chunks: AsyncGenerator[bytes]) -> None:
        self._passing, self._response, self._chunks = passing, response, chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces; an error of the upstream's connection is the caller's too."""
        try:
            if piece := self._passing.passed(self._passing.first):
                yield piece
            async for chunk in self._chunks:
                if piece := self._passing.passed(chunk):
                    yield piece
            if piece := self._passing.rest():
                yield piece
        except httpx2.TransportError as error:
            self._passing.broke(error)
            raise
        self._passing.over()

    async def aclose(self) -> None:
        """Stop the upstream's request; another task may be reading."""
        self._passing.hung_up()
        await self._response.aclose()
