"""Asking one endpoint: the ``openai`` client, one table of what can go wrong, and when to try again."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
import numpy as np
import openai

from pointsman_train.collect.ask import Answer, Ask
from pointsman_train.collect.endpoints import Endpoint, likely_tokens
from pointsman_train.collect.pace import Pace

log = logging.getLogger(__name__)

MAX_TRIES = 6
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
LONGEST_RETRY_AFTER_S = 120.0

# Connections of one pool. A pool looks at all of its connections for every request, so a large one is slow.
_POOL = 8

# Asking again can succeed: too many requests, a conflict, or the server's own trouble.
_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# The endpoint will refuse every request alike.
_CLOSED = frozenset({401, 403, 404})


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
    """

    reason: str
    retry: bool = True
    closes: bool = False
    after: float | None = None
    billed: bool = False


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
        self._rng = rng
        self._timeout_s = timeout_s
        pools = -(-endpoint.limits.concurrency // _POOL)
        self._openai = [_client(endpoint, timeout_s) for _ in range(pools)]

    async def close(self) -> None:
        """Close the connections."""
        for client in self._openai:
            await client.close()

    async def ask(self, ask: Ask, tries_left: int = MAX_TRIES) -> Answer:
        """Ask until there is an answer, a fault that no retry mends, or the tries are used up.

        A try that may have been billed ends it as well, with ``lost_usd`` and not final: whoever keeps the budget
        decides whether there is money for another.
        """
        expected = likely_tokens(ask.messages) + int(ask.params["max_tokens"])
        async with self._pace.slot() as slot:
            tries = 0
            while True:
                await self._pace.turn(expected)
                if self.closed_by:
                    return Answer(error=self.closed_by, final=False, tries=tries)
                tries += 1
                found = await self._try(ask, self._openai[slot // _POOL])
                if isinstance(found, Answer):
                    self._pace.settle(expected, (found.input_tokens or 0) + (found.output_tokens or 0))
                    return replace(found, tries=tries)
                if found.closes:
                    self.closed_by = found.reason
                    log.error("%s refuses: %s; nothing more is asked of it", self.endpoint.model, found.reason)
                elif found.retry:
                    self._pace.pause(self._wait(found, tries))
                if found.billed or found.closes or not found.retry or tries >= tries_left:
                    return self._failed(ask, found, tries)

    def _failed(self, ask: Ask, fault: Fault, tries: int) -> Answer:
        lost = self.endpoint.worst_cost(ask.messages, int(ask.params["max_tokens"])) if fault.billed else 0.0
        return Answer(error=fault.reason, final=not (fault.retry or fault.closes), lost_usd=lost, tries=tries)

    def _wait(self, fault: Fault, tries: int) -> float:
        backoff = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (tries - 1))
        if fault.after is not None:
            # A little later than asked for: whoever comes on the second is refused again.
            return min(fault.after, LONGEST_RETRY_AFTER_S) + 0.05
        return float(backoff * self._rng.uniform(0.5, 1.0))

    async def _try(self, ask: Ask, client: openai.AsyncOpenAI) -> Answer | Fault:
        body = {"model": self.endpoint.remote_model, "messages": list(ask.messages), **ask.params}
        started = time.perf_counter()
        try:
            # The client's own low-level call: its typed one spends as long on types as the rest takes together.
            async with asyncio.timeout(self._timeout_s):
                response = await client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        except TimeoutError:
            return Fault("no answer in time", billed=True)
        except openai.OpenAIError as error:
            return fault_of(error)
        except httpx2.HTTPError:
            return Fault("the connection broke", billed=True)
        latency = (time.perf_counter() - started) * 1000
        return self._parse(response.content, latency)

    def _parse(self, body: bytes, latency_ms: float) -> Answer | Fault:
        try:
            reply = json.loads(body)
            choice = reply["choices"][0]
            text, finish = choice["message"].get("content"), choice.get("finish_reason")
            usage = reply.get("usage") or {}
            tokens = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return Fault("the answer is not a chat completion", billed=True)
        if not isinstance(text, str | None) or not all(isinstance(n, int | None) for n in tokens):
            return Fault("the answer is not a chat completion", billed=True)
        read, written = tokens
        cost = None if read is None or written is None else self.endpoint.cost(read, written)
        return Answer(text, finish, read, written, cost, latency_ms=latency_ms)


def _client(endpoint: Endpoint, timeout_s: float) -> openai.AsyncOpenAI:
    # Retries are ours: the client's own would not know the other requests' pauses, nor count what they cost.
    return openai.AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.key(),
        max_retries=0,
        timeout=timeout_s,
        http_client=httpx2.AsyncClient(limits=httpx2.Limits(max_connections=_POOL), timeout=timeout_s),
    )


def fault_of(error: openai.OpenAIError) -> Fault:
    """Map the client's errors, in one table.

    Examples
    --------
    >>> fault_of(openai.APIConnectionError(request=httpx2.Request("POST", "http://x"))).reason
    'the connection failed'
    """
    if isinstance(error, openai.APITimeoutError):
        return Fault("no answer in time", billed=True)
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        after = retry_after(error.response.headers)
        return Fault(f"http {status}", retry=status in _RETRIED, closes=status in _CLOSED, after=after)
    if isinstance(error, openai.APIConnectionError):
        # A connection that was never made costs nothing; one that broke after the request may have.
        sent = not isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
        never = error.__cause__ is None or not sent
        return Fault("the connection failed" if never else "the connection broke", billed=not never)
    return Fault("the answer is not a chat completion", billed=True)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a ``Retry-After`` header, given as a number or as a date; None where there is none to read.

    Examples
    --------
    >>> retry_after({"retry-after": "1.5"})
    1.5
    >>> retry_after({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"})
    0.0
    >>> retry_after({"retry-after": "soon"}) is None
    True
    """
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (_date(value) - datetime.now(UTC)).total_seconds()
        except ValueError:
            return None
    return max(0.0, seconds) if np.isfinite(seconds) else None


def _date(value: str) -> datetime:
    date = parsedate_to_datetime(value)
    return date if date.tzinfo else date.replace(tzinfo=UTC)
