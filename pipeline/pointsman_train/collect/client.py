"""Asking one endpoint: the ``openai`` client, one table of what can go wrong, and when to try again."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

import httpx2
import numpy as np
import openai

from pointsman.dispatch.verdict import retry_after
from pointsman.text import sanitise
from pointsman_train.collect.ask import Answer, Ask
from pointsman_train.collect.endpoints import Endpoint, likely_tokens
from pointsman_train.collect.pace import Pace
from pointsman_train.collect.reach import Reach

log = logging.getLogger(__name__)

MAX_TRIES = 6
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
# An endpoint that asks for a longer wait is not asked again in this run.
LONGEST_RETRY_AFTER_S = 600.0

# For a connection.
_CONNECT_S = 10.0

# More than any model can read or write in one answer.
_MOST_TOKENS = 2**40

# Connections of one pool. A pool looks at all of its connections for every request, so a large one is slow.
_POOL = 8

# Asking again can succeed: too many requests, a conflict, or the server's own trouble.
_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 524, 529})
# The endpoint has too much to do for anybody.
_BUSY = frozenset({429, 503, 529})
# A gateway lost patience; the model behind it may have answered.
_BILLED = frozenset({504, 524})
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.LocalProtocolError)
# The endpoint will refuse every request alike: moved, no key, no money, no access, no such address or model.
_CLOSED = frozenset({301, 302, 307, 308, 401, 402, 403, 404, 405})


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a try failed.

    Attributes
    ----------
    reason
        For the outcomes table. Never holds text from the endpoint, which could echo a key.
    retry
        Whether asking again can succeed.
    closes
        Whether every request to this endpoint will fail alike.
    after
        Seconds that the endpoint asked to wait; None where it did not.
    billed
        Whether the answer may have been made, and billed, though it did not arrive.
    busy
        Whether every request had better wait, not this one alone.
    unreached
        Whether no connection was made.
    """

    reason: str
    retry: bool = True
    closes: bool = False
    after: float | None = None
    billed: bool = False
    busy: bool = False
    unreached: bool = False


