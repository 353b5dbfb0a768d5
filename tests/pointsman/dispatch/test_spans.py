"""Spans of the real SDK, of requests to real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys

import httpx2
import openai
import pytest
from fake_upstream import chat, response, status, stream
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import pointsman

AUTO = "pointsman/auto"
KEY = "sk-upstream-0123456789"


@pytest.fixture
def provider():
    return TracerProvider()


@pytest.fixture
def exporter(provider):
    made = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(made))
    return made


@pytest.fixture
def routed(router, catalog, hasty, provider, exporter):
    """Make HTTP clients that close with the test."""
    with contextlib.ExitStack() as stack:

        def make(*upstreams, settings=None, entries=None, spans=None):
            made = pointsman.http_client(
                router, catalog(*upstreams, entries=entries), settings=settings or hasty(),
                spans=spans or pointsman.Spans(provider),
            )  # fmt: skip
            return stack.enter_context(made)

        yield make


@pytest.fixture
def client(routed):
    return lambda *given, **more: openai.OpenAI(http_client=routed(*given, **more), api_key="unused", max_retries=0)


def user(content):
    return [{"role": "user", "content": content}]


def only(exporter):
    [span] = exporter.get_finished_spans()
    return span


def test_a_request_is_one_span_with_the_names_of_the_conventions_and_the_whole_decision(
    router, serve, client, exporter, familiars
):
    upstream = serve(chat("42"))
    found = client(upstream).chat.completions.with_raw_response.create(
        model=AUTO, messages=user(familiars[0]), temperature=0.5, max_tokens=9, stop="x", seed=3
    )
    span, decision = only(exporter), router.route(familiars[0])
    assert (span.name, span.kind, span.status.status_code) == (f"chat {AUTO}", SpanKind.CLIENT, StatusCode.UNSET)
    attributes = dict(span.attributes)
    assert attributes.pop("pointsman.decision_id") == found.headers["x-pointsman-decision-id"]
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "p0",
        "gen_ai.request.model": AUTO,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ("x",),
        "gen_ai.request.seed": 3,
        "gen_ai.request.stream": False,
        "gen_ai.response.model": decision.model,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "server.address": "127.0.0.1",
        "server.port": upstream.port,
        "pointsman.api": "chat",
        "pointsman.reason": decision.reason,
        "pointsman.router": router.name,
        "pointsman.router_sha256": router.manifest.onnx_sha256,
        "pointsman.selection_probability": 1.0,
        "pointsman.shadow": False,
        "pointsman.cost_usd": (10 * 1.0 + 4 * 2.0) / 1e6,
        "pointsman.tries": (f"{decision.model}@p0: answered",),
        "pointsman.choice": decision.model,
        "pointsman.operating_point": decision.operating_point,
        "pointsman.lambda": decision.lam,
        "pointsman.margin": decision.margin,
        "pointsman.boundary": decision.boundary,
        "pointsman.similarity": decision.similarity,
        "pointsman.unfamiliar": False,
        "pointsman.explored": False,
        **{f"pointsman.p_success.{model}": p for model, p in decision.p_success.items()},
        **{f"pointsman.utility.{model}": utility for model, utility in decision.utilities.items()},
    }
    assert attributes == expected
    assert span.end_time > span.start_time


def test_the_upstreams_spans_go_below_ours_and_ours_below_the_current_one(serve, client, exporter, provider):
    upstream = serve(chat())
    with provider.get_tracer("caller").start_as_current_span("work") as work:
        client(upstream).chat.completions.create(model=AUTO, messages=user("Hi"))
    span = next(span for span in exporter.get_finished_spans() if span.name.startswith("chat"))
    assert span.parent.span_id == work.get_span_context().span_id
    version, trace, parent, _ = upstream.seen[0].headers["traceparent"].split("-")
    assert (version, int(trace, 16), int(parent, 16)) == ("00", span.context.trace_id, span.context.span_id)
    assert "baggage" not in upstream.seen[0].headers


def test_a_request_whose_headers_name_a_span_goes_below_it(serve, client, exporter):
    parent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    made = client(serve(chat()))
    made.chat.completions.create(model=AUTO, messages=user("Hi"), extra_headers={"traceparent": parent})
    span = only(exporter)
    assert f"{span.context.trace_id:032x}-{span.parent.span_id:016x}" == parent[3:52]


def test_a_stream_ends_its_span_with_its_last_byte(serve, client, exporter):
    answer = client(serve(stream("4", "2", pause=0.05))).chat.completions.create(
        model=AUTO, messages=user("Hi"), stream=True
    )
    chunks = iter(answer)
    next(chunks)
    assert exporter.get_finished_spans() == ()
    list(chunks)
    span = only(exporter)
    assert span.attributes["gen_ai.request.stream"] is True
    assert span.attributes["gen_ai.usage.output_tokens"] == 4
    whole = (span.end_time - span.start_time) / 1e9
    assert 0 < span.attributes["gen_ai.response.time_to_first_chunk"] <= whole - 0.09


def test_a_stream_that_breaks_off_or_is_left_tells_so(serve, client, exporter):
    made = client(serve(stream("4", "2", cut=1), stream("4", "2", pause=5.0)))
    with pytest.raises(openai.APIConnectionError):
        list(made.chat.completions.create(model=AUTO, messages=user("Hi"), stream=True))
    with made.chat.completions.create(model=AUTO, messages=user("Hi"), stream=True) as answer:
        next(iter(answer))
    cut, left = exporter.get_finished_spans()
    assert (cut.status.status_code, cut.attributes["error.type"]) == (StatusCode.ERROR, "answer cut off")
    assert (left.status.status_code, left.attributes["error.type"]) == (StatusCode.UNSET, "caller went away")


def test_nobody_answering_is_an_error_with_the_tries(router, serve, client, exporter):
    with pytest.raises(openai.APIStatusError):
        client(serve(status(500))).chat.completions.create(model=router.models[0], messages=user("Hi"))
    span = only(exporter)
    assert (span.status.status_code, span.attributes["error.type"]) == (StatusCode.ERROR, "502")
    assert set(span.attributes["pointsman.tries"]) == {f"{router.models[0]}@p0: status 500"}
    assert span.attributes["gen_ai.provider.name"] == "pointsman"
    assert "gen_ai.response.model" not in span.attributes


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"model": "nobody", "messages": user("Hi")}, "UnknownModelError"),
        ({"model": AUTO, "messages": user("secret"), "extra_body": {"min_success": 9}}, "BodyError"),
        ({"model": AUTO, "messages": user("Hi"), "extra_body": {"exclude": ["*"]}}, "NoCandidateError"),
    ],
)
def test_a_request_that_cannot_be_routed_is_an_error_without_the_callers_words(serve, client, exporter, body, kind):
    with pytest.raises(openai.APIStatusError):
        client(serve()).chat.completions.create(**body)
    span = only(exporter)
    assert (span.name, span.attributes["error.type"], span.status.description) == ("chat", kind, kind)


def test_exclusions_and_a_session_are_told_and_its_id_is_not(router, serve, client, exporter):
    extra = {"exclude": [router.models[0]], "session_id": "anna@example.com"}
    client(serve(chat())).chat.completions.create(model=AUTO, messages=user("Hi"), extra_body=extra)
    span = only(exporter)
    assert span.attributes[f"pointsman.excluded.{router.models[0]}"] == "excluded by the request"
    assert len(span.attributes["gen_ai.conversation.id"]) == 16
    assert "anna" not in span.to_json()


def test_a_prompt_is_told_only_when_asked_for_and_a_key_never(router, serve, client, exporter, hasty, monkeypatch):
    monkeypatch.setenv("UP_KEY", KEY)
    upstream = serve(status(400, f"bad key {KEY}"))
    entries = {
        model: {"endpoint": {"base_url": upstream.url, "provider": "p0", "api_key_env": "UP_KEY"}}
        for model in router.models
    }
    for wanted in (False, True):
        made = client(settings=hasty(log_prompts=wanted), entries=entries)
        with pytest.raises(openai.BadRequestError):
            made.chat.completions.create(model=AUTO, messages=user("my secret words"))
        span = exporter.get_finished_spans()[-1]
        assert KEY not in span.to_json()
        assert ("my secret words" in span.to_json()) is wanted
    [message] = json.loads(span.attributes["gen_ai.input.messages"])
    assert message == {"role": "user", "parts": [{"type": "text", "content": "my secret words"}]}


def test_the_responses_api_and_the_async_client_make_spans_too(router, catalog, serve, exporter, provider):
    upstream = serve(response("42"))
    made = pointsman.async_http_client(router, catalog(upstream), spans=pointsman.Spans(provider))

    async def main():
        async with openai.AsyncOpenAI(http_client=made, api_key="x") as client:
            await client.responses.create(model=AUTO, input="Hi", max_output_tokens=20)

    asyncio.run(main())
    span = only(exporter)
    assert (span.attributes["pointsman.api"], span.attributes["gen_ai.request.max_tokens"]) == ("responses", 20)


def test_odd_values_of_a_request_do_no_harm(serve, routed, exporter):
    odd = {"temperature": True, "seed": 2**70, "max_tokens": "9", "stop": [1], "n": None, "top_p": 10**400}
    body = json.dumps({"model": AUTO, "messages": user("a\ud800"), **odd})
    assert routed(serve(chat())).post("/chat/completions", content=body).status_code == 200
    assert not {name for name in only(exporter).attributes if name.startswith("gen_ai.request.")} - {
        "gen_ai.request.model", "gen_ai.request.stream",
    }  # fmt: skip


def test_a_decision_alone_makes_no_span(router, catalog, serve, provider, exporter):
    from pointsman.serve import app

    made = app(router, catalog(serve()), spans=pointsman.Spans(provider))
    transport = httpx2.ASGITransport(made)

    async def main():
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post("/v1/route", json={"model": AUTO, "messages": user("Hi")})

    assert asyncio.run(main()).status_code == 200
    assert exporter.get_finished_spans() == ()


def test_a_span_that_is_not_sampled_costs_no_attributes_and_still_goes_upstream(serve, routed):
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    upstream = serve(chat())
    made = routed(upstream, spans=pointsman.Spans(TracerProvider(sampler=ALWAYS_OFF)))
    made.post("/chat/completions", json={"model": AUTO, "messages": user("Hi")})
    flags = upstream.seen[0].headers["traceparent"].rpartition("-")[2]
    assert int(flags, 16) % 2 == 0


def test_without_the_extra_the_error_says_what_to_install(environment, tmp_path):
    code = "import sys; sys.modules['opentelemetry'] = None; import pointsman; pointsman.Spans()"
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert 'pip install "pointsman[otel]"' in done.stderr.splitlines()[-1]
