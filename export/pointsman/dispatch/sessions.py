"""Sessions: a conversation stays with its model, because a switch loses the provider's prompt cache."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from pointsman.dispatch.catalog import Endpoint
from pointsman.dispatch.choose import Choice


@dataclass(frozen=True, slots=True)
class Session:
    """Where a conversation stands.

    Attributes
    ----------
    model
        That it stays with.
    provider
        That answered last; None until one has.
    """

    model: str
    provider: str | None = None


class SessionTable(Protocol):
    """Where conversations stand: in memory, or in a file."""

    def get(self, key: str) -> Session | None:
        """Return a session that is not forgotten."""

    def settle(self, key: str, seen: Session | None, wanted: Session) -> Session:
        """Note where a session goes from here, unless another request was faster; see :func:`settled`."""

    def answered(self, key: str, endpoint: Endpoint) -> None:
        """Note which endpoint answered: a fallback's answer makes the session the fallback's."""


def settled(now: Session | None, seen: Session | None, wanted: Session) -> Session:
    """Return where a session goes from here.

    Two requests of one session at once must not split it, so what counts is the session that this one decided on: if it
    is another by now, the other's stays.

    Parameters
    ----------
    now
        The session as it is.
    seen
        As it was when this request was decided.
    wanted
        What this request would make of it.
    """
    same = seen is not None and now is not None and now.model == seen.model
    return wanted if now is None or same else now if now.model != wanted.model else wanted


class Sessions:
    """A bounded table of sessions, safe between threads.

    Parameters
    ----------
    idle_s
        Seconds without a request after which a session is forgotten.
    most
        Sessions kept; the least recently used are forgotten first.
    clock
        Seconds that only go forward.
    """

    def __init__(self, idle_s: float, most: int, clock: Callable[[], float]) -> None:
        self._idle_s, self._most, self._clock = idle_s, most, clock
        self._lock = threading.Lock()
        self._table: OrderedDict[str, tuple[float, Session]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._table)

    def get(self, key: str) -> Session | None:
        """Return a session that is not forgotten."""
        with self._lock:
            return self._live(key)

    def settle(self, key: str, seen: Session | None, wanted: Session) -> Session:
        """Note where a session goes from here, unless another request was faster; see :func:`settled`."""
        with self._lock:
            now = settled(self._live(key), seen, wanted)
            self._put(key, now)
            return now

    def answered(self, key: str, endpoint: Endpoint) -> None:
        """Note which endpoint answered: a fallback's answer makes the session the fallback's."""
        with self._lock:
            self._put(key, Session(endpoint.model, endpoint.provider))

    def _live(self, key: str) -> Session | None:
        found = self._table.get(key)
        if found is None:
            return None
        if self._clock() - found[0] > self._idle_s:
            del self._table[key]
            return None
        return found[1]

    def _put(self, key: str, session: Session) -> None:
        self._table[key] = (self._clock(), session)
        self._table.move_to_end(key)
        while len(self._table) > self._most:
            self._table.popitem(last=False)


def held(choice: Choice, session: Session, margin: float, cache_utility: float) -> Choice:
    """Stay with the session's model, unless the new choice leads it by more than a margin.

    Parameters
    ----------
    choice
        What would be chosen without the session.
    session
        Its model; where that may not answer any more, the choice stands.
    margin
        Lead in utility that a switch needs.
    cache_utility
        What the prompt cache is worth, in units of utility; see :func:`cache_worth`.
    """
    if session.model == choice.model or session.model not in choice.ranking:
        return choice
    if not choice.signal:
        # "Thanks" or an unfamiliar turn is no evidence against the model that knows the conversation.
        return _stay(choice, session)
    lead = choice.utilities[choice.model] - choice.utilities[session.model]
    return choice if lead > margin + cache_utility else _stay(choice, session)


def _stay(choice: Choice, session: Session) -> Choice:
    return replace(choice.moved(session.model, "held by the session"), probability=None)


def cache_worth(endpoint: Endpoint, tokens: int, lam: float, cost_scale: float) -> float:
    """Compute what staying saves, in units of utility: ``lam * tokens * (input - cached price) / 1e6 / cost_scale``.

    Parameters
    ----------
    endpoint
        That has the conversation in its cache. Where its price of cached tokens is not known, half of a prompt's is
        taken for it.
    tokens
        Of the conversation so far.
    lam
        Price of cost in the decision rule.
    cost_scale
        US dollars of one unit of relative cost.

    Examples
    --------
    >>> endpoint = Endpoint("m", "p", "http://h/v1", "m", input_per_m=2.0, cached_per_m=0.5)
    >>> round(cache_worth(endpoint, 10_000, lam=0.2, cost_scale=0.05), 3)
    0.06
    """
    if endpoint.input_per_m is None or cost_scale <= 0:
        return 0.0
    cached_per_m = endpoint.input_per_m / 2 if endpoint.cached_per_m is None else endpoint.cached_per_m
    saved = tokens * max(endpoint.input_per_m - cached_per_m, 0.0) / 1e6
    return lam * saved / cost_scale
