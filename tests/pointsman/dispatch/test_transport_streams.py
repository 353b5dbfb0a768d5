"""Streams, the asynchronous client and the Responses API through the transport."""

from __future__ import annotations

import asyncio
import time

import pytest
from asking import AUTO, create
from fake_upstream import Reply, chat, event, response, response_object, stream

import pointsman


def test_a_stream_passes_byte_for_byte(serve, router, catalog, hasty):
    made = stream("4", "2", pause=0.01)
    upstream = serve(made)
    records = []
    http = pointsman.http_client(router, catalog(upstream), settings=hasty(), on_record=[records.append])
    with http, http.stream("POST", "chat/completions", json={"model": AUTO, "messages": [], "stream": True}) as found:
        assert b"".join(found.iter_raw()) == b"".join(made.pieces)
        assert found.headers["content-type"] == "text/event-stream"
    assert (records[0].input_tokens, records[0].output_tokens, records[0].stream) == (10, 4, True)
    # 10 tokens at 1 and 4 at 2 USD per million.
    assert records[0].cost_usd == pytest.approx(18e-6)
    assert 0 < records[0].first_byte_ms < records[0].latency_ms


def test_the_official_client_reads_a_stream(serve, client):
    upstream, records = serve(stream("4", "2")), []
    made = client(upstream, on_record=[records.append])
    chunks = list(create(made, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content for chunk in chunks if chunk.choices) == "42"
    assert upstream.seen[0].body["stream_options"] == {"include_usage": True}
    # It hangs up after the last event, which is no fault.
    assert [(record.error, record.output_tokens) for record in records] == [(None, 4)]


def test_the_pieces_of_a_stream_come_as_they_are_made(serve, client):
    upstream = serve(stream("a", "b", "c", pause=0.15))
    times = []
    for _ in create(client(upstream), stream=True):
        times.append(time.monotonic())
    assert times[-1] - times[0] > 0.3


def test_the_async_client_is_routed_streamed_and_not(router, serve, run, familiars):
    upstream = serve(chat("42"), stream("4", "2"))

    async def work(client):
        plain = await create(client, familiars[0])
        chunks = [chunk async for chunk in await create(client, stream=True)]
        listed = [model.id async for model in client.models.list()]
        return plain, chunks, listed

    plain, chunks, listed = run(work, upstream)
    assert plain.choices[0].message.content == "42"
    assert "".join(chunk.choices[0].delta.content for chunk in chunks if chunk.choices) == "42"
    assert upstream.models[0] == router.route(familiars[0]).model
    assert listed[0] == AUTO


def test_many_async_requests_at_once_each_get_their_own_answer(serve, run):
    upstream = serve(script=lambda seen, before: chat(seen.body["messages"][0]["content"].upper()))

    async def work(client):
        return await asyncio.gather(*(create(client, f"text {n}") for n in range(50)))

    found = run(work, upstream)
    assert [one.choices[0].message.content for one in found] == [f"TEXT {n}" for n in range(50)]
    assert len(upstream.seen) == 50


def test_the_responses_api_passes_and_is_gone_on_from_where_it_was_made(router, serve, client):
    upstream = serve(script=lambda seen, before: response("42", f"resp_{before}"))
    made = client(upstream)
    first = made.responses.create(model=router.models[1], input="What is 6 * 7?")
    assert first.output_text == "42"
    made.responses.create(
        model=AUTO, input="And squared?", previous_response_id=first.id, extra_body={"cost_quality": 10}
    )
    assert [seen.path for seen in upstream.seen] == ["/v1/responses"] * 2
    assert upstream.models == [router.models[1]] * 2
    assert upstream.seen[1].body == {
        "input": "And squared?", "model": router.models[1], "previous_response_id": "resp_0",
    }  # fmt: skip


def test_the_responses_api_streams(router, serve, client):
    whole = response_object("42", "resp_9")
    pieces = (
        event(
            {"type": "response.created", "sequence_number": 0, "response": whole | {"usage": None}}, "response.created"
        ),
        event(
            {"type": "response.output_text.delta", "sequence_number": 1, "item_id": "m1", "output_index": 0,
             "content_index": 0, "delta": "42", "logprobs": []},
            "response.output_text.delta",
        ),
        event({"type": "response.completed", "sequence_number": 2, "response": whole}, "response.completed"),
    )  # fmt: skip
    records = []
    upstream = serve(Reply(pieces, content_type="text/event-stream"))
    made = client(upstream, on_record=[records.append])
    events = list(made.responses.create(model=router.models[1], input="Hi", stream=True))
    assert [one.type for one in events] == ["response.created", "response.output_text.delta", "response.completed"]
    assert (records[0].api, records[0].output_tokens) == ("responses", 4)
    made.responses.create(model=AUTO, input="x", previous_response_id="resp_9", extra_body={"cost_quality": 10})
    assert upstream.models[1] == router.models[1]
