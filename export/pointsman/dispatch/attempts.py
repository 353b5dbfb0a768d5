"""Which endpoint is asked next, and when: a state machine that does no I/O, for threads and for event loops alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np

from pointsman.dispatch.catalog import Endpoint
from pointsman.dispatch.health import Health
from pointsman.dispatch.order import Groups
from pointsman.dispatch.settings import Retries
from pointsman.dispatch.verdict import Fault, Reply, Then, Verdict, verdict_on

# A caller that leaves after so much of the time that it had said it would wait has not changed its mind.
_PATIENT = 0.9
# Nor has one that leaves after so many seconds without an answer.
_SILENT_S = 30.0
# But of an endpoint nobody can ask to answer sooner: else one hasty caller would have it left alone for all.
_FAIR_S = 10.0


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request to an endpoint, and hand back the reply; seconds, and the deadline of this try by the clock."""

    endpoint: Endpoint
    connect_timeout_s: float
    timeout_s: float
    deadline: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait, and hand back nothing."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Try:
    """One try, for the record.

    Attributes
    ----------
    model, provider
        Who was asked.
    outcome
        In words that hold nothing an upstream said.
    status
        HTTP status; None where none came, or nothing was sent.
    seconds
        To the first byte of a stream, or the last of another answer.
    """

    model: str
    provider: str
    outcome: str
    status: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended.

    Attributes
    ----------
    reply, endpoint
        What is handed to the caller, and whose it is; None where nobody answered.
    tries
        In their order.
    timed_out
        Whether the deadline ended it.
    wait_s
        Where nobody answered: seconds after which it is worth while to ask again.
    """

    reply: Reply | None
    endpoint: Endpoint | None
    tries: tuple[Try, ...]
    timed_out: bool = False
    wait_s: float | None = None


class CallerGone(Exception):
    """Thrown into :func:`attempts` where it waits for a reply that nobody waits for any more."""


@dataclass(slots=True)
class _Turn:
    """An endpoint that may still be asked, from ``ready`` on."""

    endpoint: Endpoint
    place: int
    ready: float = float("-inf")
    tried: int = 0


@dataclass(slots=True)
class _Run:
    retries: Retries
    health: Health
    clock: Callable[[], float]
    rng: np.random.Generator
    deadline: float
    read_s: float | None
    tries: list[Try] = field(default_factory=list)

    def left(self) -> float:
        return self.deadline - self.clock()

    def note(self, endpoint: Endpoint, outcome: str, status: int | None = None, since: float | None = None) -> None:
        seconds = 0.0 if since is None else self.clock() - since
        self.tries.append(Try(endpoint.model, endpoint.provider, outcome, status, round(seconds, 6)))

    def given_up(self, endpoint: Endpoint, since: float) -> None:
        """Note a try that the caller did not wait for: where it had waited for long, that is the endpoint's failure."""
        self.note(endpoint, "no answer when the caller left", since=since)
        waited = self.clock() - since
        if waited >= max(min(self.patience, _SILENT_S), _FAIR_S):
            self.health.failed(endpoint, waited)

    @property
    def patience(self) -> float:
        return math.inf if self.read_s is None else _PATIENT * self.read_s

    def failed(self, endpoint: Endpoint, reply: Reply, since: float) -> None:
        """Note that an endpoint did not do its work, unless it was only slower than a hasty caller wanted."""
        if reply.fault is not Fault.TIMEOUT:
            self.health.failed(endpoint)
            return
        waited = self.clock() - since
        if not self.patience <= waited < _FAIR_S:
            self.health.failed(endpoint, waited)

    def delay(self, turn: _Turn, verdict: Verdict) -> float:
        if verdict.after_s is not None:
            return verdict.after_s
        whole = min(self.retries.first_backoff_s * 2 ** (turn.tried - 1), self.retries.longest_backoff_s)
        return float(whole * (0.5 + 0.5 * self.rng.random()))


