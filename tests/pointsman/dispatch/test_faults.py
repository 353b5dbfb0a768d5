"""Every kind of fault of an upstream, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from dataclasses import replace

import httpx2
import pytest
from fake_upstream import HANG, Reply, chat, entry, event, status, stream

import pointsman
from pointsman.dispatch.settings import Breaker, Retries

AUTO = "pointsman/auto"
GOOD = chat("good")
CUT = replace(chat(), pieces=(b'{"choices": [', b"]}"), cut=1)
ERROR_FIRST = Reply((event({"error": {"message": "busy"}}), b"data: [DONE]\n\n"), content_type="text/event-stream")


def refused():
    """An address where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


class Asker:
    """Asks through the transport, with threads or with an event loop, and keeps the records.

    With ``upstreams``, which makes the transport to the endpoints, as the server has it.
    """

    def __init__(self, asynchronous, router, hasty, upstreams=lambda: None):
        self._async, self._router, self._settings, self._upstreams = asynchronous, router, hasty(), upstreams
        self.records = []

    def __call__(self, catalog, settings=None, stream=False, **body):
        body = {"model": AUTO, "messages": [{"role": "user", "content": "Hi"}], "stream": stream} | body
        options = {"settings": settings or self._settings, "on_record": [self.records.append]}
        if self._async:
            return asyncio.run(self._ask_async(catalog, options, body))
        with pointsman.http_client(self._router, catalog, **options) as http:
            return http.post("chat/completions", json=body)

    async def _ask_async(self, catalog, options, body):
        upstream = self._upstreams()
        async with pointsman.async_http_client(self._router, catalog, upstream=upstream, **options) as http:
            return await http.post("chat/completions", json=body)

    @property
    def outcomes(self):
        return [one.outcome for one in self.records[-1].tries]


@pytest.fixture(params=["sync", "async", "aiohttp"])
def ask(request, router, hasty):
    if request.param != "aiohttp":
        return Asker(request.param == "async", router, hasty)
    from pointsman.serve.upstream import AiohttpTransport

    return Asker(True, router, hasty, AiohttpTransport)


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


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(replace(stream("a"), cut=0), "answer cut off"), (replace(stream("a"), pieces=()), "answer is empty"),
     (ERROR_FIRST, "answer is an error"), (status(503), "status 503"),
     (replace(ERROR_FIRST, pieces=(b": wait\n\n", *ERROR_FIRST.pieces), pause=0.1), "answer is an error"),
     (replace(ERROR_FIRST, pieces=(b"data: {", ERROR_FIRST.pieces[0][7:]), pause=0.1), "answer is an error"),
     (replace(stream("a"), pieces=(b": wait\n\n", b"x"), pause=0.1, cut=1), "answer cut off"),
     (replace(stream("a"), pieces=(b": wait\n\n", b"event: x\n\n"), pause=0.1), "answer is empty")],
)  # fmt: skip
def test_a_stream_that_did_not_begin_is_tried_again(serve, ask, catalog, fault, outcome):
    upstream = serve(fault, stream("good"))
    assert b"good" in ask(catalog(upstream), stream=True).content
    assert ask.outcomes == [outcome, "answered"]


def test_comments_before_the_answer_arrive_with_it(serve, ask, catalog):
    reply = stream("good", pause=0.05)
    pieces = (b": wait\n\n", b": wait\n\n", *reply.pieces)
    assert ask(catalog(serve(replace(reply, pieces=pieces))), stream=True).content == b"".join(pieces)


def test_a_stream_may_end_without_a_line_end(serve, ask, catalog):
    upstream = serve(Reply((b'data: {"choices": []}',), content_type="text/event-stream"))
    assert ask(catalog(upstream), stream=True).content == b'data: {"choices": []}'
    assert ask.outcomes == ["answered"]


def test_comments_are_not_held_for_long(serve, ask, catalog, monkeypatch):
    monkeypatch.setattr("pointsman.dispatch.receive._HELD_S", 0.2)
    pieces = (*[b": wait\n\n"] * 6, *ERROR_FIRST.pieces)
    answer = ask(catalog(serve(replace(ERROR_FIRST, pieces=pieces, pause=0.1))), stream=True)
    assert answer.content == b"".join(pieces)


def test_a_stream_that_breaks_is_not_tried_again_and_the_caller_knows(serve, ask, catalog):
    upstream = serve(replace(stream("a", "b", "c"), cut=2))
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(catalog(upstream), stream=True)
    assert len(upstream.seen) == 1
    assert (ask.records[0].error, ask.records[0].status) == ("answer cut off", 200)


