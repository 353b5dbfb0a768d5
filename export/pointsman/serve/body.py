"""A request's body, within limits of size and time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from pointsman.dispatch import answers
from pointsman.dispatch.answers import Answer
from pointsman.serve.errors import ServeError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a caller may take.

    Attributes
    ----------
    body_bytes
        Of a request's body; pictures travel in it.
    body_s
        Seconds until the whole body is here.
    send_s
        Seconds that a caller may leave a piece of its answer unread.
    """

    body_bytes: int = 32 << 20
    body_s: float = 60.0
    send_s: float = 120.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ServeError(f"{name} is {getattr(self, name)!r}, expected more than 0")


class Gone(Exception):
    """The caller went away before the end of its request."""


async def read_body(scope: Scope, receive: Receive, limits: Limits) -> bytes | Answer:
    """Read a JSON body; returns what to answer where it is too large, too slow or announced as something else.

    Raises
    ------
    Gone
        When the caller closes the connection.
    """
    headers = Headers(scope=scope)
    refused = _refused(headers, limits)
    if refused is not None:
        return refused
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                body += message.get("body", b"")
                if len(body) > limits.body_bytes:
                    return _too_large(limits)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        words = f"the body was not here after {limits.body_s:g} s"
        return answers.error(408, words, "body_timeout", ("connection", "close"))


def _refused(headers: Headers, limits: Limits) -> Answer | None:
    # A page of another site cannot send this type without asking first, which is refused.
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return answers.error(415, "expected a body of content-type application/json", "content_type")
    if headers.get("content-encoding", "identity").lower() != "identity":
        return answers.error(415, "expected a body without a content-encoding", "content_encoding")
    length = headers.get("content-length", "0")
    if length.isdecimal() and (len(length) > 18 or int(length) > limits.body_bytes):
        return _too_large(limits)
    return None


def _too_large(limits: Limits) -> Answer:
    message = f"the body has more than {limits.body_bytes} bytes, the most that is read"
    return answers.error(413, message, "body_too_large", ("connection", "close"))
