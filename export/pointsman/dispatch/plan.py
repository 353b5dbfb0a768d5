"""A request that was decided: everything that sending and recording it needs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pointsman.dispatch.attempts import Ended
from pointsman.dispatch.catalog import Endpoint
from pointsman.dispatch.controls import keys_to_cut
from pointsman.dispatch.decider import Asked, Decided
from pointsman.dispatch.order import Groups
from pointsman.dispatch.record import Record
from pointsman.dispatch.spans import Span
from pointsman.dispatch.splice import Body
from pointsman.dispatch.stream_usage import OPTIONS
from pointsman.dispatch.usage import Usage


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent, to whom, and why.

    Attributes
    ----------
    decision_id
        Of this request.
    started, time
        By the dispatcher's clock, and ISO 8601 in UTC.
    body, asked
        The request, as it came and as it was read.
    decided
        The decision.
    groups
        Who is asked, in order.
    first
        Of each model that could be chosen, the endpoint that would be asked first.
    router, router_sha256
        Name and version, and the hash of its graph.
    shadow
        Whether the router's choice is only logged.
    stream_options
        What asks for the tokens of a stream on behalf of the caller, who does not; None where nothing is to be asked.
    span
        Of OpenTelemetry; None where none is made.
    """

    decision_id: str
    started: float
    time: str
    body: Body
    asked: Asked
    decided: Decided
    groups: Groups
    first: Mapping[str, Endpoint]
    router: str
    router_sha256: str
    shadow: bool
    stream_options: Mapping[str, Any] | None = None
    span: Span | None = field(default=None, repr=False)

    @property
    def model(self) -> str:
        """The model that is asked first."""
        return self.groups[0][0].model

    def body_for(self, endpoint: Endpoint) -> bytes:
        """Return the body as it goes to an endpoint: its own name of the model, and no routing fields."""
        asked = self.stream_options if endpoint.takes(OPTIONS) else None
        put = None if asked is None else {OPTIONS: asked}
        return self.body.spliced(endpoint.remote_model, keys_to_cut(self.body.values), put)

    def reason_for(self, model: str | None) -> str:
        """Say why a model answers: it was chosen, or stands in for the one that was."""
        stands_in = model is not None and model != self.model
        return f"{self.decided.reason}; stands in for {self.model}" if stands_in else self.decided.reason

    def probability_of(self, model: str | None) -> float | None:
        """Return the probability with which a model was selected; None where that is not known."""
        choice = self.decided.choice
        return None if choice is None or self.shadow or model != choice.model else choice.probability

    def record(
        self,
        ended: Ended,
        status: int,
        usage: Usage,
        now: float,
        first_byte: float | None,
        error: str | None,
        with_prompt: bool,
    ) -> Record:
        """Make the record of a request that ended; see :meth:`pointsman.dispatch.core.Dispatcher.finished`."""
        endpoint, cost = ended.endpoint, None
        if endpoint is not None and usage.input_tokens is not None and usage.output_tokens is not None:
            cost = endpoint.cost_usd(usage.input_tokens, usage.output_tokens, usage.cached_tokens)
        model = None if endpoint is None else endpoint.model
        return Record(
            decision_id=self.decision_id,
            time=self.time,
            api=self.asked.api.label,
            stream=self.asked.stream,
            router=self.router,
            router_sha256=self.router_sha256,
            requested=self.asked.requested,
            model=model,
            provider=None if endpoint is None else endpoint.provider,
            reason=self.reason_for(model),
            selection_probability=self.probability_of(model),
            choice=self.decided.choice,
            excluded=self.decided.pool.excluded,
            shadow=self.shadow,
            tries=ended.tries,
            status=status,
            error=error,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=None if usage.input_tokens is None else usage.cached_tokens,
            cost_usd=cost,
            costs_usd=self._costs(usage),
            session=_session(self.asked.controls.session_id),
            first_byte_ms=None if first_byte is None else _ms(first_byte - self.started),
            latency_ms=_ms(now - self.started),
            prompt=self.decided.text if with_prompt and self.decided.text else None,
        )

    def _costs(self, usage: Usage) -> Mapping[str, float | None]:
        choice, given, made = self.decided.choice, usage.input_tokens, usage.output_tokens
        if choice is None or given is None or made is None:
            return {}
        return {model: self.first[model].cost_usd(given, made, usage.cached_tokens) for model in choice.ranking}


def _session(session_id: str | None) -> str | None:
    # Enough to tell sessions apart, and no more: an id may name a person.
    if session_id is None:
        return None
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 3)
