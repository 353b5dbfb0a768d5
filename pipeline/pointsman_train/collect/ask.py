"""What is asked and what came back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Message: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to one model.

    Attributes
    ----------
    model
        As the catalog and the outcomes call it.
    messages
        Chat messages.
    params
        Parameters of the request that change the answer: temperature, max_tokens, seed.
    """

    model: str
    messages: Sequence[Message]
    params: Mapping[str, Any]

    @property
    def key(self) -> str:
        """SHA-256 of model, messages and parameters: the same request has the same key, a changed one another.

        Examples
        --------
        >>> a = Ask("m", [{"role": "user", "content": "hi"}], {"temperature": 0, "seed": 1})
        >>> a.key == Ask("m", [{"content": "hi", "role": "user"}], {"seed": 1, "temperature": 0}).key
        True
        >>> a.key == Ask("m", a.messages, {"temperature": 0, "seed": 2}).key
        False
        """
        content = {"model": self.model, "messages": list(self.messages), "params": dict(self.params)}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered, or why it did not.

    Attributes
    ----------
    text
        None where there is none.
    finish_reason
        As the endpoint gave it: "stop", "length", "content_filter", ...
    input_tokens, output_tokens
        As the endpoint counted; None where it did not say.
    cost_usd
        US dollars of this answer; None where tokens or prices are unknown.
    lost_usd
        Most that tries may have cost whose answer never arrived, or arrived without its tokens.
    latency_ms
        Of the try that succeeded.
    error
        Why there is no whole answer; None where there is one.
    final
        Asking again could not help: the next run does not.
    tries
        Requests sent.
    """

    text: str | None = None
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    lost_usd: float = 0.0
    latency_ms: float | None = None
    error: str | None = None
    final: bool = True
    tries: int = 1

    @property
    def unknown(self) -> str | None:
        """Why this answer cannot be graded; None where it can.

        Examples
        --------
        >>> Answer("so the answer is", "length").unknown
        'cut off by the token limit'
        >>> Answer("42", "stop").unknown is None
        True
        """
        if self.error is not None:
            return self.error
        if self.finish_reason == "length":
            return "cut off by the token limit"
        if self.finish_reason == "content_filter":
            return "refused by a filter"
        return "no text" if self.text is None else None
