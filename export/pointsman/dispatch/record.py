"""The decision record: what was asked, decided, sent and paid, without what was said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.dispatch.attempts import Try
from pointsman.dispatch.choose import Choice

# Begins the reason of a request that was refused.
REFUSED = "refused: "


@dataclass(frozen=True, slots=True)
class Record:
    """One request, as it ended. None is unknown, never 0.

    The names that ``pointsman-collect`` reads from a log are ``decision_id``, ``prompt``, ``model``, ``input_tokens``,
    ``output_tokens``, ``cost_usd``, ``latency_ms`` and ``selection_probability``.

    Attributes
    ----------
    decision_id
        Also in the response's header ``x-pointsman-decision-id``; feedback is given by it.
    time
        When the request came, ISO 8601 in UTC.
    api, stream
        "chat" or "responses", and whether the answer was streamed.
    router, router_sha256
        Name and version, and the hash of its graph.
    requested
        The model's name in the request.
    model, provider
        Who answered; None where nobody did.
    reason
        Why, in words; of a request that could not be routed as it stood, "refused: " and the error's code.
    selection_probability
        With which ``model`` was selected; None where that is not known: it was pinned, held by a session, or stood in
        for another.
    choice
        What the router chose, with what that rests on; None where it was not asked.
    excluded
        Why each model that could not be chosen was left out.
    shadow
        Whether the choice was only logged.
    tries
        Who was asked, and what came of it.
    status
        HTTP status that the caller got.
    error
        What went wrong after the answer began: "answer cut off", "answer is an error", "connection lost", "timed out"
        or "caller went away".
    input_tokens, output_tokens, cached_tokens
        As the upstream counted.
    cost_usd
        By the catalog's prices.
    costs_usd
        What each model that the router could choose would have cost for as many tokens, at the endpoint that would
        have been asked first; null where a price is unknown. Empty where tokens are unknown.
    session
        The first 16 hexadecimal digits of the SHA-256 of the request's ``session_id``.
    first_byte_ms, latency_ms
        From the request to the first byte of the answer, and to its last.
    prompt
        The text that was scored, or would have been for a pinned model; None unless the settings ask for it.
    """

    decision_id: str
    time: str
    api: str
    stream: bool
    router: str
    router_sha256: str
    requested: str
    model: str | None
    provider: str | None
    reason: str
    selection_probability: float | None
    choice: Choice | None
    excluded: Mapping[str, str]
    shadow: bool
    tries: tuple[Try, ...]
    status: int
    error: str | None
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cost_usd: float | None
    costs_usd: Mapping[str, float | None]
    session: str | None
    first_byte_ms: float | None
    latency_ms: float
    prompt: str | None

    @property
    def refused(self) -> bool:
        """Whether it was refused before anybody was asked."""
        return self.reason.startswith(REFUSED)

    def to_json(self) -> str:
        """Return one line of JSON in ASCII, without the line's end; no prompt where there is none."""
        values = _plain(self)
        if self.prompt is None:
            del values["prompt"]
        return json.dumps(values, default=_plain)


def _plain(record: Any) -> dict[str, Any]:
    # Not asdict: that copies every number, which takes longer than writing them. The slots are the fields, in order.
    return {name: getattr(record, name) for name in record.__slots__}
