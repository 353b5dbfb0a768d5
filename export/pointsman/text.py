"""From what a caller hands over to the text that is scored.

Both training and serving pass every prompt through :func:`sanitise`, so a router sees the same characters in either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pointsman.errors import PromptError

Message: TypeAlias = Mapping[str, Any]
Prompt: TypeAlias = str | Sequence[Message]

# Strings with a NUL are cut short by other languages' bindings of onnxruntime; a lone surrogate has no UTF-8 form.
_UNSAFE = re.compile("[\x00\ud800-\udfff]")


def sanitise(text: str) -> str:
    r"""Replace what cannot pass through every runtime alike: NUL characters and lone surrogates.

    Examples
    --------
    >>> sanitise("plain")
    'plain'
    >>> sanitise("a\x00b") == "a\ufffdb"
    True
    """
    return _UNSAFE.sub("\ufffd", text)


def text_of(prompt: Prompt) -> str:
    """Return the text to score: the prompt itself, or the last user turn of a conversation.

    Parameters
    ----------
    prompt
        A string, or chat messages as the OpenAI API takes them: mappings with ``role`` and ``content``, where
        ``content`` is a string or a list of parts of which the text parts count.

    Raises
    ------
    PromptError
        When it is neither, or has no user turn.

    Examples
    --------
    >>> text_of([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}])
    '2 + 2?'
    """
    if isinstance(prompt, str):
        return sanitise(prompt)
    if not isinstance(prompt, Sequence) or not all(isinstance(message, Mapping) for message in prompt):
        raise PromptError(f"a prompt is a string or a list of chat messages, got {type(prompt).__name__}")
    messages = [message for message in prompt if isinstance(message, Mapping)]
    turns = [message for message in messages if message.get("role") == "user"]
    if not turns:
        roles = [message.get("role") for message in messages]
        raise PromptError(f"the conversation has no message with role 'user', got roles {roles!r}")
    return sanitise(_content_text(turns[-1].get("content")))


def _content_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list | tuple) or not all(isinstance(part, Mapping) for part in content):
        raise PromptError(f"a message's content is text or a list of parts, got {type(content).__name__}")
    texts = [part.get("text") for part in content if part.get("type") in ("text", "input_text")]
    for text in texts:
        if not isinstance(text, str):
            raise PromptError(f"a text part's text is a string, got {text!r}")
    return "\n".join(texts)
