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
