"""From what a caller hands over to the text that is scored.

Both training and serving pass every prompt through :func:`sanitise` and :func:`both_ends`, so a router sees the same
characters in either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from pointsman.errors import PromptError

Message: TypeAlias = Mapping[str, Any]
Prompt: TypeAlias = str | Sequence[Message]

_REPLACEMENT = "\ufffd"

# Characters; of a longer prompt both ends are scored. A graph reads some 2,000 at either end, but to find them it goes
# through all that it is given, at 10 ns a byte.
LONGEST = 65_536


def both_ends(text: str) -> str:
    """Cut the middle out of a text that is longer than :data:`LONGEST`, so that no prompt takes long.

    Examples
    --------
    >>> [len(both_ends("x" * length)) for length in (3, LONGEST, LONGEST + 1, 10 * LONGEST)]
    [3, 65536, 65536, 65536]
    >>> both_ends("question" + " " * LONGEST + "answer")[-6:]
    'answer'
    """
    return text if len(text) <= LONGEST else text[: LONGEST // 2] + text[-(LONGEST // 2) :]


def sanitise(text: str) -> str:
    r"""Replace what cannot pass through every runtime alike: NUL characters and lone surrogates.

    Examples
    --------
    >>> sanitise("plain")
    'plain'
    >>> sanitise("a\x00b") == "a\ufffdb"
    True
    """
    # Strings with a NUL are cut short by other languages' bindings of onnxruntime. Looking for what is unsafe with a
    # regular expression would take longer than the decision on a long text; these looks go through memory once.
    text = text.replace("\x00", _REPLACEMENT)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _without_surrogates(text)
    return text


def _without_surrogates(text: str) -> str:
    # A codec would stop at each surrogate. An array of text is its code points; of NULs, which it drops at the end of
    # an element, there are none.
    whole = np.array([text])
    points = whole.view(np.uint32)
    points[(points >= 0xD800) & (points <= 0xDFFF)] = ord(_REPLACEMENT)
    return str(whole[0])


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
        # Nearly every prompt is as it may be, and one look is less than the calls that would change it.
        plain = len(prompt) <= LONGEST and prompt.isascii() and "\x00" not in prompt
        return prompt if plain else _scored(prompt)
    if not isinstance(prompt, Sequence) or not all(isinstance(message, Mapping) for message in prompt):
        raise PromptError(f"a prompt is a string or a list of chat messages, got {type(prompt).__name__}")
    messages = [message for message in prompt if isinstance(message, Mapping)]
    turns = [message for message in messages if message.get("role") == "user"]
    if not turns:
        roles = [message.get("role") for message in messages]
        raise PromptError(f"the conversation has no message with role 'user', got roles {roles!r}")
    return _scored(_content_text(turns[-1].get("content")))


def _scored(text: str) -> str:
    return sanitise(both_ends(text))


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
