"""Streams that a real server of language models sent, through ours and through the transport."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import openai
import pytest
from fake_upstream import Reply
from live_server import until

import pointsman

RECORDED = {path.stem: path.read_bytes() for path in (Path(__file__).parent / "recorded").glob("*.sse")}
BODY = {"model": "pointsman/auto", "messages": [{"role": "user", "content": "What is 7+5?"}], "stream": True}


def sent_in_pieces(name, size):
    content = RECORDED[name]
    pieces = tuple(content[at : at + size] for at in range(0, len(content), size))
    return Reply(pieces, content_type="text/event-stream")


@pytest.mark.parametrize("size", [1, 97, 100_000])
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_stream_passes_byte_for_byte_however_it_is_cut_up(serve, live, router, catalog, name, size):
    path, body = "chat/completions", BODY
    if name == "responses":
        path, body = "responses", {"model": "pointsman/auto", "input": "What is 7+5?", "stream": True}
    records = []
    server = live(serve(sent_in_pieces(name, size)), on_record=[records.append])
    assert httpx2.post(f"{server.url}/v1/{path}", json=body, timeout=60).content == RECORDED[name]
    with pointsman.http_client(router, catalog(serve(sent_in_pieces(name, size)))) as client:
        assert client.post(f"/{path}", json=body).content == RECORDED[name]
    until(lambda: records)
    assert records[0].error is None
    assert (records[0].output_tokens is None) is (name == "tools")


def test_the_official_client_reads_a_recorded_stream_as_it_reads_the_original(serve, live):
    server = live(serve(sent_in_pieces("chat", 97)))
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="x") as client:
        chunks = list(client.chat.completions.create(**BODY))
    events = [json.loads(line[6:]) for line in RECORDED["chat"].splitlines() if line.startswith(b"data: {")]
    assert [one.to_dict() for one in chunks] == events
    assert "".join(one.choices[0].delta.content or "" for one in chunks if one.choices).strip()
