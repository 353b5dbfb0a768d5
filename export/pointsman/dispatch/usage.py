"""What an answer cost: the tokens that the upstream counted, read without touching the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.dispatch.verdict import is_error

# A line of a stream that is longer is not looked at.
_LONGEST_LINE = 4 << 20
# What ends a stream of either API; after it, clients hang up without waiting for the connection's own end.
_LAST = (
    b"data: [DONE]", b"data:[DONE]", b"event: response.completed", b"event: response.incomplete",
    b"event: response.failed",
)  # fmt: skip


_ERROR = (b"event: error", b"event:error")
# Why a choice ended, or that a response has. In a text, quotation marks have a backslash before them.
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"|"type"\s*:\s*"response\.(completed|incomplete|failed)"')


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer; None where the upstream did not say.

    Attributes
    ----------
    input_tokens, output_tokens
        Of the prompt and of the answer, its reasoning included.
    cached_tokens
        Of the prompt's, those that came from a cache; 0 where none are stated.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0


def usage_of(content: Any) -> Usage:
    """Read the usage of an answer of either API.

    Examples
    --------
    >>> usage_of({"usage": {"prompt_tokens": 9, "completion_tokens": 3}})
    Usage(input_tokens=9, output_tokens=3, cached_tokens=0)
    """
    usage = content.get("usage") if isinstance(content, Mapping) else None
    if not isinstance(usage, Mapping):
        return Usage()
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    given = _count(usage.get("prompt_tokens", usage.get("input_tokens")))
    return Usage(
        input_tokens=given,
        output_tokens=_count(usage.get("completion_tokens", usage.get("output_tokens"))),
        cached_tokens=min(cached or 0, given or 0),
    )


class Tap:
    """Reads along as a stream passes by; holds nothing back.

    Attributes
    ----------
    usage
        The last one seen.
    response_id
        Of an answer of the Responses API, for the request that goes on from it.
    complete
        Whether the event that ends a stream has passed.
    finished
        Whether that has passed, or a choice that says why it ended.
    failed
        Whether an event with an error has passed.
    events
        That have passed: about one a token.
    """

    def __init__(self) -> None:
        self.complete = self.finished = self.failed = False
        self.events = 0
        self.usage = Usage()
        self.response_id: str | None = None
        self._line = bytearray()
        self._skipping = False

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            if not self._skipping:
                self._read(bytes(self._line) + piece)
            self._line.clear()
            self._skipping = False
        if len(self._line) + len(rest) > _LONGEST_LINE:
            self._line.clear()
            self._skipping = True
        elif not self._skipping:
            self._line += rest

    def end(self) -> None:
        """Look at what came after the last line's end."""
        for line in bytes(self._line).split(b"\r"):
            self._read(line)
        self._line.clear()

    def _read(self, line: bytes) -> None:
        if line.startswith(_LAST):
            self.complete = self.finished = True
        if not line.startswith(b"data:"):
            self.failed = self.failed or line.startswith(_ERROR)
            return
        self.events += 1
        self.finished = self.finished or _FINISHED.search(line) is not None
        if b'"usage"' not in line and b'"error"' not in line:
            return
        try:
            content = json.loads(line[5:])
        except (ValueError, RecursionError):
            return
        self.failed = self.failed or is_error(content)
        # The Responses API puts the whole answer into its last event.
        whole = content.get("response", content) if isinstance(content, dict) else None
        self.response_id = response_id(whole) or self.response_id
        usage = usage_of(whole)
        if usage.output_tokens is not None or usage.input_tokens is not None:
            self.usage = usage


def response_id(content: Any) -> str | None:
    """Return the id by which a later request goes on from this answer; None where it is no such answer."""
    if not isinstance(content, Mapping) or content.get("object") != "response":
        return None
    found = content.get("id")
    return found if isinstance(found, str) else None


def _count(value: Any) -> int | None:
    # A larger one is no count, and could not be multiplied with a price.
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None
