"""The official client against the server, and real language models behind it.

``POINTSMAN_FLEET`` names where each of the embedded data set's models answers:
``SmolLM2-135M-Instruct=http://127.0.0.1:18011/v1,Qwen2.5-Coder-0.5B-Instruct=http://...``; ``#NAME`` after an address
is what the model is called there.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import httpx2
import openai
import pytest
from live_server import Live, until

import pointsman
from pointsman import Router
from pointsman.dispatch.catalog import Catalog
from pointsman.serve import app
from pointsman.serve.upstream import AiohttpTransport

FLEET = os.environ.get("POINTSMAN_FLEET", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FLEET, reason="POINTSMAN_FLEET does not say where the real models are"),
]

POINT = "pointsman/half_cost"
SUM = "Compute 403 + 280. Reply with just the result."
PROBLEM = (
    "A train has 5 coaches with 20 seats each. 35 seats are reserved, and 17 of the other seats are taken. "
    "How many unreserved seats are free? Do the sums in your head and write only the final number."
)


def user(content):
    return {"model": POINT, "messages": [{"role": "user", "content": content}], "max_tokens": 60, "temperature": 0}


@pytest.fixture(scope="module")
def full(tmp_path_factory, environment):
    """A router of the whole embedded data set with the default settings, as ``make demo`` trains it."""
    folder = tmp_path_factory.mktemp("full")
    train = "import sys; from pointsman_train.entry import train; sys.exit(train())"
    settings = [f"hydra.run.dir={folder}/run", f"export.folder={folder}/routers", "tracking=none"]
    command = [sys.executable, "-c", train, *settings]
    subprocess.run(command, env=environment, check=True, cwd=folder, capture_output=True)
    return Router.load(folder / "routers" / "pointsman" / "1")


@pytest.fixture(scope="module")
def real_catalog(full, tmp_path_factory):
    entries = {}
    for one in FLEET.split(","):
        model, _, where = one.partition("=")
        url, _, remote = where.partition("#")
        entries[model] = {"input_per_m": 1, "output_per_m": 1, "endpoint": {"base_url": url, "model": remote or model}}
    assert set(entries) == set(full.models), "POINTSMAN_FLEET must name every model of the embedded data set"
    path = tmp_path_factory.mktemp("catalog") / "catalog.json"
    path.write_text(json.dumps(entries))
    return Catalog.read(path)


class Recorder(AiohttpTransport):
    """Keeps what upstreams send."""

    def __init__(self):
        super().__init__()
        self.kept = bytearray()

    async def handle_async_request(self, request):
        answer = await super().handle_async_request(request)
        kept, stream = self.kept, answer.stream

        class Tee(httpx2.AsyncByteStream):
            async def __aiter__(self):
                async for chunk in stream:
                    kept.extend(chunk)
                    yield chunk

            async def aclose(self):
                await stream.aclose()

        answer.stream = Tee()
        return answer


@pytest.fixture(scope="module")
def server(full, real_catalog):
    recorder, records = Recorder(), []
    with Live(app(full, real_catalog, upstream=recorder, on_record=[records.append])) as made:
        made.recorder, made.records = recorder, records
        yield made


def rung(full, model):
    return full.models.index(model)


def answer_of(chunks):
    return "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)


def test_a_plain_sum_goes_to_a_smaller_model_than_a_hard_word_problem_streamed_and_not(full, server):
    client = server.client()
    models, answers = {}, {}
    for prompt in (SUM, PROBLEM):
        # The first answer may differ from the next, which goes on from what the model keeps of the prompt.
        client.chat.completions.create(**user(prompt))
        whole = client.chat.completions.with_raw_response.create(**user(prompt))
        streamed = client.chat.completions.with_raw_response.create(**user(prompt), stream=True)
        answers[prompt] = (whole.parse().choices[0].message.content.strip(), answer_of(streamed.parse()).strip())
        models[prompt] = {whole.headers["x-pointsman-model"], streamed.headers["x-pointsman-model"]}
    assert {len(one) for one in models.values()} == {1}
    assert rung(full, *models[SUM]) < rung(full, *models[PROBLEM])
    assert answers[SUM] == ("683", "683")
    assert answers[PROBLEM][0] == answers[PROBLEM][1]


def test_the_async_client_gets_the_same(full, server):
    async def main():
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="x") as client:
            whole = await client.chat.completions.create(**user(SUM))
            chunks = [one async for one in await client.chat.completions.create(**user(SUM), stream=True)]
        return whole.choices[0].message.content.strip(), answer_of(chunks).strip()

    assert asyncio.run(main()) == ("683", "683")


def test_in_process_the_same_models_answer(full, real_catalog):
    with openai.OpenAI(http_client=pointsman.http_client(full, real_catalog), api_key="x") as client:
        found = [client.chat.completions.with_raw_response.create(**user(one)) for one in (SUM, PROBLEM)]
    one, other = (rung(full, answer.headers["x-pointsman-model"]) for answer in found)
    assert one < other


def test_a_real_stream_passes_byte_for_byte(server):
    server.recorder.kept.clear()
    found = httpx2.post(f"{server.url}/v1/chat/completions", json=user(SUM) | {"stream": True}, timeout=300)
    assert found.content == bytes(server.recorder.kept)
    assert found.content.endswith(b"data: [DONE]\n\n")


def test_tokens_are_counted_and_paid_as_the_upstream_says(server):
    before = len(server.records)
    usage = server.client().chat.completions.create(**user(SUM)).usage
    until(lambda: len(server.records) > before)
    [record] = server.records[before:]
    assert (record.input_tokens, record.output_tokens) == (usage.prompt_tokens, usage.completion_tokens)
    assert record.cost_usd == pytest.approx((usage.prompt_tokens + usage.completion_tokens) / 1e6)


def test_a_caller_that_goes_away_frees_the_model_for_the_next(full, server):
    long = user("Write a story of a thousand words about a lighthouse.") | {
        "model": full.models[0], "max_tokens": 3000, "stream": True,
    }  # fmt: skip
    with httpx2.stream("POST", f"{server.url}/v1/chat/completions", json=long, timeout=300) as found:
        next(found.iter_bytes())
    # One request at a time is all that this server of models takes: it could not answer while the story goes on.
    short = server.client().chat.completions.create(**user("Say hi.") | {"model": full.models[0], "max_tokens": 5})
    assert short.choices
    assert [record.error for record in server.records].count("caller went away") == 1
