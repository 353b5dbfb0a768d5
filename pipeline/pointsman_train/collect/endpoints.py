"""Endpoints: where a model of the catalog is asked, at what price, and how hard it may be pressed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from pointsman.dispatch.catalog_file import endpoints_of, given_of
from pointsman.dispatch.errors import CatalogError
from pointsman.dispatch.needs import CONVERSATION_TOKENS, MESSAGE_TOKENS
from pointsman_train.collect.ask import Message
from pointsman_train.datasets.catalog import read_entries
from pointsman_train.errors import CollectError, DataError

_PRICES = ("input_per_m", "output_per_m")
_WHERE = ("endpoint", "endpoints")


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard an endpoint may be pressed.

    Attributes
    ----------
    concurrency
        Requests in flight.
    requests_per_minute, tokens_per_minute
        None is no limit. Tokens are those of prompt and answer together.
    """

    concurrency: int = 8
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint for one model.

    Attributes
    ----------
    model
        As the outcomes table calls it.
    base_url
        Up to and with ``/v1``.
    remote_model
        What the endpoint calls the model.
    api_key_env
        Environment variable with the key; None where none is needed. The key itself is read when it is needed and is
        written nowhere.
    input_per_m, output_per_m
        USD per million tokens.
    api_key_header
        Header that carries the key: ``authorization`` as a bearer token, any other as it is.
    headers
        Further headers of every request.
    """

    model: str
    base_url: str
    remote_model: str
    api_key_env: str | None
    input_per_m: float
    output_per_m: float
    api_key_header: str = "authorization"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    limits: Limits = Limits()

    def key(self) -> str:
        """Read the key from the environment.

        Raises
        ------
        CollectError
            When the variable is not set, or holds what no header can carry.
        """
        if self.api_key_env is None:
            return "none"
        key = os.environ.get(self.api_key_env, "").strip()
        if not key:
            raise CollectError(f"the environment variable {self.api_key_env!r}, the key of {self.model!r}, is not set")
        if not key.isascii() or not key.isprintable():
            raise CollectError(f"the environment variable {self.api_key_env!r} holds more than plain ASCII characters")
        return key

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """US dollars of one answer."""
        return (input_tokens * self.input_per_m + output_tokens * self.output_per_m) / 1e6

    def worst_cost(self, messages: Sequence[Message], max_tokens: int) -> float:
        """Most that one answer can cost: a token is at least a byte, and the output is as long as it may be."""
        return self.cost(most_tokens(messages), max_tokens)


def most_tokens(messages: Sequence[Message]) -> int:
    """Upper bound of the prompt's tokens.

    Examples
    --------
    >>> most_tokens([{"role": "user", "content": "hello"}])
    153
    """
    return _bytes(messages) + MESSAGE_TOKENS * len(messages) + CONVERSATION_TOKENS


def likely_tokens(messages: Sequence[Message]) -> int:
    """Estimate the prompt's tokens: about four bytes each."""
    return (_bytes(messages) + MESSAGE_TOKENS * len(messages)) // 4 + 1


def _bytes(messages: Sequence[Message]) -> int:
    return len("".join(str(value) for message in messages for value in message.values()).encode("utf-8", "replace"))


def read_endpoints(path: str, pool: Sequence[str]) -> list[Endpoint]:
    """Read the endpoints of a pool from a catalog, cheapest first.

    The catalog is that of the runtime, see :mod:`pointsman.dispatch.catalog_file`, where an endpoint may have
    ``concurrency``, ``requests_per_minute`` and ``tokens_per_minute`` as well. Of a model's several endpoints the
    first that speaks chat is asked.

    Parameters
    ----------
    pool
        Models to ask; empty is every model of the catalog that has an endpoint.

    Raises
    ------
    DataError
        When the catalog cannot be read, a model of the pool is not in it, or an entry is of the wrong form.
    """
    entries = read_entries(path)
    names = list(pool) or [name for name, entry in entries.items() if _says_where(entry)]
    missing = [name for name in names if name not in entries or not _says_where(entries[name])]
    if len(set(names)) < len(names):
        raise DataError(f"the pool names a model twice: {names!r}")
    if missing or not names:
        raise DataError(f"{path}: no endpoint for {missing!r}; add a section 'endpoint' with base_url to each model")
    found = [_endpoint(name, entries[name], f"{path}: {name!r}") for name in names]
    return sorted(found, key=lambda endpoint: (endpoint.input_per_m + endpoint.output_per_m, endpoint.model))


def _says_where(entry: Mapping[str, Any]) -> bool:
    return any(entry.get(key) is not None for key in _WHERE)


def _endpoint(name: str, entry: Mapping[str, Any], where: str) -> Endpoint:
    # What else stands there is of serving alone, and may be of any form here.
    entry = {key: entry[key] for key in (*_PRICES, *_WHERE) if key in entry}
    try:
        given, served = given_of(entry, where), list(endpoints_of(name, entry, where))
    except CatalogError as error:
        raise DataError(str(error)) from error
    at = next((k for k, one in enumerate(served) if "chat" in one.apis), None)
    if at is None:
        raise DataError(f"{where}: none of {len(served)} endpoints has 'chat' among its apis, by which it is asked")
    one = served[at]
    return Endpoint(
        model=name,
        base_url=one.base_url,
        remote_model=one.remote_model,
        api_key_env=one.api_key_env,
        input_per_m=_price(one.input_per_m, "input_per_m", where),
        output_per_m=_price(one.output_per_m, "output_per_m", where),
        api_key_header=one.api_key_header,
        headers=one.headers,
        limits=_limits(given[at], where),
    )


def _limits(given: Mapping[str, Any], where: str) -> Limits:
    numbers = {field.name: given[field.name] for field in fields(Limits) if given.get(field.name) is not None}
    good = all(isinstance(number, int | float) and number > 0 for number in numbers.values())
    if not good or not isinstance(numbers.get("concurrency", 1), int):
        raise DataError(f"{where}: limits must be numbers above 0, concurrency a whole one, got {numbers!r}")
    return Limits(**numbers)


def _price(price: float | None, key: str, where: str) -> float:
    if price is None:
        raise DataError(f"{where}: {key} is None, expected US dollars per million tokens, 0 or more")
    return price
