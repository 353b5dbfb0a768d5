"""The catalog's file: a mapping of models, in TOML, JSON or YAML.

A file for ``pointsman-collect`` is a catalog here as well; what that command needs and this does not is left alone::

    ["openai/small"]                        # a model, as the router calls it
    input_per_m = 0.1                       # USD per million tokens
    output_per_m = 0.4
    context_window = 128000
    capabilities = ["tools", "json_schema"]
    endpoint = {base_url = "https://api.example.com/v1", model = "small-2026", api_key_env = "EXAMPLE_KEY"}

In the place of ``endpoint`` a model may have ``endpoints``, a list. What stands beside them holds for each endpoint
that does not say otherwise.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pointsman.dispatch import catalog_fields as fields
from pointsman.dispatch.catalog import ROUTED_PREFIX, Endpoint
from pointsman.dispatch.content import parsed
from pointsman.dispatch.errors import CatalogError

# What may stand beside the endpoints, for all of them.
_SHARED: Mapping[str, Callable[[Any], Any]] = {
    "input_per_m": fields.price,
    "output_per_m": fields.price,
    "cached_per_m": fields.price,
    "context_window": fields.count,
    "max_output": fields.count,
    "capabilities": fields.capabilities,
    "parameters": fields.names,
    "collects_data": fields.flag,
    "zdr": fields.flag,
}
_OWN: Mapping[str, Callable[[Any], Any]] = {
    "provider": fields.name,
    "base_url": fields.url,
    "model": fields.name,
    "api_key_env": fields.variable,
    "api_key_header": fields.header,
    "headers": fields.headers,
    "apis": fields.apis,
    "connect_timeout_s": fields.seconds,
    "timeout_s": fields.seconds,
}
# Of these nothing else is called so; beside the endpoints they would not be read.
_ENDPOINTS_ALONE = frozenset(_OWN) - {"provider", "model"}
# Read by pointsman-collect alone.
_LEFT_ALONE = frozenset({"concurrency", "requests_per_minute", "tokens_per_minute"})


def read_catalog(path: Path) -> dict[str, tuple[Endpoint, ...]]:
    """Read the endpoints of each model that has any.

    Raises
    ------
    CatalogError
        When the file cannot be read or an entry is of the wrong form; values that could be a key are not repeated.
    """
    content = parsed(path, "catalog", CatalogError)
    models = {str(name): tuple(_model(str(name), entry, path)) for name, entry in content.items()}
    found = {name: endpoints for name, endpoints in models.items() if endpoints}
    if not found:
        raise CatalogError(f"{path}: none of {len(models)} models has a section 'endpoint' with base_url")
    return found


def _model(name: str, entry: Any, path: Path) -> Iterator[Endpoint]:
    where = f"{path}: {name!r}"
    if not name.isascii() or not name.isprintable() or not name or name.startswith(ROUTED_PREFIX):
        raise CatalogError(f"{where}: a model's name is plain ASCII and does not begin with {ROUTED_PREFIX!r}")
    if entry is None:
        return
    if not isinstance(entry, dict):
        raise CatalogError(f"{where}: expected a mapping with prices and endpoints, got a {type(entry).__name__}")
    _check_typos(entry, where)
    yield from endpoints_of(name, entry, where)


def endpoints_of(name: str, entry: Mapping[str, Any], where: str) -> Iterator[Endpoint]:
    """Yield a model's endpoints, with what stands beside them; ``where`` begins an error."""
    given = given_of(entry, where)
    shared = _read({key: value for key, value in entry.items() if key in _SHARED}, _SHARED, where)
    endpoints = [_endpoint(name, shared, one, f"{where}: endpoint {place}") for place, one in enumerate(given, 1)]
    twice = [provider for provider, n in Counter(one.provider for one in endpoints).items() if n > 1]
    if twice:
        raise CatalogError(f"{where}: several endpoints have the provider {twice[0]!r}; name each with 'provider'")
    yield from endpoints


def given_of(entry: Mapping[str, Any], where: str) -> list[Any]:
    """Return what a model's entry says of its endpoints; null is the same as not given."""
    said = _said(entry)
    if len(said) == 2:
        raise CatalogError(f"{where}: it has both 'endpoint' and 'endpoints'; give one of them")
    given = entry[said[0]] if said else []
    return given if isinstance(given, list) else [given]


def _said(entry: Mapping[str, Any]) -> list[str]:
    return [key for key in ("endpoint", "endpoints") if entry.get(key) is not None]


def _check_typos(entry: Mapping[str, Any], where: str) -> None:
    """Other keys are left alone, but one that nearly is a known key was meant to be read."""
    known = [*_SHARED, "endpoint", "endpoints"]
    for key, value in entry.items():
        if key not in known and isinstance(value, dict) and {"endpoint", "endpoints"} & set(value):
            raise CatalogError(
                f'{where}: {key!r} is a mapping of its own; in TOML a name with a dot is quoted, as in ["gpt-4.1"]'
            )
        if key in _ENDPOINTS_ALONE and _said(entry):
            raise CatalogError(f"{where}: {key} is an endpoint's; move it into 'endpoint'")
        near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.8)
        if key not in known and near:
            raise CatalogError(f"{where}: unknown key {key!r}; did you mean {near[0]!r}?")


def _endpoint(name: str, shared: Mapping[str, Any], given: Any, where: str) -> Endpoint:
    if not isinstance(given, dict) or given.get("base_url") is None:
        raise CatalogError(f"{where}: expected a mapping with base_url")
    unknown = sorted(str(key) for key in given if key not in {*_SHARED, *_OWN, *_LEFT_ALONE})
    if unknown:
        # By name alone: somebody may have put the key itself here.
        known = sorted({*_SHARED, *_OWN, *_LEFT_ALONE})
        raise CatalogError(f"{where}: unknown keys {unknown!r}, expected some of {known!r}")
    own = _read({key: value for key, value in given.items() if key not in _LEFT_ALONE}, {**_SHARED, **_OWN}, where)
    remote = own.pop("model", name)
    provider = own.pop("provider", urlsplit(own["base_url"]).netloc)
    return Endpoint(**{**shared, **own, "model": name, "provider": provider, "remote_model": remote})


def _read(given: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]], where: str) -> dict[str, Any]:
    values = {}
    for key, value in given.items():
        # Null is the same as not given.
        if value is not None:
            try:
                values[key] = readers[key](value)
            except ValueError as error:
                raise CatalogError(f"{where}: {key} {error}") from error
    return values
