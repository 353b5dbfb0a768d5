"""Endpoints: where a model of the catalog is asked, at what price, and how hard it may be pressed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from pointsman.dispatch import catalog_fields
from pointsman.dispatch.needs import CONVERSATION_TOKENS, MESSAGE_TOKENS
from pointsman_train.collect.ask import Message
from pointsman_train.datasets.catalog import read_entries
from pointsman_train.errors import CollectError, DataError

Value = TypeVar("Value")


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
    """

    model: str
    base_url: str
    remote_model: str
    api_key_env: str | None
    input_per_m: float
    output_per_m: float
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

    A model of the catalog has ``input_per_m`` and ``output_per_m`` and a section ``endpoint`` with ``base_url`` and,
    where wanted, ``model``, ``api_key_env``, ``concurrency``, ``requests_per_minute`` and ``tokens_per_minute``.

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
    names = list(pool) or [name for name, entry in entries.items() if "endpoint" in entry]
    missing = [name for name in names if name not in entries or "endpoint" not in entries[name]]
    if len(set(names)) < len(names):
        raise DataError(f"the pool names a model twice: {names!r}")
    if missing or not names:
        raise DataError(f"{path}: no endpoint for {missing!r}; add a section 'endpoint' with base_url to each model")
    found = [_endpoint(name, entries[name], path) for name in names]
    return sorted(found, key=lambda endpoint: (endpoint.input_per_m + endpoint.output_per_m, endpoint.model))


def _endpoint(name: str, entry: Mapping[str, Any], path: str) -> Endpoint:
    given = entry["endpoint"]
    limits = [field.name for field in fields(Limits)]
    known = {"base_url", "model", "api_key_env", *limits}
    if not isinstance(given, dict) or not set(given) <= known:
        # By name alone: somebody may have put the key itself here.
        got = sorted(map(str, given)) if isinstance(given, dict) else type(given).__name__
        raise DataError(f"{path}: {name!r}: endpoint needs base_url and may have {sorted(known)!r}, got {got!r}")
    where, variable = f"{path}: {name!r}", given.get("api_key_env")
    numbers = {limit: given[limit] for limit in limits if given.get(limit) is not None}
    good = all(isinstance(number, int | float) and number > 0 for number in numbers.values())
    if not good or not isinstance(numbers.get("concurrency", 1), int):
        raise DataError(f"{where}: limits must be numbers above 0, concurrency a whole one, got {numbers!r}")
    return Endpoint(
        model=name,
        base_url=_read(catalog_fields.url, given, "base_url", where),
        remote_model=str(given.get("model", name)),
        api_key_env=None if variable is None else _read(catalog_fields.variable, given, "api_key_env", where),
        input_per_m=_read(catalog_fields.price, entry, "input_per_m", where),
        output_per_m=_read(catalog_fields.price, entry, "output_per_m", where),
        limits=Limits(**numbers),
    )


def _read(read: Callable[[Any], Value], given: Mapping[str, Any], key: str, where: str) -> Value:
    try:
        return read(given.get(key))
    except ValueError as error:
        raise DataError(f"{where}: {key} {error}") from error