def test_a_stream_that_stops_coming_is_given_up(router, serve, ask, catalog):
    upstream = serve(stream("a", "b", pause=60.0))
    with pytest.raises(httpx2.ReadTimeout):
        ask(catalog(entries={model: impatient(upstream) for model in router.models}), stream=True)
    assert ask.records[0].error == "timed out"


def impatient(*upstreams):
    """An entry whose first endpoint is given up soon."""
    one = entry(*upstreams)
    one["endpoints"][0]["timeout_s"] = 1.0
    return one


def test_a_caller_that_goes_away_stops_the_upstream(router, serve, catalog):
    upstream, records = serve(stream(*"abcdefgh", pause=0.1)), []
    http = pointsman.http_client(router, catalog(upstream), on_record=[records.append])
    with http, http.stream("POST", "chat/completions", json={"model": AUTO, "messages": [], "stream": True}) as found:
        next(found.iter_raw())
    assert upstream.gone.wait(5)
    assert [record.error for record in records] == ["caller went away"]


def _read_on(read):
    with contextlib.suppress(httpx2.TransportError):
        next(read)


def test_a_caller_in_another_thread_can_hang_up(router, serve, catalog):
    upstream, records = serve(stream("a", "b", pause=60.0)), []
    http = pointsman.http_client(router, catalog(upstream), on_record=[records.append])
    with http, http.stream("POST", "chat/completions", json={"model": AUTO, "messages": [], "stream": True}) as found:
        read = iter(found.iter_raw())
        next(read)
        reader = threading.Thread(target=_read_on, args=(read,), daemon=True)
        reader.start()
        time.sleep(0.1)
        found.stream.close()
    assert [record.error for record in records] == ["caller went away"]


def test_an_async_caller_that_goes_away_stops_the_upstream(router, serve, catalog):
    streaming, hanging, records = serve(stream(*"abcdefgh", pause=0.1)), serve(HANG), []

    async def leave(upstream, body):
        http = pointsman.async_http_client(router, catalog(upstream), on_record=[records.append])
        body = {"model": AUTO, "messages": []} | body
        async with http, http.stream("POST", "chat/completions", json=body) as found:
            async for _ in found.aiter_raw():
                break

    async def cancelled():
        task = asyncio.create_task(leave(hanging, {}))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave(streaming, {"stream": True}))
    asyncio.run(cancelled())
    assert streaming.gone.wait(5)
    assert hanging.gone.wait(5)
    assert [(record.error, record.status) for record in records] == [
        ("caller went away", 200), ("caller went away", 499),
    ]  # fmt: skip


def test_a_key_that_has_left_the_environment_goes_to_the_next_endpoint(router, serve, ask, catalog, monkeypatch):
    monkeypatch.setenv("POINTSMAN_TEST_KEY", "k")
    upstream = serve(GOOD)
    keyed = {"base_url": upstream.url, "provider": "keyed", "api_key_env": "POINTSMAN_TEST_KEY"}
    plain = {"base_url": upstream.url, "provider": "plain"}
    made = catalog(entries={model: {"endpoints": [keyed, plain]} for model in router.models})
    with pointsman.http_client(router, made, on_record=[ask.records.append]) as http:
        monkeypatch.delenv("POINTSMAN_TEST_KEY")
        assert http.post("chat/completions", json={"model": AUTO, "messages": []}).status_code == 200
    assert ask.outcomes == ["no key", "answered"]


def test_hundreds_of_requests_with_faults_are_each_answered_once_and_no_connection_leaks(router, serve, catalog, hasty):
    faults = (status(500), status(429), CUT, Reply((b"<html>",)), Reply(()))

    def script(seen, before):
        return faults[before % len(faults)] if before % 20 == 7 else chat(seen.body["messages"][0]["content"])

    first, second, records = serve(script=script), serve(script=script), []

    async def work():
        http = pointsman.async_http_client(
            router, catalog(first, second), settings=hasty(), on_record=[records.append], models=[router.models[0]]
        )
        async with http:

            async def one(n):
                body = {"model": AUTO, "messages": [{"role": "user", "content": f"text {n}"}]}
                found = await http.post("chat/completions", content=json.dumps(body).encode())
                return found.status_code, found.json()["choices"][0]["message"]["content"]

            for start in range(0, 300, 30):
                found = await asyncio.gather(*(one(n) for n in range(start, start + 30)))
                assert found == [(200, f"text {n}") for n in range(start, start + 30)]
            pool = http._transport._upstream._pool
            assert all(connection.is_idle() for connection in pool.connections)

    asyncio.run(work())
    assert len(records) == len({record.decision_id for record in records}) == 300
    assert first.connections <= 60
