"""Every kind of fault of an upstream, on real sockets."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest
from asking import impatient
from fake_upstream import CUT, GOOD, HANG, Reply, entry, status, stream

import pointsman
from pointsman.dispatch.settings import Breaker, Retries


def refused():
    """An address where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (status(500), "status 500"),
        (status(502), "status 502"),
        (status(429), "status 429"),
        (status(408), "status 408"),
        (CUT, "answer cut off"),
        (Reply((b"<html>",)), "answer is not JSON"),
        (Reply((b'{"choices": [',)), "answer is not JSON"),
        (Reply(()), "answer is empty"),
        (Reply((b'{"error": {"code": 503}}',)), "answer is an error"),
    ],
)
def test_a_fault_that_passes_is_tried_again(serve, ask, catalog, fault, outcome):
    upstream = serve(fault, GOOD)
    assert ask(catalog(upstream)).json()["choices"][0]["message"]["content"] == "good"
    assert ask.outcomes == [outcome, "answered"]
    assert len(upstream.seen) == 2


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(status(401), "status 401"), (status(402), "status 402"), (status(403), "status 403"), (status(404), "status 404"),
     (status(301, location="http://elsewhere/"), "status 301")],
)  # fmt: skip
def test_a_refusal_goes_to_the_next_endpoint_at_once(serve, ask, catalog, fault, outcome):
    first, second = serve(fault), serve(GOOD)
    assert ask(catalog(first, second)).status_code == 200
    assert ask.outcomes == [outcome, "answered"]
    assert (len(first.seen), len(second.seen)) == (1, 1)


def test_a_refused_connection_goes_to_the_next_endpoint(serve, ask, catalog):
    assert ask(catalog(refused(), serve(GOOD))).status_code == 200
    assert ask.outcomes == ["no connection", "answered"]


def test_a_host_that_does_not_exist_goes_to_the_next_endpoint(serve, ask, catalog):
    assert ask(catalog("http://does-not-exist.invalid/v1", serve(GOOD))).status_code == 200
    assert ask.outcomes == ["no connection", "answered"]


def test_a_hang_is_given_up_and_its_connection_closed(router, serve, ask, catalog):
    first, second = serve(HANG), serve(GOOD)
    assert ask(catalog(entries={model: impatient(first, second) for model in router.models})).status_code == 200
    assert ask.outcomes == ["timed out", "answered"]
    assert first.gone.wait(5)


def test_an_answer_that_never_ends_is_left_for_another_endpoint(serve, ask, catalog, monkeypatch):
    monkeypatch.setattr("pointsman.dispatch.receive.LONGEST_ANSWER", 100_000)
    endless, good = serve(Reply((b" " * 10_000,) * 2_000)), serve(GOOD)
    assert b"good" in ask(catalog(endless, good)).content
    assert ask.outcomes[-2:] == ["answer too long", "answered"]
    assert endless.gone.wait(5)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_try_that_drips_on_is_left_for_another_endpoint(serve, ask, catalog, hasty, streamed):
    kind, drip = ("text/event-stream", b": wait\n\n") if streamed else ("application/json", b" ")
    slow, fast = serve(Reply((drip,) * 600, pause=0.05, content_type=kind)), serve(stream("good") if streamed else GOOD)
    settings = hasty(retries=Retries(longest_try_s=0.5, tries=1))
    assert b"good" in ask(catalog(slow, fast), settings, stream=streamed).content
    assert ask.outcomes == ["timed out", "answered"]


def test_a_body_that_drips_is_given_up_at_the_deadline(serve, ask, catalog, hasty):
    drip = Reply((b" ",) * 600, pause=0.05)
    began = time.monotonic()
    found = ask(catalog(serve(drip)), hasty(retries=Retries(deadline_s=1.0)))
    assert (found.status_code, found.json()["error"]["code"]) == (504, "no_answer")
    assert time.monotonic() - began < 15
    assert set(ask.outcomes) == {"timed out"}


