"""The requests that go upstream, and httpx2's errors as faults."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

import httpx2

from pointsman.dispatch.api import Api
from pointsman.dispatch.attempts import Send
from pointsman.dispatch.catalog import Endpoint
from pointsman.dispatch.errors import KeyMissingError
from pointsman.dispatch.plan import Plan
from pointsman.dispatch.verdict import Fault, Reply

# Characters of a secret. A placeholder such as "x", for a server that wants no key, is in every word.
_LEAST_KEY = 8

# What of the caller's headers an upstream needs. All others stay here: the caller's key, cookies, addresses.
_PASSED = frozenset({"accept", "user-agent", "idempotency-key", "openai-beta", "traceparent", "tracestate"})
_PASSED_PREFIXES = ("x-stainless-",)

# The first that fits counts.
_FAULTS: tuple[tuple[type[httpx2.TransportError], Fault], ...] = (
    (httpx2.TimeoutException, Fault.TIMEOUT),
    (httpx2.ConnectError, Fault.CONNECT),
    (httpx2.ProxyError, Fault.CONNECT),
    (httpx2.UnsupportedProtocol, Fault.CONNECT),
    (httpx2.RemoteProtocolError, Fault.CUT),
    (httpx2.TransportError, Fault.LOST),
)


def fault_of(error: httpx2.TransportError) -> Fault:
    """Return what an error of httpx2 means."""
    return next(fault for kind, fault in _FAULTS if isinstance(error, kind))


def request_for(plan: Plan, send: Send, headers: Iterable[tuple[str, str]]) -> httpx2.Request:
    """Build the request to an endpoint.

    Parameters
    ----------
    headers
        The caller's, names in lower case.

    Raises
    ------
    KeyMissingError
        When the endpoint's key has left the environment.
    """
    endpoint = send.endpoint
    known = [(name, value) for name, value in headers if name in _PASSED or name.startswith(_PASSED_PREFIXES)]
    # The client refuses to send any other text in a header, which would pass for a fault of the endpoint.
    passed = {name: value.strip() for name, value in known if value.isascii() and value.isprintable()}
    # A compressed answer could not be passed on byte for byte and be looked at, too.
    ours = {"content-type": "application/json", "accept-encoding": "identity", **endpoint.headers}
    traced = {} if plan.span is None else plan.span.headers()
    key = endpoint.key()
    if key is not None:
        bearer = endpoint.api_key_header == "authorization"
        ours[endpoint.api_key_header] = f"Bearer {key}" if bearer else key
    return httpx2.Request(
        "POST",
        _url(endpoint.base_url, plan.asked.api),
        headers={**passed, **traced, **ours},
        content=plan.body_for(endpoint),
        extensions={"timeout": _timeouts(send)},
    )


def plain_headers(headers: httpx2.Headers) -> tuple[tuple[str, str], ...]:
    """Return headers as text, names in lower case."""
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers.raw)


def without_key(reply: Reply, endpoint: Endpoint) -> Reply:
    """Blank out an endpoint's key, which some upstreams repeat in a header or in an error's body."""
    try:
        key = endpoint.key()
    except KeyMissingError:
        return reply
    if not key or len(key) < _LEAST_KEY:
        return reply
    body = reply.body
    if body is not None and reply.status is not None and reply.status >= 400:
        body = _forms(key).sub(b"[key]", body)
    headers = tuple((name, value.replace(key, "[key]")) for name, value in reply.headers)
    return replace(reply, headers=headers, body=body)


@lru_cache(maxsize=1024)
def _forms(key: str) -> re.Pattern[bytes]:
    """Return a pattern of a key as it is, and as JSON may write it."""
    one = (rf"(?:\\?{re.escape(c)}|(?i:\\u{ord(c):04x}))" for c in key)
    return re.compile("".join(one).encode())


@lru_cache(maxsize=1024)
def _url(base_url: str, api: Api) -> httpx2.URL:
    # To read an address takes longer than all else that is done to a request here.
    return httpx2.URL(f"{base_url}/{api.value}")


def _timeouts(send: Send) -> dict[str, float]:
    connect, read = send.connect_timeout_s, send.timeout_s
    return {"connect": connect, "pool": connect, "write": read, "read": read}
