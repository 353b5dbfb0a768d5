"""Tokens of a stream that are asked for on behalf of the caller."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from asking import AUTO, create
from fake_upstream import USAGE, chat, event, status, stream
from hypothesis import given
from hypothesis import strategies as st

import pointsman
from pointsman.dispatch.splice import Body
from pointsman.dispatch.stream_usage import Hider


def told(seen, before):
    """Answer as OpenAI does: the tokens come in an event of their own, where they were asked for."""
    asked = (seen.body.get("stream_options") or {}).get("include_usage", False)
    return stream("4", "2", usage=asked) if seen.body.get("stream") else chat()


@pytest.fixture
def asked(serve, client, hasty):
    """Make a client whose streams have their tokens asked for; returns it, the upstream and the records."""

    def make(script=told, shared=None, **settings):
        upstream, records = serve(script=script), []
        made = replace(hasty(), stream_usage=True, **settings)
        return client(upstream, settings=made, shared=shared, on_record=[records.append]), upstream, records

    return make


def test_a_stream_has_a_cost_though_its_caller_did_not_ask(asked):
    made, upstream, records = asked()
    chunks = list(create(made, stream=True))
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "42"  # not one without a choice
    assert upstream.seen[0].body["stream_options"] == {"include_usage": True}
    assert (records[0].input_tokens, records[0].output_tokens) == (10, 4)
    assert records[0].cost_usd == pytest.approx(18e-6)


@pytest.mark.parametrize(("parameters", "sent"), [(["temperature"], False), (["temperature", "stream_options"], True)])
def test_an_endpoint_that_is_not_said_to_understand_it_is_not_asked(asked, parameters, sent):
    made, upstream, _ = asked(shared={"parameters": parameters})
    chunks = list(create(made, stream=True))
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "42"
    assert ("stream_options" in upstream.seen[0].body) is sent


def test_a_caller_that_asks_gets_what_it_asks_for(asked):
    made, upstream, records = asked()
    chunks = list(create(made, stream=True, stream_options={"include_usage": True}))
    assert [chunk.usage.completion_tokens for chunk in chunks if not chunk.choices] == [4]
    assert upstream.seen[0].raw.count(b"include_usage") == 1
    assert records[0].output_tokens == 4


@pytest.mark.parametrize("asks", [1, "yes"])
def test_whatever_a_caller_asks_with_it_gets_what_it_asks_for(asked, asks):
    made, upstream, _ = asked(lambda seen, before: stream("4", "2"))
    chunks = list(create(made, stream=True, stream_options={"include_usage": asks}))
    assert len([chunk for chunk in chunks if not chunk.choices]) == 1
    assert upstream.seen[0].body["stream_options"] == {"include_usage": asks}


def test_an_answer_that_is_compressed_all_the_same_passes_as_it_is(serve, router, catalog, hasty):
    whole = stream("4", "2", headers={"Content-Encoding": "x-other"})
    upstream = serve(whole)
    http = pointsman.http_client(router, catalog(upstream), settings=replace(hasty(), stream_usage=True))
    with http, http.stream("POST", "chat/completions", json={"model": AUTO, "messages": [], "stream": True}) as found:
        assert found.read() == b"".join(whole.pieces)


def test_other_options_of_the_caller_stay(asked):
    made, upstream, _ = asked()
    list(create(made, stream=True, stream_options={"include_usage": False, "include_obfuscation": False}))
    assert upstream.seen[0].body["stream_options"] == {"include_usage": True, "include_obfuscation": False}


def test_what_is_not_streamed_is_not_touched(asked):
    made, upstream, records = asked()
    assert create(made).usage.completion_tokens == 4
    assert "stream_options" not in upstream.seen[0].body
    assert records[0].output_tokens == 4


def test_without_the_setting_nothing_is_asked(serve, client):
    upstream, records = serve(script=told), []
    list(create(client(upstream, on_record=[records.append]), stream=True))
    assert "stream_options" not in upstream.seen[0].body
    assert records[0].output_tokens is None


def test_an_upstream_that_does_not_know_the_option_says_so(asked):
    made, _, _ = asked(lambda seen, before: status(400, "unknown field stream_options"))
    with pytest.raises(Exception, match="unknown field stream_options"):
        create(made, stream=True)


def test_each_try_asks(asked):
    made, upstream, records = asked(lambda seen, before: told(seen, before) if before else status(500))
    assert len(list(create(made, stream=True))) == 2
    assert [seen.body["stream_options"]["include_usage"] for seen in upstream.seen] == [True, True]
    assert records[0].output_tokens == 4


def test_a_body_that_is_shorter_than_it_was_says_nothing_of_its_length(serve, router, catalog, hasty):
    whole = stream("4", "2")
    upstream = serve(replace(whole, headers={"Content-Length": str(len(b"".join(whole.pieces)))}))
    http = pointsman.http_client(router, catalog(upstream), settings=replace(hasty(), stream_usage=True))
    with http, http.stream("POST", "chat/completions", json={"model": AUTO, "messages": [], "stream": True}) as found:
        assert b"".join(found.iter_raw()) == b"".join(whole.pieces[:2] + whole.pieces[3:])
        assert "content-length" not in found.headers


def test_the_asynchronous_client_asks_too(serve, run, hasty):
    upstream, records = serve(script=told), []

    async def work(client):
        return [chunk async for chunk in await create(client, stream=True)]

    chunks = run(work, upstream, settings=replace(hasty(), stream_usage=True), on_record=[records.append])
    assert len(chunks) == 2
    assert records[0].output_tokens == 4


EVENTS = (
    event({"choices": [{"index": 0, "delta": {"content": 'say "usage"'}}], "usage": None}),
    b": a comment\n\n",
    event({"choices": [], "prompt_filter_results": []}),
    event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": USAGE}),
    b'data: {broken "usage"\r\n\r\n',
    b"data: [DONE]\r\r",
    b"data: 1\n\r\n",
    b"data: 2\r\n\n",
    event({"error": {"message": "busy"}, "choices": [], "usage": USAGE}),
    b":\n\n",  # not a bare blank line: after "\r\r" half of it would belong to the event before
)
TOKENS = (
    event({"choices": [], "usage": USAGE}),
    event({"choices": [], "usage": USAGE}).replace(b"\n", b"\r\n"),
    event({"choices": [], "usage": USAGE}).replace(b"\n\n", b"\n\r\n"),
    event({"usage": USAGE}),
    event({"choices": None, "usage": USAGE}),
    b'data: {"choices": [],\ndata: "usage": {"total_tokens": 9}}\n\n',
)


@given(
    events=st.lists(st.sampled_from((*EVENTS, *TOKENS)), max_size=12), cuts=st.lists(st.integers(0, 2_000), max_size=20)
)
def test_however_a_stream_is_cut_all_but_the_tokens_arrives(events, cuts):
    whole, hider = b"".join(events), Hider()
    places = sorted({min(cut, len(whole)) for cut in cuts} | {0, len(whole)})
    pieces = [whole[a:b] for a, b in pairwise(places)]
    found = b"".join([hider.feed(piece) for piece in pieces] + [hider.end()])
    assert found == b"".join(one for one in events if one not in TOKENS)


def test_whole_events_are_not_held_back_and_long_ones_go_on():
    hider = Hider()
    assert hider.feed(EVENTS[0] + b"data: x") == EVENTS[0]
    assert hider.feed(b"\n\n") == b"data: x\n\n"
    long = b"data: " + b"x" * (1 << 21)
    assert hider.feed(long) + hider.feed(b"\n\n") + hider.end() == long + b"\n\n"


def test_tokens_at_the_very_end_are_hidden_without_the_events_end():
    hider = Hider()
    assert hider.feed(TOKENS[0].rstrip()) + hider.end() == b""


@given(
    body=st.dictionaries(st.sampled_from(["model", "a", "b", "n"]), st.integers() | st.text(), min_size=1),
    cut=st.sets(st.sampled_from(["a", "b"])),
)
def test_a_member_is_put_where_it_stands_or_at_the_end(body, cut):
    raw = json.dumps(body, indent=1).encode()
    expected = {key: value for key, value in body.items() if key not in cut} | {"n": [1]}
    if "model" in body:
        expected["model"] = "small"
    found = json.loads(Body.parse(raw).spliced("small", cut, {"n": [1]}))
    assert found == expected
