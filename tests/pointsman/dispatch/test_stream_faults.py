"""Streams that break, callers that go away, and many faults at once, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
import time
from dataclasses import replace

import httpx2
import pytest
from asking import AUTO, impatient
from fake_upstream import CUT, GOOD, HANG, Reply, chat, event, status, stream

import pointsman

GZIP = {"Content-Encoding": "gzip"}
ERROR_FIRST = Reply((event({"error": {"message": "busy"}}), b"data: [DONE]\n\n"), content_type="text/event-stream")


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


def test_a_stream_that_comes_compressed_goes_to_the_caller_as_it_is(serve, ask, catalog):
    plain = b"".join(stream("good").pieces)
    upstream = serve(Reply((gzip.compress(plain),), content_type="text/event-stream", headers=GZIP))
    found = ask(catalog(upstream), stream=True)
    assert (found.status_code, found.content, len(upstream.seen)) == (200, plain, 1)


def test_a_stream_is_whole_where_its_last_event_has_no_blank(serve, ask, catalog):
    upstream = serve(Reply((*stream("good").pieces[:-1], b"data:[DONE]\n\n"), content_type="text/event-stream"))
    assert b"good" in ask(catalog(upstream), stream=True).content
    assert (ask.records[-1].error, ask.outcomes) == (None, ["answered"])


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