def attempts(
    groups: Groups,
    retries: Retries,
    health: Health,
    clock: Callable[[], float],
    rng: np.random.Generator,
    *,
    deadline: float,
    read_s: float | None = None,
) -> Generator[Send | Wait, Reply | None, Ended]:
    """Go through endpoints until one answers.

    All endpoints of a model are asked, each again after its wait, then those of the next model. An endpoint whose
    circuit is open is passed over.

    Parameters
    ----------
    groups
        Endpoints of each model, in order; see :func:`pointsman.dispatch.order.ordered`.
    rng
        For the random half of the waits.
    deadline
        By the clock.
    read_s
        Seconds without a byte that the caller allows; None leaves it to the endpoint.

    Yields
    ------
    :class:`Send`, to be answered with a :class:`Reply`, or :class:`Wait`. Where :class:`CallerGone` is thrown in, it
    ends with the tries so far.
    """
    run = _Run(retries, health, clock, rng, deadline, read_s)
    try:
        for group in groups:
            ended = yield from _ask_model(group, run)
            if ended is not None:
                return ended
            if run.left() <= 0:
                break
    except CallerGone:
        return Ended(None, None, tuple(run.tries))
    wait = min((health.opens_in(endpoint) for group in groups for endpoint in group), default=0.0)
    return Ended(None, None, tuple(run.tries), timed_out=run.left() <= 0, wait_s=wait or None)


def _ask_model(group: tuple[Endpoint, ...], run: _Run) -> Generator[Send | Wait, Reply | None, Ended | None]:
    live = [_Turn(endpoint, place) for place, endpoint in enumerate(group)]
    while live:
        turn = min(live, key=lambda turn: (turn.ready, turn.place))
        pause = turn.ready - run.clock()
        if run.left() <= max(pause, 0.0):
            return None
        if pause > 0:
            yield Wait(pause)
            # Timers may fire a little early, when the endpoint would still be at rest: look again.
            continue
        if not run.health.admits(turn.endpoint):
            run.note(turn.endpoint, "left alone: it failed or asked for rest")
            live.remove(turn)
            continue
        ended = yield from _ask_endpoint(turn, live, run)
        if ended is not None:
            return ended
    return None


def _ask_endpoint(turn: _Turn, live: list[_Turn], run: _Run) -> Generator[Send | Wait, Reply | None, Ended | None]:
    endpoint, since = turn.endpoint, run.clock()
    longest_s = min(run.left(), run.retries.longest_try_s or math.inf)
    timeout_s = min(endpoint.timeout_s, run.read_s or endpoint.timeout_s, longest_s)
    try:
        reply = yield Send(endpoint, min(endpoint.connect_timeout_s, longest_s), timeout_s, since + longest_s)
    except CallerGone:
        run.given_up(endpoint, since)
        raise
    if reply is None:
        raise TypeError("a Send is answered with a Reply, got None")
    turn.tried += 1
    verdict = verdict_on(reply)
    run.note(endpoint, verdict.words, reply.status, since)
    if verdict.healthy:
        # A caller's error comes back at once, and says nothing of how fast answers are.
        answered = reply.status is not None and reply.status < 400
        seconds = run.clock() - since if answered else None
        if reply.stream is None:
            run.health.succeeded(endpoint, seconds)
        elif seconds is not None:
            # Whether it did its work shows at the stream's end.
            run.health.began(endpoint, seconds)
    elif verdict.healthy is False:
        run.failed(endpoint, reply, since)
    if verdict.after_s is not None:
        run.health.rest(endpoint, verdict.after_s)
    if verdict.then is Then.RETURN:
        return Ended(reply, endpoint, tuple(run.tries))
    delay = run.delay(turn, verdict)
    if verdict.then is Then.LEAVE or turn.tried >= run.retries.tries or delay > run.retries.longest_retry_after_s:
        live.remove(turn)
    else:
        turn.ready = run.clock() + delay
    return None
