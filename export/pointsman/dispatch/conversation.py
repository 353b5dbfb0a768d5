"""What of a conversation is scored, and whether it is in the middle of a tool's work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman.dispatch.api import Api, items, parts
from pointsman.text import sanitise

_TEXT_PARTS = ("text", "input_text")


def scored_text(api: Api, body: Mapping[str, Any], earlier: int = 3) -> str:
    r"""Return the last user turn, after up to ``earlier`` user turns before it.

    Parameters
    ----------
    earlier
        User turns before the last that count; 0 is the last turn alone, as :meth:`pointsman.Router.route` reads it.

    Returns
    -------
    Turns with text, the oldest first, an empty line between them. Empty where the last turn has no text, as one of
    images alone: older turns then say nothing of what is asked now, and there is no signal.

    Examples
    --------
    >>> turns = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]
    >>> scored_text(Api.CHAT, {"messages": [*turns, {"role": "user", "content": "And squared?"}]})
    '2 + 2?\n\nAnd squared?'
    """
    turns = [_text(item) for item in items(api, body) if item.get("role") == "user"]
    if not turns or not turns[-1].strip():
        return ""
    return sanitise("\n\n".join(turn for turn in turns[-1 - earlier :] if turn.strip()))


def in_tool_loop(api: Api, body: Mapping[str, Any]) -> bool:
    """Say whether the conversation ends with what a tool returned: the model that called it goes on.

    Examples
    --------
    >>> in_tool_loop(Api.CHAT, {"messages": [{"role": "tool", "tool_call_id": "a", "content": "4"}]})
    True
    """
    # A reminder of the system behind the tool's result takes nothing from it.
    found = [item for item in items(api, body) if item.get("role") not in ("system", "developer")]
    if not found:
        return False
    last = found[-1]
    if api is Api.CHAT:
        return last.get("role") in ("tool", "function")
    return str(last.get("type", "")).endswith("_output")


def _text(item: Mapping[str, Any]) -> str:
    texts = [part.get("text") for part in parts(item) if part.get("type") in _TEXT_PARTS]
    return "\n".join(text for text in texts if isinstance(text, str))
