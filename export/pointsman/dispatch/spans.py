"""OpenTelemetry spans of requests, by the GenAI semantic conventions; needs ``pip install "pointsman[otel]"``.

One span of kind CLIENT a request, from the body to the end of the answer. What the conventions have a name for has that
name (``gen_ai.*``, ``server.*``, ``error.type``); the decision stands beside it as ``pointsman.*``. Nothing that a
caller or an upstream wrote is in it but the requested model's name, and the scored text where the settings ask for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pointsman.dispatch.api import Api
from pointsman.dispatch.catalog import Endpoint
from pointsman.dispatch.record import Record
from pointsman.errors import ExtraMissingError, RoutingError

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

# The conventions' names of a request's settings, and the types that they may have.
_SETTINGS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "temperature": ("temperature", (int, float)),
    "top_p": ("top_p", (int, float)),
    "frequency_penalty": ("frequency_penalty", (int, float)),
    "presence_penalty": ("presence_penalty", (int, float)),
    "seed": ("seed", (int,)),
    "max_tokens": ("max_tokens", (int,)),
    "max_completion_tokens": ("max_tokens", (int,)),
    "max_output_tokens": ("max_tokens", (int,)),
    "n": ("choice.count", (int,)),
}
# Baggage may hold what is nobody's business upstream.
_PROPAGATED = ("traceparent", "tracestate")
_MOST_INT = 2**63


class Spans:
    """Makes a span for each request.

    Parameters
    ----------
    tracer_provider
        None is the global one, as ``opentelemetry-instrument`` sets it up.

    Raises
    ------
    ExtraMissingError
        When opentelemetry-api is not installed.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ModuleNotFoundError as error:
            raise ExtraMissingError(error.name, "spans need", "otel") from error
        self._trace = trace
        self._tracer = trace.get_tracer("pointsman", tracer_provider=tracer_provider)
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, api: Api, headers: Iterable[tuple[str, str]]) -> Span:
        """Begin a request's span, below the current one or, where there is none, the one that its headers name."""
        parent = None
        if not self._trace.get_current_span().get_span_context().is_valid:
            parent = self._propagator.extract({name: value for name, value in headers if name in _PROPAGATED})
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "pointsman", "pointsman.api": api.label}
        kind = self._trace.SpanKind.CLIENT
        return Span(self, self._tracer.start_span("chat", parent, kind, attributes))

    def propagated(self, span: Any) -> dict[str, str]:
        """Return the headers by which an upstream's spans go below a span."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, self._trace.set_span_in_context(span))
        return carrier

    def failed(self, span: Any, kind: str, words: str) -> None:
        """Mark a span as failed."""
        span.set_attribute("error.type", kind)
        span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, words))


class Span:
    """One request's span; made by :meth:`Spans.begin`, and ended once."""

    def __init__(self, spans: Spans, span: Any) -> None:
        self._spans, self._span = spans, span

    def headers(self) -> dict[str, str]:
        """Return the headers that go upstream."""
        return self._spans.propagated(self._span)

    def refused(self, problem: RoutingError) -> None:
        """End with a request that could not be routed."""
        # Its words may repeat what the caller wrote.
        kind = type(problem).__name__
        self._spans.failed(self._span, kind, kind)
        self._span.end()

    def ended(self, values: Mapping[str, Any], record: Record, endpoint: Endpoint | None) -> None:
        """End with a request that was answered, or that nobody could answer."""
        if self._span.is_recording():
            self._span.update_name(f"chat {_text(record.requested)}")
            self._span.set_attributes(dict(_attributes(values, record, endpoint)))
            self._judge(record)
        self._span.end()

    def _judge(self, record: Record) -> None:
        if record.error == "caller went away":
            # Nobody failed.
            self._span.set_attribute("error.type", record.error)
        elif record.error is not None:
            self._spans.failed(self._span, record.error, record.error)
        elif record.status >= 400:
            self._spans.failed(self._span, str(record.status), f"status {record.status}")


def _attributes(values: Mapping[str, Any], record: Record, endpoint: Endpoint | None) -> Iterator[tuple[str, Any]]:
    found = {**_request(values, record), **_response(record, endpoint), **_decision(record)}
    for name, value in found.items():
        if value is not None:
            yield name, _text(value) if isinstance(value, str) else value


def _request(values: Mapping[str, Any], record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"gen_ai.request.{name}": values[key] for key, (name, kinds) in _SETTINGS.items() if _is(values.get(key), kinds)
    }
    stop = values.get("stop")
    stops = [stop] if isinstance(stop, str) else stop
    if isinstance(stops, list) and all(isinstance(one, str) for one in stops):
        found["gen_ai.request.stop_sequences"] = [_text(one) for one in stops]
    if record.prompt is not None:
        message = {"role": "user", "parts": [{"type": "text", "content": record.prompt}]}
        found["gen_ai.input.messages"] = json.dumps([message])
    return {
        **found,
        "gen_ai.request.model": record.requested,
        "gen_ai.request.stream": record.stream,
        "gen_ai.conversation.id": record.session,
    }


def _response(record: Record, endpoint: Endpoint | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "gen_ai.response.model": record.model,
        "gen_ai.usage.input_tokens": record.input_tokens,
        "gen_ai.usage.output_tokens": record.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": record.cached_tokens,
    }
    if record.stream and record.first_byte_ms is not None:
        found["gen_ai.response.time_to_first_chunk"] = record.first_byte_ms / 1000
    if endpoint is not None:
        where = urlsplit(endpoint.base_url)
        found["gen_ai.provider.name"] = endpoint.provider
        found["server.address"], found["server.port"] = where.hostname, where.port or _port(where.scheme)
    return found


def _decision(record: Record) -> dict[str, Any]:
    choice = record.choice
    found: dict[str, Any] = {
        "pointsman.decision_id": record.decision_id,
        "pointsman.reason": record.reason,
        "pointsman.router": record.router,
        "pointsman.router_sha256": record.router_sha256,
        "pointsman.selection_probability": record.selection_probability,
        "pointsman.shadow": record.shadow,
        "pointsman.cost_usd": record.cost_usd,
        "pointsman.tries": [f"{one.model}@{one.provider}: {one.outcome}" for one in record.tries],
        **{f"pointsman.excluded.{model}": reason for model, reason in record.excluded.items()},
    }
    if choice is None:
        return found
    return {
        **found,
        "pointsman.choice": choice.model,
        "pointsman.operating_point": choice.operating_point,
        "pointsman.lambda": choice.lam,
        "pointsman.margin": choice.margin,
        "pointsman.boundary": choice.boundary,
        "pointsman.similarity": choice.similarity,
        "pointsman.unfamiliar": choice.unfamiliar,
        "pointsman.explored": choice.explored,
        **{f"pointsman.p_success.{model}": p for model, p in choice.p_success.items()},
        **{f"pointsman.utility.{model}": utility for model, utility in choice.utilities.items()},
    }


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    # A whole number that does not fit into an attribute's 64 bits would make the exporter fail.
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    return isinstance(value, int | float) and abs(value) < _MOST_INT


def _text(value: str) -> str:
    # A lone surrogate cannot be exported.
    return value.encode("utf-8", "replace").decode()
