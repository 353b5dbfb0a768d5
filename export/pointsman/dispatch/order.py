"""In which order endpoints are asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pointsman.dispatch.catalog import Endpoint
from pointsman.dispatch.controls import Preferences
from pointsman.dispatch.health import Health

# The endpoints of one model, and the models one after another.
Groups: TypeAlias = tuple[tuple[Endpoint, ...], ...]


def ordered(
    ranking: Sequence[str],
    endpoints: Mapping[str, Sequence[Endpoint]],
    wish: Preferences,
    health: Health,
    provider: str | None = None,
    *,
    owned: bool = False,
) -> Groups:
    """Put endpoints into the order in which they are asked.

    Models come in the ranking's order: all of a model's endpoints are asked before the next model. Within a model,
    endpoints that are left alone now come last; then the providers that the request names come first, in its order;
    then the provider that answered the session before; then what ``sort`` asks for, and the catalog's order at last.

    Parameters
    ----------
    ranking
        Models, the chosen one first.
    endpoints
        Of each model, those that may answer.
    provider
        That has the session's conversation in its cache.
    owned
        Whether that provider alone can answer: what another would say of the conversation is that there is none.

    Returns
    -------
    The endpoints of each model. One endpoint alone, the first, where fallbacks are not allowed.
    """
    groups = tuple(_sorted(endpoints[model], wish, health, provider) for model in ranking)
    if owned:
        there = (tuple(one for one in group if one.provider == provider) for group in groups)
        groups = tuple(group for group in there if group) or groups
    return groups if wish.allow_fallbacks else (groups[0][:1],)


def first_of(endpoints: Mapping[str, Sequence[Endpoint]], wish: Preferences, health: Health) -> dict[str, Endpoint]:
    """Return the endpoint of each model that would be asked first, had that model been chosen."""
    return {model: _sorted(found, wish, health, None)[0] for model, found in endpoints.items()}


def _sorted(
    endpoints: Sequence[Endpoint], wish: Preferences, health: Health, provider: str | None
) -> tuple[Endpoint, ...]:
    if len(endpoints) == 1:
        return tuple(endpoints)

    def rank(endpoint: Endpoint) -> tuple[bool, float, bool, float]:
        named = wish.order.index(endpoint.provider) if endpoint.provider in wish.order else math.inf
        status = health.status(endpoint)
        return status.open, named, endpoint.provider != provider, _by(wish.sort, endpoint, health)

    return tuple(sorted(endpoints, key=rank))


def _by(sort: str | None, endpoint: Endpoint, health: Health) -> float:
    """Return what is sorted by, smallest first.

    What was not measured yet comes first, so that it will be; a price that is not known comes last.
    """
    if sort is None:
        return 0.0
    if sort == "price":
        price = endpoint.cost_usd(1, 1)
        return math.inf if price is None else price
    status = health.status(endpoint)
    if sort == "latency":
        return -math.inf if status.latency_s is None else status.latency_s
    return -math.inf if status.throughput is None else -status.throughput
