"""What a request needs of a model: room, capabilities, parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.dispatch.api import Api, items, parts

CAPABILITIES = ("tools", "images", "audio", "files", "json_schema", "json_object", "reasoning")

# Tokens that a chat template puts around a message, and around a conversation (some add a system message); generously.
MESSAGE_TOKENS = 16
CONVERSATION_TOKENS = 128
# An image at high detail takes 1,000 to 1,600 tokens at the usual hosts.
_IMAGE_TOKENS = 2048
# Of a sound or a file, in base64: sound takes some ten tokens a second, and a file is mostly fonts and pictures.
_ATTACHED_TOKENS = 256
_BYTES_A_TOKEN = {"audio": 1_000, "files": 32}
# What is no number of tokens but a mistake; such numbers may be too long to write.
_MOST_TOKENS = 1 << 53
# Room for the answer where the request does not say how long it may be.
_ANSWER_TOKENS = 256

_LOWER = bytes(range(ord("a"), ord("z") + 1))
_BLANK = b" \t\n\r"

# The text of a request stands in these members; the rest are settings.
_TEXT_MEMBERS = ("messages", "input", "instructions", "tools", "functions", "response_format", "text", "prediction")
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_STRUCTURE = frozenset({"model", "messages", "input", "stream", "stream_options", "user", "metadata", "store"})
_DATA_PARTS = {
    "image_url": "images", "input_image": "images", "input_audio": "audio", "file": "files", "input_file": "files",
}  # fmt: skip
_NO_REASONING = (None, "none", "minimal")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a request needs.

    Attributes
    ----------
    input_tokens
        Estimate that is meant to be too high; see :func:`most_tokens`.
    likely_tokens
        Estimate of the input that is meant to be about right: a token is four bytes.
    output_tokens
        Room for the answer: what the request allows it, or 256.
    stated_output
        Whether the request says how long the answer may be.
    capabilities
        Of :data:`CAPABILITIES`.
    parameters
        Names of the settings that the request gives.
    """

    input_tokens: int
    likely_tokens: int
    output_tokens: int
    stated_output: bool
    capabilities: frozenset[str]
    parameters: frozenset[str]

    def parameters_alone(self) -> Needs:
        """Return these needs without room and capabilities."""
        return Needs(0, 0, 0, False, frozenset(), self.parameters)


def needs_of(api: Api, body: Mapping[str, Any]) -> Needs:
    """Read what a request needs from its body, without the routing fields."""
    text = "".join(_strings([body[name] for name in _TEXT_MEMBERS if name in body])).encode("utf-8", "replace")
    conversation = items(api, body)
    found = [part for item in conversation for part in (*parts(item), *_returned(item))]
    data = [(kind, part) for part in found if (kind := _data_kind(part))]
    attached = sum(_data_tokens(kind, part) for kind, part in data)
    overhead = MESSAGE_TOKENS * len(conversation) + CONVERSATION_TOKENS + attached
    stated = [body[name] for name in _LIMITS if _whole(body.get(name))]
    return Needs(
        input_tokens=most_tokens(text) + overhead,
        likely_tokens=len(text) // 4 + attached + 1,
        output_tokens=max(stated, default=_ANSWER_TOKENS),
        stated_output=bool(stated),
        capabilities=frozenset({*(kind for kind, _ in data), *_asked(api, body, conversation)}),
        parameters=frozenset(body) - _STRUCTURE,
    )


def most_tokens(text: bytes) -> int:
    """Estimate how many tokens a text has, rather too high than too low.

    Half of the lower-case ASCII letters, a quarter of the white space, and all other bytes: digits, signs, capitals
    and each byte of a character beyond ASCII count as a token each. Prose comes out at about twice its tokens, code
    and numbers at one and a half times, other scripts at two to three times. A long run of random lower-case letters
    may have a few more tokens than this says; nothing else that we know of does.

    Examples
    --------
    >>> most_tokens(b"What is 17 * 23?")
    11
    """
    lower = len(text) - len(text.translate(None, _LOWER))
    blank = len(text) - len(text.translate(None, _BLANK))
    return len(text) - lower - blank + -(-lower // 2) + -(-blank // 4)


def _asked(api: Api, body: Mapping[str, Any], conversation: Sequence[Mapping[str, Any]]) -> set[str]:
    """Capabilities that the settings ask for, and those that the conversation so far has used."""
    found = set()
    used = any(
        item.get("role") in ("tool", "function") or item.get("type") in ("function_call", "function_call_output")
        for item in conversation
    )
    if used or body.get("tools") or body.get("functions"):
        found.add("tools")
    text = body.get("text")
    form = body.get("response_format") if api is Api.CHAT else text.get("format") if isinstance(text, dict) else None
    if isinstance(form, dict) and form.get("type") in ("json_schema", "json_object"):
        found.add(form["type"])
    if _effort(body) not in _NO_REASONING:
        found.add("reasoning")
    return found


def _effort(body: Mapping[str, Any]) -> Any:
    reasoning = body.get("reasoning")
    if not isinstance(reasoning, dict):
        return body.get("reasoning_effort")
    return None if reasoning.get("enabled") is False else reasoning.get("effort", "medium")


def _data_kind(part: Mapping[str, Any]) -> str | None:
    # Through str, since a type may be anything that JSON can hold.
    return _DATA_PARTS.get(str(part.get("type")))


def _returned(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the parts that a tool gave back, in the Responses API."""
    output = item.get("output")
    return [part for part in output if isinstance(part, dict)] if isinstance(output, list) else []


def _data_tokens(kind: str, part: Mapping[str, Any]) -> int:
    if kind == "images":
        return _IMAGE_TOKENS
    size = sum(map(len, _strings(dict(part) | {"type": ""})))
    return _ATTACHED_TOKENS + size // _BYTES_A_TOKEN[kind]


def _strings(value: Any) -> Iterator[str]:
    """Yield every string of a JSON value, keys too, but for images, sounds and files; nothing of numbers."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict) and _data_kind(value) is None:
            yield from value
            waiting.extend(value.values())


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST_TOKENS
