"""How each endpoint does: a circuit breaker, and moving averages of latency and throughput."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from pointsman.dispatch.catalog import Endpoint
from pointsman.dispatch.settings import Breaker

# Weight of the newest measurement in a moving average: about the last ten count.
_WEIGHT = 0.2
# Older averages count as not measured, so that an endpoint that was slow once is tried again.
_FORGOTTEN_S = 300.0


@dataclass(slots=True)
class _State:
    failures: int = 0
    resting_until: float = float("-inf")
    latency_s: float | None = None
    throughput: float | None = None
    measured: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Status:
    """How an endpoint does now.

    Attributes
    ----------
    failures
        In a row.
    open
        Whether it is left alone.
    latency_s
        Seconds to the first byte of the answer; None where it was not measured in the last five minutes.
    throughput
        Tokens of the answer a second; None likewise.
    """

    failures: int
    open: bool
    latency_s: float | None
    throughput: float | None


class Health:
    """What is known of all endpoints, by their ``id``. Safe between threads; no more is kept than the catalog has.

    Parameters
    ----------
    breaker
        When an endpoint is left alone.
    clock
        Seconds that only go forward.
    """

    def __init__(self, breaker: Breaker, clock: Callable[[], float]) -> None:
        self._breaker, self._clock = breaker, clock
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def admits(self, endpoint: Endpoint) -> bool:
        """Say whether an endpoint may be asked now, and count this as the one try where it is on trial.

        After a cooldown one request may try. Whoever gets this permission starts the next cooldown with it, so a try
        that is never heard of again blocks nothing for longer than that.
        """
        with self._lock:
            state = self._of(endpoint)
            if self._clock() < state.resting_until:
                return False
            if state.failures >= self._breaker.failures:
                state.resting_until = self._clock() + self._breaker.cooldown_s
            return True

    def succeeded(self, endpoint: Endpoint, latency_s: float | None) -> None:
        """Note that an endpoint did its work, and the seconds to the first byte; None where they mean nothing."""
        with self._lock:
            state = self._of(endpoint)
            state.failures, state.resting_until = 0, float("-inf")
            if latency_s is not None:
                self._timed(state, latency_s)

    def began(self, endpoint: Endpoint, latency_s: float) -> None:
        """Note the seconds to the first byte of a stream, whose end is not known yet."""
        with self._lock:
            self._timed(self._of(endpoint), latency_s)

    def failed(self, endpoint: Endpoint, silent_s: float | None = None) -> None:
        """Note that an endpoint did not do its work, and the seconds that it was waited for in vain."""
        with self._lock:
            state = self._of(endpoint)
            state.failures += 1
            if silent_s is not None:
                self._timed(state, silent_s)
            if state.failures >= self._breaker.failures:
                state.resting_until = max(state.resting_until, self._clock() + self._breaker.cooldown_s)

    def rest(self, endpoint: Endpoint, seconds: float) -> None:
        """Leave an endpoint alone for as long as it asked for, within reason."""
        with self._lock:
            state = self._of(endpoint)
            until = self._clock() + min(seconds, self._breaker.longest_rest_s)
            state.resting_until = max(state.resting_until, until)

    def produced(self, endpoint: Endpoint, tokens: int, seconds: float) -> None:
        """Note the length of an answer and the seconds that it took."""
        if tokens > 0 and seconds > 0:
            with self._lock:
                state = self._of(endpoint)
                self._measuring(state)
                state.throughput = _mixed(state.throughput, tokens / seconds)

    def status(self, endpoint: Endpoint) -> Status:
        """Return how an endpoint does, without counting as a try."""
        with self._lock:
            state, now = self._of(endpoint), self._clock()
            fresh = now - state.measured <= _FORGOTTEN_S
            latency_s, throughput = (state.latency_s, state.throughput) if fresh else (None, None)
            return Status(state.failures, now < state.resting_until, latency_s, throughput)

    def opens_in(self, endpoint: Endpoint) -> float:
        """Seconds until an endpoint may be asked, 0 where it may be now."""
        with self._lock:
            return max(self._of(endpoint).resting_until - self._clock(), 0.0)

    def _timed(self, state: _State, latency_s: float) -> None:
        self._measuring(state)
        state.latency_s = _mixed(state.latency_s, latency_s)

    def _measuring(self, state: _State) -> None:
        now = self._clock()
        if now - state.measured > _FORGOTTEN_S:
            state.latency_s = state.throughput = None
        state.measured = now

    def _of(self, endpoint: Endpoint) -> _State:
        return self._states.setdefault(endpoint.id, _State())


def _mixed(average: float | None, new: float) -> float:
    return new if average is None else (1 - _WEIGHT) * average + _WEIGHT * new
