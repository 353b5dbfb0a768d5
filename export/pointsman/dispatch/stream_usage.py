"""The tokens of a streamed chat, asked for on behalf of a caller that did not ask.

An upstream tells them in an event of their own before the last, with no choice in it, which a caller that did not ask
for it may not survive: so that event does not reach the caller.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pointsman.dispatch.api import Api
from pointsman.dispatch.verdict import is_error

OPTIONS = "stream_options"
_ASKED = "include_usage"
# Two ends of lines, whichever of the three each is. Of a "\r" at the very end it is not known yet whether it is all.
_END = re.compile(rb"(?:\r\n|\n|\r(?!\n|\Z))(?:\r\n|\n|\r(?!\n|\Z))")
# Bytes at the end of what is held in which the end of an event may have begun.
_BEGUN = 3
# A longer event goes on as it comes.
_LONGEST_EVENT = 1 << 20


def options_for(api: Api, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the ``stream_options`` that ask for tokens; None where there is nothing to ask, or the caller does.

    Examples
    --------
    >>> options_for(Api.CHAT, {"stream": True, "stream_options": {"include_obfuscation": False}})
    {'include_obfuscation': False, 'include_usage': True}
    >>> options_for(Api.CHAT, {"stream": True, "stream_options": {"include_usage": True}}) is None
    True
    >>> options_for(Api.RESPONSES, {"stream": True}) is None
    True
    """
    given = values.get(OPTIONS)
    if api is not Api.CHAT or values.get("stream") is not True or not (given is None or isinstance(given, dict)):
        return None
    given = given or {}
    return None if given.get(_ASKED) else {**given, _ASKED: True}


class Hider:
    r"""Passes the events of a stream on, whole ones as soon as they are there, but for the one with the tokens.

    Examples
    --------
    >>> hider = Hider()
    >>> hider.feed(b'data: {"choices": [{}]}\n\ndata: {"choices": [], "usa')
    b'data: {"choices": [{}]}\n\n'
    >>> hider.feed(b'ge": {"total_tokens": 9}}\n\ndata: [DONE]\n\n')
    b'data: [DONE]\n\n'
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes, and return those that can go on."""
        begin, passed = max(0, len(self._held) - _BEGUN), bytearray()
        self._held += chunk
        while (end := _END.search(self._held, begin)) is not None:
            event = bytes(self._held[: end.end()])
            del self._held[: end.end()]
            begin = 0
            passed += b"" if _tells_tokens(event) else event
        return bytes(passed + self.end() if len(self._held) > _LONGEST_EVENT else passed)

    def end(self) -> bytes:
        """Return what is held at the end of the stream."""
        rest = bytes(self._held)
        self._held.clear()
        return b"" if _tells_tokens(rest) else rest


def _tells_tokens(event: bytes) -> bool:
    if b'"usage"' not in event:
        return False
    lines = [line[5:] for line in event.splitlines() if line.startswith(b"data:")]
    try:
        content = json.loads(b"\n".join(lines))
    except (ValueError, RecursionError):
        return False
    if not isinstance(content, dict) or content.get("choices") or is_error(content):
        return False
    return isinstance(content.get("usage"), dict)