class Client:
    """Asks one endpoint within its limits. Make it inside a running event loop; ``close`` it.

    Parameters
    ----------
    endpoint
        What to ask.
    timeout_s
        Of one try.
    rng
        For the jitter of the waits.
    """

    def __init__(self, endpoint: Endpoint, timeout_s: float, rng: np.random.Generator) -> None:
        self.endpoint = endpoint
        self.closed_by: str | None = None
        self._pace = Pace(endpoint.limits)
        self._reach = Reach()
        # A gateway may look at each key that it is sent, so a key of its own header has no bearer beside it.
        bearer = endpoint.api_key_header == "authorization"
        self._options: openai.RequestOptions = {} if bearer else {"headers": {"Authorization": openai.Omit()}}
        self._rng = rng
        self._timeout_s = timeout_s
        pools = -(-endpoint.limits.concurrency // _POOL)
        self._openai = [_client(endpoint, timeout_s) for _ in range(pools)]

    async def close(self) -> None:
        """Close the connections."""
        for client in self._openai:
            await client.close()

    def slot(self) -> AbstractAsyncContextManager[int]:
        """Hold one of the endpoint's places in flight."""
        return self._pace.slot()

    async def ask(self, ask: Ask, slot: int, tried: int = 0) -> Answer:
        """Ask until there is an answer, a fault that no retry mends, or the tries are used up.

        A try that may have been billed ends it as well, with ``lost_usd`` and not final: whoever keeps the budget
        decides whether there is money for another.

        Parameters
        ----------
        slot
            The place in flight that the caller holds.
        tried
            Tries before this call, which count.
        """
        expected = likely_tokens(ask.messages) + int(ask.params["max_tokens"])
        tries = 0
        while True:
            await self._pace.turn(expected)
            if self.closed_by:
                return Answer(error=self.closed_by, final=False, tries=tries)
            tries += 1
            found = self._reached(await self._try(ask, self._openai[slot // _POOL]))
            if isinstance(found, Answer):
                self._pace.settle(expected, (found.input_tokens or 0) + (found.output_tokens or 0))
                return replace(found, tries=tries)
            if found.closes:
                self._shut(found)
            if found.closes or not found.retry or tried + tries >= MAX_TRIES:
                return self._failed(ask, found, tries)
            await self._back_off(found, tried + tries)
            if found.billed:
                return self._failed(ask, found, tries)

    def _reached(self, found: Answer | Fault) -> Answer | Fault:
        """Close the endpoint where nobody has been there for long; another run asks what is missing."""
        if not isinstance(found, Fault) or not found.unreached:
            self._reach.answered()
            return found
        if not self._reach.lost:
            log.warning("%s cannot be reached at %s; trying on", self.endpoint.model, self.endpoint.base_url)
        return replace(found, closes=self._reach.failed())

    def _shut(self, fault: Fault) -> None:
        if self.closed_by is None:
            log.error("%s: %s; nothing more is asked of it in this run", self.endpoint.model, fault.reason)
        self.closed_by = fault.reason

    def _worst(self, ask: Ask) -> float:
        return self.endpoint.worst_cost(ask.messages, int(ask.params["max_tokens"]))

    def _failed(self, ask: Ask, fault: Fault, tries: int) -> Answer:
        lost = self._worst(ask) if fault.billed else 0.0
        return Answer(error=fault.reason, final=not (fault.retry or fault.closes), lost_usd=lost, tries=tries)

    async def _back_off(self, fault: Fault, tries: int) -> None:
        backoff = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (tries - 1))
        wait = float(backoff * self._rng.uniform(0.5, 1.0))
        if fault.after is not None:
            # A little later than asked for: whoever comes on the second is refused again.
            wait = fault.after + 0.05
        if fault.busy:
            self._pace.pause(wait)
        else:
            await asyncio.sleep(wait)

    async def _try(self, ask: Ask, client: openai.AsyncOpenAI) -> Answer | Fault:
        body = {"model": self.endpoint.remote_model, "messages": list(ask.messages), **ask.params}
        started = time.perf_counter()
        try:
            # The client's own low-level call: its typed one spends as long on types as the rest takes together.
            async with asyncio.timeout(self._timeout_s):
                options = self._options
                response = await client.post("/chat/completions", body=body, cast_to=httpx2.Response, options=options)
        except TimeoutError:
            return Fault("no answer in time", billed=True)
        except openai.OpenAIError as error:
            return fault_of(error)
        except httpx2.HTTPError:
            return Fault("the connection broke", billed=True)
        latency = (time.perf_counter() - started) * 1000
        found = parse(response.content)
        if isinstance(found, Fault):
            return found
        read, written = found.input_tokens, found.output_tokens
        if read is None or written is None:
            # What an answer cost is not known, but that it may have cost something is.
            return replace(found, lost_usd=self._worst(ask), latency_ms=latency)
        return replace(found, cost_usd=self.endpoint.cost(read, written), latency_ms=latency)


_MALFORMED = Fault("the answer is not a chat completion", billed=True)


def parse(body: bytes) -> Answer | Fault:
    """Read a chat completion, without its cost.

    Examples
    --------
    >>> parse(b'{"choices": [{"message": {"content": "42"}, "finish_reason": "stop"}]}').text
    '42'
    >>> parse(b"<html>").reason
    'the answer is not a chat completion'
    """
    try:
        reply = json.loads(body)
        choice = reply["choices"][0]
        text, finish = choice["message"].get("content"), choice.get("finish_reason")
        usage = reply.get("usage") or {}
        read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return _MALFORMED
    if not all(isinstance(value, str | None) for value in (text, finish)):
        return _MALFORMED
    if not all(n is None or (isinstance(n, int) and 0 <= n < _MOST_TOKENS) for n in (read, written)):
        return _MALFORMED
    if read == 0:
        # No prompt has none: who counts nothing says 0 of both, and the answer is not free.
        read = written = None
    # A lone surrogate, which JSON can spell, fits no database and no file.
    return Answer(text and sanitise(text), finish and sanitise(finish), read, written)


def _client(endpoint: Endpoint, timeout_s: float) -> openai.AsyncOpenAI:
    key, header = endpoint.key(), endpoint.api_key_header
    # Where nobody answers, less than a try may take: so it is known that the request never left.
    timeout = httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s / 2))
    named = header != "authorization" and endpoint.api_key_env is not None
    # Retries are ours: the client's own would not know the other requests' pauses, nor count what they cost.
    return openai.AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=key,
        default_headers={**endpoint.headers, **({header: key} if named else {})},
        max_retries=0,
        timeout=timeout,
        http_client=httpx2.AsyncClient(limits=httpx2.Limits(max_connections=_POOL), timeout=timeout),
    )


def fault_of(error: openai.OpenAIError) -> Fault:
    """Map the client's errors, in one table.

    Examples
    --------
    >>> fault_of(openai.APIConnectionError(request=httpx2.Request("POST", "http://x"))).reason
    'the connection failed'
    """
    if isinstance(error, openai.APIStatusError):
        return _status_fault(error)
    if isinstance(error, openai.APIConnectionError):
        # A connection that was never made costs nothing; one that broke after the request may have.
        if error.__cause__ is None or isinstance(error.__cause__, _NEVER_SENT):
            return Fault("the connection failed", unreached=True)
        late = isinstance(error, openai.APITimeoutError)
        return Fault("no answer in time" if late else "the connection broke", billed=True)
    return _MALFORMED


def _status_fault(error: openai.APIStatusError) -> Fault:
    status, headers = error.status_code, error.response.headers
    after = retry_after(headers.get("retry-after"), time.time())
    if after is not None and after > LONGEST_RETRY_AFTER_S:
        return Fault(f"http {status}, asks to wait {after:.0f} s", retry=False, closes=True)
    if error.code == "insufficient_quota":
        return Fault(f"http {status}, the quota is used up", retry=False, closes=True)
    return Fault(
        f"http {status}",
        retry=status in _RETRIED,
        closes=status in _CLOSED,
        after=after,
        billed=status in _BILLED,
        busy=status in _BUSY or after is not None,
    )