def test_the_next_acceptable_model_stands_in_and_is_told(router, serve, ask, catalog):
    upstream = serve(GOOD)
    entries = {model: entry(refused()) for model in router.models[1:]}
    found = ask(catalog(upstream, entries=entries))
    assert found.headers["x-pointsman-model"] == router.models[0]
    assert found.headers["x-pointsman-reason"].endswith(f"; stands in for {ask.records[0].choice.model}")
    assert ask.records[0].choice.model != router.models[0]
    assert ask.records[0].selection_probability is None


def test_a_less_capable_model_never_stands_in(router, serve, ask, catalog):
    upstream = serve(GOOD)
    entries = {router.models[2]: entry(refused(), capabilities=["tools"])}
    found = ask(catalog(upstream, entries=entries), tools=[{"type": "function"}])
    assert found.status_code == 502
    assert upstream.seen == []


def test_without_fallbacks_only_the_first_endpoint_is_asked(serve, ask, catalog):
    first, second = serve(status(500)), serve(GOOD)
    found = ask(catalog(first, second), provider={"allow_fallbacks": False})
    assert found.status_code == 502
    assert (len(first.seen), second.seen) == (2, [])


def test_a_retry_after_is_honoured(serve, ask, catalog):
    upstream = serve(status(429, retry_after="1"), GOOD)
    assert ask(catalog(upstream)).status_code == 200
    assert upstream.seen[1].at - upstream.seen[0].at >= 1.0


def test_a_retry_after_that_is_too_long_goes_to_the_next_endpoint(serve, ask, catalog):
    first, second = serve(status(429, retry_after="3600")), serve(GOOD)
    began = time.monotonic()
    assert ask(catalog(first, second)).status_code == 200
    assert time.monotonic() - began < 15
    assert ask.outcomes == ["status 429", "answered"]


def test_where_all_are_busy_the_caller_is_told_when_to_come_back(serve, ask, catalog):
    found = ask(catalog(serve(status(429, retry_after="30"))))
    assert found.status_code == 429
    assert 25 <= int(found.headers["retry-after"]) <= 30
    assert found.headers["x-should-retry"] == "false"


def test_where_nobody_answers_every_try_is_told(router, serve, ask, catalog):
    found = ask(catalog(refused(), serve(status(500))), models=[router.models[1]])
    error = found.json()["error"]
    assert (found.status_code, error["type"], error["code"]) == (502, "upstream_error", "no_answer")
    assert sorted((one["provider"], one["outcome"]) for one in error["tries"]) == [
        ("p0", "no connection"), ("p0", "no connection"), ("p1", "status 500"), ("p1", "status 500"),
    ]  # fmt: skip
    assert f"{router.models[1]}@p1: status 500" in error["message"]
    assert (ask.records[0].status, ask.records[0].model) == (502, None)


def test_an_error_of_the_caller_passes_as_it_is(serve, ask, catalog):
    upstream = serve(status(400, "context too long", x_request_id="r1"))
    found = ask(catalog(upstream))
    assert (found.status_code, found.content) == (400, upstream.script(None, 0).pieces[0])
    assert found.headers["x-request-id"] == "r1"
    assert len(upstream.seen) == 1


def test_a_broken_endpoint_is_left_alone_after_some_failures(router, serve, hasty, catalog):
    first, second = serve(status(500)), serve(GOOD)
    settings = hasty(breaker=Breaker(failures=3, cooldown_s=60))
    with pointsman.http_client(router, catalog(first, second), settings=settings) as http:
        for _ in range(6):
            body = {"model": router.models[0], "messages": []}
            assert http.post("chat/completions", json=body).status_code == 200
    assert (len(first.seen), len(second.seen)) == (3, 6)


def test_measured_latency_decides_the_order_when_asked_to(router, serve, hasty, catalog):
    slow, fast = serve(replace(GOOD, delay=1.0)), serve(GOOD)
    with pointsman.http_client(router, catalog(slow, fast), settings=hasty(), provider={"sort": "latency"}) as http:
        for _ in range(5):
            http.post("chat/completions", json={"model": router.models[0], "messages": []})
    assert (len(slow.seen), len(fast.seen)) == (1, 4)


