"""Who may ask: keys, and, without keys, nobody but programs on this machine."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pointsman.dispatch import answers
from pointsman.dispatch.answers import Answer
from pointsman.serve.keys import Keys
from pointsman.serve.respond import path_of, send_whole

# Tells nothing but that the server lives.
_OPEN = frozenset({"/healthz"})


class Guard:
    """ASGI middleware that asks for a key.

    Parameters
    ----------
    keys
        None lets everybody in, as behind the authentication of an application of your own.
    local
        Whether only requests to a loopback name are answered. A page in a browser on this machine could otherwise
        reach a server without keys by a name of its own that leads here.
    """

    def __init__(self, app: ASGIApp, keys: Keys | None, *, local: bool = False) -> None:
        self.app, self._keys, self._local = app, keys, local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refused = self._refused(scope) if scope["type"] == "http" else None
        if refused is None:
            await self.app(scope, receive, send)
        else:
            await send_whole(send, refused)

    def _refused(self, scope: Scope) -> Answer | None:
        headers = Headers(scope=scope)
        if self._local and not is_loopback(_host_name(headers.get("host", ""))):
            return answers.error(403, "without keys, only requests to a loopback name are served", "not_local")
        if self._keys is None or path_of(scope) in _OPEN:
            return None
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(given) == 1 and self._keys.allow(given[0]):
            return None
        message = "wrong API key" if given else "no API key; expected the header Authorization: Bearer KEY"
        return answers.error(401, message, "invalid_api_key", ("www-authenticate", "Bearer"))


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Say whether a name or an address is of this machine alone.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.com")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
