"""The two APIs that are dispatched, and where each keeps its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any


class Api(Enum):
    """An OpenAI API, by the end of its path."""

    CHAT = "chat/completions"
    RESPONSES = "responses"

    @property
    def label(self) -> str:
        """As the catalog's ``apis`` calls it."""
        return self.name.lower()

    @classmethod
    def of_path(cls, path: str) -> Api | None:
        """Return the API that a path ends with, None where it is neither.

        Examples
        --------
        >>> Api.of_path("/v1/chat/completions")
        <Api.CHAT: 'chat/completions'>
        >>> Api.of_path("/v1/responses/abc") is None
        True
        """
        return next((api for api in cls if path.rstrip("/").endswith("/" + api.value)), None)


def items(api: Api, body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the conversation's messages or input items, those of them that are objects.

    A Responses input that is plain text is one user message.
    """
    given = body.get("messages" if api is Api.CHAT else "input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def parts(item: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the parts of a message's content; plain text is one text part.

    Examples
    --------
    >>> parts({"role": "user", "content": "hi"})
    [{'type': 'text', 'text': 'hi'}]
    """
    content = item.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