STREAMED = {"content_type": "text/event-stream"}
DELTA = b'data: {"choices": [{"index": 0, "delta": {"content": "4"}, "finish_reason": null}]}\n\n'


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ((DELTA, b'data: {"error": {"message": "overloaded"}}\n\n'), "answer is an error"),
        ((DELTA, b'event: error\ndata: {"type": "overloaded_error"}\n\n'), "answer is an error"),
        ((DELTA,), "answer cut off"),
        ((DELTA, DELTA.replace(b"null", b'"stop"')), None),
        ((DELTA, b"data: [DONE]\n\n"), None),
        ((DELTA, b"data: [DONE]"), None),
        ((DELTA.replace(b"\n", b"\r"), b"data: [DONE]\r\r"), None),
        ((b'data: {"type": "response.completed", "response": {"error": null}}\n\n',), None),
    ],
)
def test_a_stream_that_says_that_it_failed_or_just_ends_has_failed(router, serve, hasty, catalog, pieces, error):
    records = []
    first, second = serve(Reply(pieces, **STREAMED)), serve(GOOD)
    settings = hasty(breaker=Breaker(failures=2, cooldown_s=60))
    with pointsman.http_client(router, catalog(first, second), settings=settings, on_record=[records.append]) as http:
        for _ in range(3):
            body = {"model": router.models[0], "messages": [], "stream": True}
            http.post("chat/completions", json=body)
    assert len(first.seen) == (3 if error is None else 2)
    assert {record.error for record in records if record.provider == "p0"} == {error}


def test_a_stream_that_is_called_plain_text_is_one(router, serve, catalog, hasty):
    upstream = serve(Reply((DELTA, b"data: [DONE]\n\n"), content_type="text/plain"))
    with pointsman.http_client(router, catalog(upstream), settings=hasty()) as http:
        found = http.post("chat/completions", json={"model": router.models[0], "messages": [], "stream": True})
    assert (found.status_code, found.content) == (200, DELTA + b"data: [DONE]\n\n")
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("body", [b'{"detail": "busy"}', b'{"choices": []}', b'{"object": "error", "code": 503}'])
def test_what_holds_no_answer_is_none(serve, ask, catalog, body):
    empty, good = serve(Reply((body,))), serve(GOOD)
    found = ask(catalog(empty, good))
    assert found.status_code == 200
    assert b"good" in found.content


def test_the_other_side_is_priced_at_the_endpoint_that_would_be_asked(router, serve, hasty, catalog):
    records = []
    dear, cheap = entry(serve(GOOD)), entry(serve(GOOD))
    one = dear["endpoints"][0] | {"input_per_m": 50.0, "output_per_m": 100.0, "provider": "dear"}
    other = cheap["endpoints"][0] | {"input_per_m": 1.0, "output_per_m": 2.0, "provider": "cheap"}
    entries = {router.models[2]: {"endpoints": [one, other]}}
    made = catalog(serve(GOOD), entries=entries)
    with pointsman.http_client(router, made, settings=hasty(), on_record=[records.append]) as http:
        body = {"messages": [], "model": "pointsman/auto", "provider": {"sort": "price"}}
        http.post("chat/completions", json=body)
        http.post("chat/completions", json=body | {"model": router.models[2]})
    assert records[0].costs_usd[router.models[2]] == records[1].cost_usd == pytest.approx((10 * 1 + 4 * 2) / 1e6)


def test_a_short_placeholder_for_a_key_is_not_blanked_out_of_answers(router, serve, ask, catalog, monkeypatch):
    monkeypatch.setenv("PLACEHOLDER", "x")
    made = entry(serve(status(400, "context_length_exceeded")))
    made["endpoints"][0]["api_key_env"] = "PLACEHOLDER"
    found = ask(catalog("http://127.0.0.1:9/v1", entries=dict.fromkeys(router.models, made)))
    assert found.json()["error"]["message"] == "context_length_exceeded"
    assert found.headers["content-type"] == "application/json"
