"""What an endpoint's reply means for the request: it is the answer, try again, or ask somebody else."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

# Asking again can succeed: too many requests, a conflict, or the server's own trouble.
_RETRIED = frozenset({408, 409, 425, 429})
# The endpoint does not serve us: moved, no key, no money, no access, no such model or method.
_REFUSED = frozenset({401, 402, 403, 404, 405, 410})
# Says nothing of the endpoint's health: it is busy, or has not this model or API.
_HARMLESS = frozenset({404, 405, 409, 410, 429})
_OK = range(200, 300)
# Codes of a failed response of the Responses API that another endpoint might not have.
_TRANSIENT = ("server_error", "rate_limit_exceeded")


class Fault(Enum):
    """What went wrong below HTTP, or within an answer of status 200."""

    TIMEOUT = "timed out"
    CONNECT = "no connection"
    LOST = "connection lost"
    CUT = "answer cut off"
    MALFORMED = "answer is not JSON"
    ERROR = "answer is an error"
    EMPTY = "answer is empty"
    HOLLOW = "there is no answer in it"
    ENDLESS = "answer too long"
    KEY = "no key"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one try.

    Attributes
    ----------
    status
        None where nothing came.
    headers
        Names in lower case.
    body
        None for a stream.
    fault
        What went wrong, None where nothing did.
    content
        The body, parsed; None where it was not, or could not be.
    stream
        What is left of a streamed answer; whoever drives knows what it is.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    fault: Fault | None = None
    content: Any = field(default=None, repr=False)
    stream: Any = field(default=None, repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether the status says so."""
        return self.status in _OK

    @property
    def plain(self) -> bool:
        """Whether the body is not compressed."""
        return all(value.lower() == "identity" for key, value in self.headers if key == "content-encoding")

    def header(self, name: str) -> str | None:
        """Return a header's value, the first of several."""
        return next((value for key, value in self.headers if key == name), None)


class Then(Enum):
    """What to do after a reply."""

    RETURN = "return it"
    RETRY = "try the endpoint again"
    LEAVE = "ask another endpoint"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reply means.

    Attributes
    ----------
    then
        What to do.
    words
        For logs and errors: nothing that an upstream said, since that could be a key.
    healthy
        Whether the endpoint did its work; None where the reply does not tell.
    after_s
        Seconds that the endpoint asked to wait; None where it did not.
    """

    then: Then
    words: str
    healthy: bool | None
    after_s: float | None = None


def verdict_on(reply: Reply) -> Verdict:
    """Judge a reply.

    An error that is the caller's own (most of 4xx) is returned as it is, because no retry can help.

    Examples
    --------
    >>> verdict_on(Reply(status=400)).then
    <Then.RETURN: 'return it'>
    >>> verdict_on(Reply(status=429, headers=(("retry-after", "3"),)))
    Verdict(then=<Then.RETRY: 'try the endpoint again'>, words='status 429', healthy=None, after_s=3.0)
    """
    if reply.fault is Fault.KEY:
        return Verdict(Then.LEAVE, reply.fault.value, healthy=False)
    if reply.fault is not None:
        return Verdict(Then.RETRY, reply.fault.value, healthy=False)
    status = reply.status or 0
    words, healthy = f"status {status}", None if status in _HARMLESS else False
    if status in _OK:
        return Verdict(Then.RETURN, "answered", healthy=True)
    if status in _RETRIED or status >= 500:
        return Verdict(Then.RETRY, words, healthy, retry_after(reply.header("retry-after"), time.time()))
    if status in _REFUSED or status < 400:
        return Verdict(Then.LEAVE, words, healthy)
    return Verdict(Then.RETURN, words, healthy=True)


def retry_after(value: str | None, now: float) -> float | None:
    """Read a ``Retry-After`` header: seconds or a date.

    Parameters
    ----------
    now
        Seconds since the epoch.

    Returns
    -------
    Seconds, 0 or more; None where there is none or it cannot be read.

    Examples
    --------
    >>> retry_after("1.5", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 50.0), retry_after("soon", 0.0)
    (1.5, 10.0, None)
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
            # HTTP's dates are GMT, and some servers do not say so.
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def judged(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> Reply:
    """Make a reply of a whole answer: of status 200 it must be a JSON object with an answer in it, and no error."""
    reply = Reply(status, headers, body)
    if not (reply.succeeded and reply.plain):
        return reply
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return Reply(status, headers, body, Fault.EMPTY if not body else Fault.MALFORMED)
    return Reply(status, headers, body, _fault_in(content), content)


def _fault_in(content: Any) -> Fault | None:
    if not isinstance(content, dict):
        return Fault.MALFORMED
    if is_error(content):
        return Fault.ERROR
    # A response may have no output, of which its status then tells.
    responds = isinstance(content.get("output"), list) or content.get("object") == "response"
    return None if content.get("choices") or responds else Fault.HOLLOW


def is_error(content: Any) -> bool:
    """Say whether an object is an error and nothing else, which some hosts send with status 200.

    Examples
    --------
    >>> is_error({"error": {"message": "busy"}}), is_error({"type": "error", "message": "busy"})
    (True, True)
    >>> failed = {"object": "response", "status": "failed", "error": {"code": "server_error"}, "output": []}
    >>> is_error(failed), is_error({"type": "response.failed", "response": failed})
    (True, True)
    >>> is_error(failed | {"output": [{"type": "message"}]}), is_error({"choices": [], "error": None})
    (False, False)

    A response that failed by what it was asked is an answer, as a status of 400 is:

    >>> is_error(failed | {"error": {"code": "invalid_prompt"}})
    False
    """
    if not isinstance(content, Mapping):
        return False
    if content.get("type") == "response.failed":
        return is_error(content.get("response"))
    told = content.get("error")
    if any(content.get(answer) for answer in ("choices", "output")):
        return False
    if content.get("object") == "response":
        return isinstance(told, Mapping) and told.get("code") in _TRANSIENT
    return bool(told) or content.get("type") == "error"


def has_begun(chunk: bytes) -> bool:
    r"""Say whether a stream's first bytes tell what it is: an event's data are there, and not comments alone.

    Examples
    --------
    >>> has_begun(b": waiting for a machine"), has_begun(b'data: {"err'), has_begun(b"data: {}\n")
    (False, False, True)
    """
    return any(line.startswith(b"data:") and line.endswith((b"\n", b"\r")) for line in chunk.splitlines(keepends=True))


def first_event_is_error(chunk: bytes) -> bool:
    """Say whether a stream's first bytes are an event with an error in the place of an answer."""
    lines = chunk.splitlines()
    at = next((n for n, line in enumerate(lines) if line.startswith(b"data:")), len(lines))
    line = lines[at] if at < len(lines) else b""
    if any(before.startswith(b"event:") and before[6:].strip() == b"error" for before in lines[:at]):
        return True
    try:
        return b'"error"' in line and is_error(json.loads(line[5:]))
    except (ValueError, RecursionError):
        return False
