"""Pacing one endpoint: requests in flight, requests and tokens a minute, and pauses that the endpoint asks for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pointsman_train.collect.endpoints import Limits

_MINUTE = 60.0
# A burst of this many seconds' worth may go out at once; the rest is spread.
_BURST_SECONDS = 2.0


@dataclass(slots=True)
class Bucket:
    """A token bucket: never more than so much in any minute, with a small burst; debts are waited for.

    Parameters
    ----------
    per_minute
        Refill.
    clock
        Seconds, monotonic.

    Examples
    --------
    >>> now = [0.0]
    >>> bucket = Bucket(60, clock=lambda: now[0])
    >>> [round(bucket.delay(1), 2) for _ in range(4)]
    [0.0, 0.0, 1.02, 2.03]
    """

    per_minute: float
    clock: Callable[[], float] = time.monotonic
    _level: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        """Start full."""
        self._level = self._capacity
        self._at = self.clock()

    @property
    def _capacity(self) -> float:
        return max(1.0, self.per_minute * _BURST_SECONDS / _MINUTE)

    @property
    def _rate(self) -> float:
        """Refill a second. A burst is part of its minute, or the first minute would see more than is allowed."""
        return (self.per_minute - (self._capacity - 1)) / _MINUTE

    def delay(self, amount: float) -> float:
        """Take an amount and return the seconds to wait before using it."""
        now = self.clock()
        self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
        self._at = now
        self._level -= amount
        return max(0.0, -self._level / self._rate)

    def give_back(self, amount: float) -> None:
        """Return what was taken and not used."""
        self._level = min(self._capacity, self._level + amount)


class Pace:
    """Lets requests to one endpoint through.

    Parameters
    ----------
    limits
        Of the endpoint.
    """

    def __init__(self, limits: Limits) -> None:
        self._slots: asyncio.Queue[int] = asyncio.Queue()
        for slot in range(limits.concurrency):
            self._slots.put_nowait(slot)
        self._requests = Bucket(limits.requests_per_minute) if limits.requests_per_minute else None
        self._tokens = Bucket(limits.tokens_per_minute) if limits.tokens_per_minute else None
        self._open_at = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[int]:
        """Hold one of the places in flight, by its number, until the answer is kept."""
        slot = await self._slots.get()
        try:
            yield slot
        finally:
            self._slots.put_nowait(slot)

    async def turn(self, tokens: float) -> None:
        """Wait until one more request of about so many tokens may go out."""
        await self._opened()
        delays = [
            self._requests.delay(1) if self._requests else 0.0,
            self._tokens.delay(tokens) if self._tokens else 0.0,
        ]
        if max(delays):
            await asyncio.sleep(max(delays))
            await self._opened()

    async def _opened(self) -> None:
        while (wait := self._open_at - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    def settle(self, expected: float, used: float) -> None:
        """Correct the tokens taken by :meth:`turn` to those used."""
        if self._tokens:
            self._tokens.give_back(expected - used)

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long: what one request was told holds for all of the endpoint."""
        self._open_at = max(self._open_at, time.monotonic() + seconds)
