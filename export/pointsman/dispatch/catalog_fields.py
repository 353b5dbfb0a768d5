"""Readers of the catalog's values: each returns the value, or raises ``ValueError`` with what was expected.

The messages are sentences without their subject, and repeat no value that could be a key.
"""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import urlsplit

import httpx2

from pointsman.dispatch.needs import CAPABILITIES

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_URL = re.compile(r"https?://[^/@?#\s]+(/[^@?#\s]*)?")
_SECRET = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"})
_APIS = ("chat", "responses")


def price(value: Any) -> float:
    """Read US dollars per million tokens; text that spells a number is one, since YAML takes 1e-1 for text."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"is {value!r}, expected US dollars per million tokens, 0 or more")
    return number


def seconds(value: Any) -> float:
    """Read seconds, more than 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"is {value!r}, expected seconds, more than 0")
    return float(value)


def count(value: Any) -> int:
    """Read a whole number, more than 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError(f"is {value!r}, expected a whole number of tokens, more than 0")
    return value


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"is {value!r}, expected true or false")
    return value


def name(value: Any) -> str:
    """Read text that can stand in a header and in a log."""
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise ValueError("is expected to be plain ASCII text, and not empty")
    return value


def names(value: Any) -> frozenset[str]:
    """Read a list of names."""
    if not isinstance(value, list):
        raise ValueError(f"is expected to be a list of names, got a {type(value).__name__}")
    return frozenset(name(one) for one in value)


def capabilities(value: Any) -> frozenset[str]:
    """Read a list of capabilities; who can follow a schema can write JSON."""
    found = names(value)
    if not found <= set(CAPABILITIES):
        raise ValueError(f"has {sorted(found - set(CAPABILITIES))!r}, expected some of {list(CAPABILITIES)!r}")
    return found | {"json_object"} if "json_schema" in found else found


def apis(value: Any) -> frozenset[str]:
    """Read a list of APIs."""
    found = names(value)
    if not found or not found <= set(_APIS):
        raise ValueError(f"has {sorted(found)!r}, expected some of {list(_APIS)!r}")
    return found


def url(value: Any) -> str:
    """Read an address, without a password or a query."""
    if not isinstance(value, str) or not _URL.fullmatch(value) or not value.isascii():
        raise ValueError("must be http:// or https:// and a host, without a password or a query")
    try:
        urlsplit(value).port  # noqa: B018
        httpx2.URL(value).host.encode("idna")
    except (ValueError, httpx2.InvalidURL) as error:
        raise ValueError(f"is {value!r}, which is no address: {error}") from error
    return value.rstrip("/")


def variable(value: Any) -> str:
    """Read the name of an environment variable; what looks otherwise may be the key itself, and is not repeated."""
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise ValueError("is the name of an environment variable in capitals, not the key itself")
    return value


def header(value: Any) -> str:
    """Read the name of a header, in lower case."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError(f"is {value!r}, expected the name of a header")
    return value.lower()


def headers(value: Any) -> dict[str, str]:
    """Read headers by name, none of which carries a key."""
    if not isinstance(value, dict):
        raise ValueError(f"is expected to be a mapping of names to texts, got a {type(value).__name__}")
    found = {header(key): name(text) for key, text in value.items()}
    if _SECRET & set(found):
        raise ValueError(f"has {sorted(_SECRET & set(found))!r}; a key goes into the variable that api_key_env names")
    return found
