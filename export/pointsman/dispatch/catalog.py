"""The serving catalog: which endpoints offer each model, at what price, and what they can and may do."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pointsman.dispatch.errors import CatalogError, KeyMissingError
from pointsman.errors import UnknownModelError

# Names that begin so ask for routing.
ROUTED_PREFIX = "pointsman/"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One OpenAI-compatible endpoint of one model.

    Attributes
    ----------
    model
        As the router and the caller call it.
    provider
        Who runs it; unique among a model's endpoints.
    base_url
        Up to and with ``/v1``.
    remote_model
        What the endpoint calls the model.
    api_key_env
        Environment variable with the key; None where none is needed. The key is read when it is needed, and kept
        nowhere.
    api_key_header
        Header that carries the key: ``authorization`` as a bearer token, any other as it is.
    headers
        Further headers of every request.
    input_per_m, output_per_m, cached_per_m
        USD per million tokens: of the prompt, of the answer, and of the part of the prompt that the provider has
        cached. None where unknown; a cached token then costs what any other does.
    context_window, max_output
        Tokens; None where unknown, and then not checked.
    capabilities
        Of :data:`pointsman.dispatch.needs.CAPABILITIES`. What is not stated is taken for missing.
    parameters
        Settings that it understands; None where unknown.
    apis
        ``chat``, ``responses`` or both.
    collects_data, zdr
        Whether it may keep prompts for its own use, and whether it keeps none of them at all.
    connect_timeout_s, timeout_s
        Seconds that a connection may take, and seconds without a byte of the answer.
    """

    model: str
    provider: str
    base_url: str
    remote_model: str
    api_key_env: str | None = None
    api_key_header: str = "authorization"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    input_per_m: float | None = None
    output_per_m: float | None = None
    cached_per_m: float | None = None
    context_window: int | None = None
    max_output: int | None = None
    capabilities: frozenset[str] = frozenset()
    parameters: frozenset[str] | None = None
    apis: frozenset[str] = frozenset({"chat", "responses"})
    collects_data: bool = True
    zdr: bool = False
    connect_timeout_s: float = 5.0
    timeout_s: float = 300.0

    def takes(self, parameter: str) -> bool:
        """Whether it may be sent a setting: it understands it, or what it understands is not known."""
        return self.parameters is None or parameter in self.parameters

    @property
    def id(self) -> str:
        """``model@provider``, for logs and counters."""
        return f"{self.model}@{self.provider}"

    def key(self) -> str | None:
        """Read the key from the environment; None where none is needed.

        Raises
        ------
        KeyMissingError
            When the variable is not set, or holds what no header can carry.
        """
        if self.api_key_env is None:
            return None
        key = os.environ.get(self.api_key_env, "").strip()
        if not key or not key.isascii() or not key.isprintable():
            state = "holds more than plain ASCII characters" if key else "is not set"
            raise KeyMissingError(f"the environment variable {self.api_key_env!r}, the key of {self.id!r}, {state}")
        return key

    def cost_usd(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float | None:
        """US dollars of one answer; None where a price is unknown.

        Examples
        --------
        >>> Endpoint("m", "p", "http://h/v1", "m", input_per_m=2.0, output_per_m=8.0).cost_usd(1000, 500, 400)
        0.006
        """
        if self.input_per_m is None or self.output_per_m is None:
            return None
        fresh = max(input_tokens - cached_tokens, 0)
        cached_per_m = self.input_per_m if self.cached_per_m is None else self.cached_per_m
        return (fresh * self.input_per_m + cached_tokens * cached_per_m + output_tokens * self.output_per_m) / 1e6


@dataclass(frozen=True, slots=True)
class Catalog:
    """The endpoints of each model, in the order in which they are preferred.

    Attributes
    ----------
    models
        By name; each has an endpoint at least.
    """

    models: Mapping[str, tuple[Endpoint, ...]]

    @classmethod
    def read(cls, path: str | Path) -> Catalog:
        """Read a ``.toml``, ``.json`` or ``.yaml`` file; see :mod:`pointsman.dispatch.catalog_file` for its form.

        Raises
        ------
        CatalogError
            When it cannot be read or an entry is of the wrong form.
        """
        from pointsman.dispatch.catalog_file import read_catalog

        return cls(read_catalog(Path(path)))

    def of(self, model: str) -> tuple[Endpoint, ...]:
        """Return a model's endpoints.

        Raises
        ------
        UnknownModelError
            When the catalog does not have it; the message names the nearest.
        """
        if model not in self.models:
            # Of a very long name the search would take long.
            near = difflib.get_close_matches(model[:200], self.models, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; expected {ROUTED_PREFIX}auto or a catalog's model"
            raise UnknownModelError(f"{model[:100]!r} is not a model of the catalog{hint}")
        return self.models[model]

    def check(self, ladder: Iterable[str]) -> tuple[str, ...]:
        """Check that every model of the ladder can be asked, and every key is there.

        Returns
        -------
        Models of the catalog that are not on the ladder: they can be pinned, and are never chosen.

        Raises
        ------
        CatalogError
            Names the models without an entry, or the variables that are not set.
        """
        ladder = list(ladder)
        missing = [model for model in ladder if model not in self.models]
        if missing:
            raise CatalogError(
                f"the catalog has no endpoint for {missing!r}, models of the router; it has {list(self.models)!r}; "
                "add an entry for each, by the very name"
            )
        for endpoints in self.models.values():
            for endpoint in endpoints:
                try:
                    endpoint.key()
                except KeyMissingError as error:
                    raise CatalogError(f"{error}; set it, or take the endpoint out of the catalog") from error
        return tuple(model for model in self.models if model not in ladder)
