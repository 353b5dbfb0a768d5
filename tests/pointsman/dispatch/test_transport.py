"""The official client through the transport, against upstreams on real sockets."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2
import openai
import pytest
from fake_upstream import HANG, Reply, chat, event, response, response_object, status, stream
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pointsman
from pointsman.dispatch.controls import ROUTING_KEYS
from pointsman.dispatch.errors import CatalogError

KEY = "sk-recognisable-0123456789"
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "t1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
AUTO = "pointsman/auto"


def user(content):
    return [{"role": "user", "content": content}]


@pytest.fixture
def client(router, catalog, hasty):
    """Make the official client over the transport; upstreams and entries are for the catalog."""
    made = []

    def make(*upstreams, entries=None, shared=None, settings=None, timeout=None, **more):
        http = pointsman.http_client(
            router, catalog(*upstreams, entries=entries, **(shared or {})), settings=settings or hasty(), **more
        )
        made.append(http)
        return openai.OpenAI(http_client=http, api_key="caller-key", **({"timeout": timeout} if timeout else {}))

    yield make
    for http in made:
        http.close()


@pytest.fixture
def run(router, catalog, hasty):
    """Run a coroutine with the official async client over the transport."""

    def make(work, *upstreams, settings=None, **more):
        async def main():
            http = pointsman.async_http_client(router, catalog(*upstreams), settings=settings or hasty(), **more)
            async with openai.AsyncOpenAI(http_client=http, api_key="caller-key") as made:
                return await work(made)

        return asyncio.run(main())

    return make


def create(client, text="Hi", model=AUTO, **more):
    return client.chat.completions.create(model=model, messages=user(text), **more)


def raw(client, text="Hi", model=AUTO, **more):
    return client.chat.completions.with_raw_response.create(model=model, messages=user(text), **more)


def test_a_request_is_routed_and_answered(router, serve, client, familiars):
    upstream = serve(chat("42"))
    found = raw(client(upstream), familiars[0])
    decision = router.route(familiars[0])
    assert found.parse().choices[0].message.content == "42"
    assert found.parse().model == "remote-snapshot"
    assert found.headers["x-pointsman-model"] == decision.model
    assert found.headers["x-pointsman-reason"] == decision.reason
    assert len(found.headers["x-pointsman-decision-id"]) == 32
    [seen] = upstream.seen
    assert (seen.path, seen.body) == (
        "/v1/chat/completions", {"messages": user(familiars[0]), "model": decision.model},
    )  # fmt: skip


def test_routing_fields_stay_here_and_all_else_goes_up_byte_for_byte(router, serve, catalog, hasty):
    upstream = serve()
    endpoint = {"base_url": upstream.url, "model": 'remote "1"'}
    http = pointsman.http_client(router, catalog(upstream, entries={router.models[0]: {"endpoint": endpoint}}))
    body = (
        '{ "model" :"pointsman\\/auto",\r\n "provider": {"sort":"price"}, "temperature": 1.0e+0,"x":"\\u00e9\u00e9",\n'
        '"messages":[{"role":"user","content":"Hi"}], "seed":1,"seed":2, "pointsman":{"cost_quality":10} ,'
        f'"models":["{router.models[0]}"], "session_id":"s"\n}}'
    )
    with http:
        assert http.post("chat/completions", content=body.encode()).status_code == 200
    assert upstream.seen[0].raw.decode() == (
        '{ "model" :"remote \\"1\\"",\r\n "temperature": 1.0e+0,"x":"\\u00e9\u00e9",\n'
        '"messages":[{"role":"user","content":"Hi"}], "seed":1,"seed":2\n}'
    )


def test_a_concrete_model_is_pinned_and_only_dispatched(router, serve, client):
    upstream = serve(chat(model="x"))
    found = raw(client(upstream), model=router.models[2], tools=[TOOL], response_format=SCHEMA)
    assert found.headers["x-pointsman-model"] == router.models[2]
    assert found.headers["x-pointsman-reason"] == "pinned"
    assert upstream.models == [router.models[2]]


def test_controls_come_in_the_body_or_as_arguments(router, serve, client):
    upstream = serve()
    create(client(upstream), extra_body={"models": [router.models[1]]})
    create(client(upstream, models=[router.models[0]]))
    create(client(upstream), extra_body={"pointsman": {"exclude": list(router.models[:2])}})
    assert upstream.models == [router.models[1], router.models[0], router.models[2]]
    assert all(set(seen.body) == {"messages", "model"} for seen in upstream.seen)


def test_tools_schemas_and_images_pass_and_need_a_model_that_can(router, serve, client):
    upstream = serve(chat(None, tool_calls=[CALL]))
    able = {
        router.models[1]: {"endpoint": {"base_url": upstream.url}, "capabilities": ["tools", "json_schema", "images"]}
    }
    made = client("http://127.0.0.1:9/v1", entries=able)
    found = create(made, [{"type": "text", "text": "What is it?"}, IMAGE], tools=[TOOL], response_format=SCHEMA)
    assert found.choices[0].message.tool_calls[0].function.name == "add"
    assert upstream.seen[0].body == {
        "messages": user([{"type": "text", "text": "What is it?"}, IMAGE]), "model": router.models[1],
        "tools": [TOOL], "response_format": SCHEMA,
    }  # fmt: skip


def test_nothing_left_is_a_typed_error_with_each_models_reason(router, serve, client):
    upstream = serve()
    with pytest.raises(openai.BadRequestError) as error:
        create(client(upstream), tools=[TOOL])
    assert error.value.code == "no_candidate"
    assert error.value.body["reasons"] == dict.fromkeys(router.models, "is not stated to be capable of tools")
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ({"model": "nobody"}, openai.NotFoundError, "model_not_found"),
        ({"model": "pointsman/nothing"}, openai.NotFoundError, "operating_point_not_found"),
        ({"extra_body": {"cost_quality": 11}}, openai.BadRequestError, "invalid_body"),
    ],
)
def test_a_mistake_of_the_caller_is_told_at_once(serve, client, body, kind, code):
    upstream = serve()
    with pytest.raises(kind) as error:
        create(client(upstream), **body)
    assert error.value.code == code
    assert upstream.seen == []


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


def test_models_lists_the_router_its_points_and_the_catalog(router, serve, client):
    made = client(serve())
    listed = [model.id for model in made.models.list()]
    assert listed == [AUTO, *(f"pointsman/{point}" for point in router.manifest.operating_points), *router.models]
    assert made.models.retrieve(AUTO).owned_by == "pointsman"
    assert made.models.retrieve(router.models[0]).id == router.models[0]
    with pytest.raises(openai.NotFoundError, match="there is no model 'x'"):
        made.models.retrieve("x")


def test_other_paths_are_refused_clearly(serve, client):
    upstream = serve()
    with pytest.raises(openai.NotFoundError, match="'/v1/embeddings' is not routed; what is: POST chat/completions"):
        client(upstream).embeddings.create(model=AUTO, input="x")
    assert upstream.seen == []


def test_keys_come_from_the_environment_and_the_callers_stay_here(router, serve, client, monkeypatch):
    monkeypatch.setenv("POINTSMAN_TEST_KEY", KEY)
    upstream = serve()
    bearer = {"endpoint": {"base_url": upstream.url, "api_key_env": "POINTSMAN_TEST_KEY"}}
    own = {"endpoint": bearer["endpoint"] | {"api_key_header": "api-key", "headers": {"X-Title": "me"}}}
    made = client(upstream, entries={router.models[0]: bearer, router.models[1]: own})
    for model in router.models:
        create(made, model=model, extra_headers={"Cookie": "a=b", "X-Api-Key": "mine", "OpenAI-Organization": "o"})
    first, second, third = (seen.headers for seen in upstream.seen)
    assert first["authorization"] == f"Bearer {KEY}"
    assert (second["api-key"], second["x-title"], "authorization" in second) == (KEY, "me", False)
    assert "authorization" not in third
    for headers in (first, second, third):
        assert not {"cookie", "x-api-key", "openai-organization"} & set(headers)
        assert headers["accept-encoding"] == "identity"
        assert headers["user-agent"].startswith("OpenAI/Python")


def test_a_key_never_comes_back(router, serve, client, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("POINTSMAN_TEST_KEY", KEY)
    replies = [status(code, f"Incorrect API key provided: {KEY}") for code in (401, 400, 500)]
    replies = [replace(reply, headers={"x-seen": f"Bearer {KEY}"}) for reply in replies]
    upstream = serve(*replies)
    entry = {"endpoint": {"base_url": upstream.url, "api_key_env": "POINTSMAN_TEST_KEY"}}
    records = []
    made = client(
        upstream,
        entries={router.models[0]: entry},
        log=tmp_path / "log",
        on_record=[records.append],
        provider={"allow_fallbacks": False},
    )
    with caplog.at_level("DEBUG"):
        for kind in (openai.InternalServerError, openai.BadRequestError, openai.InternalServerError):
            with pytest.raises(kind) as error:
                create(made, model=router.models[0])
            assert KEY not in str(error.value) + error.value.response.text + str(error.value.response.headers)
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("pointsman")]
    assert KEY not in (tmp_path / "log").read_text() + repr(records) + repr(made._client) + "".join(logged)
    assert [record.status for record in records] == [502, 400, 502]


def test_a_base_url_of_the_client_or_the_body_is_never_followed(router, serve, catalog, hasty):
    upstream, other = serve(), serve()
    http = pointsman.http_client(router, catalog(upstream), settings=hasty())
    with openai.OpenAI(http_client=http, api_key="k", base_url=other.url) as made:
        create(made, extra_body={"base_url": other.url})
    assert (len(upstream.seen), other.seen) == (1, [])


def test_an_upstream_cannot_speak_in_our_name_or_set_cookies(serve, client):
    headers = {"Set-Cookie": "a=b", "X-Pointsman-Model": "evil", "X-Request-Id": "r1"}
    found = raw(client(serve(replace(chat(), headers=headers))))
    assert found.headers["x-pointsman-model"] != "evil"
    assert "set-cookie" not in found.headers
    assert found.headers["x-request-id"] == "r1"


def test_a_session_of_two_threads_stays_together(router, serve, client, familiars, hasty):
    upstream = serve(stream("a", "b"))
    made = client(upstream, settings=hasty(session_margin=9.0))

    def ask(dial):
        return list(create(made, familiars[0], stream=True, extra_body={"session_id": "s", "cost_quality": dial}))

    with ThreadPoolExecutor(2) as pool:
        assert [len(chunks) for chunks in pool.map(ask, [0, 10] * 10)] == [3] * 20
    assert len(set(upstream.models)) == 1


def test_without_a_catalog_the_environment_names_it(router, monkeypatch, serve, catalog, tmp_path):
    monkeypatch.delenv("POINTSMAN_CATALOG", raising=False)
    with pytest.raises(CatalogError, match=r"no catalog: give catalog=\.\.\., or set POINTSMAN_CATALOG"):
        pointsman.http_client(router)
    upstream = serve()
    catalog(upstream)
    monkeypatch.setenv("POINTSMAN_CATALOG", str(tmp_path / "catalog.json"))
    with openai.OpenAI(http_client=pointsman.http_client(router), api_key="k") as made:
        create(made)
    assert len(upstream.seen) == 1


def test_a_router_may_be_given_by_its_folder(trained, serve, catalog):
    upstream = serve()
    with pointsman.http_client(trained.bundle, catalog(upstream)) as http:
        assert http.post("chat/completions", json={"model": AUTO, "messages": user("Hi")}).status_code == 200


def test_the_callers_timeout_is_the_deadline(serve, client):
    made = client(serve(HANG), timeout=0.5)
    began = time.monotonic()
    with pytest.raises(openai.InternalServerError) as error:
        create(made)
    assert time.monotonic() - began < 15
    assert error.value.status_code == 504


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"\xff", b'{"model": 3}', b'{"a":' * 100_000, json.dumps({"model": AUTO, "models": 3}).encode()],
)
def test_a_malformed_body_is_a_clear_400(router, serve, catalog, content):
    with pointsman.http_client(router, catalog(serve())) as http:
        found = http.post("chat/completions", content=content)
    assert found.status_code == 400
    assert found.json()["error"]["code"] == "invalid_body"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda value: (
        st.lists(value, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "user", "url"]) | st.text(), value, max_size=3
        )
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [*sorted(ROUTING_KEYS), "messages", "input", "tools", "stream", "text", "max_tokens", "reasoning"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.dictionaries(NAMES | st.text(), VALUES, max_size=5), st.sampled_from(["chat/completions", "responses"]), VALUES
)
def test_whatever_is_asked_gets_an_answer_or_a_typed_error(router, catalog, body, path, model):
    made = catalog("http://h.invalid/v1")
    upstream = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"choices": []}))
    body = {"messages": [], **body, "model": AUTO if model is None else model}
    with pointsman.http_client(router, made, upstream=upstream) as http:
        found = http.post(path, content=json.dumps(body).encode())
    assert found.status_code in (200, 400, 404)
    if found.status_code != 200:
        assert found.json()["error"]["code"] in (
            "invalid_body", "no_candidate", "model_not_found", "operating_point_not_found",
        )  # fmt: skip


def test_importing_the_package_does_not_import_the_http_client(environment):
    loaded = "print('httpx2' in sys.modules);"
    code = f"import sys, pointsman; {loaded} pointsman.http_client; {loaded}"
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout == "False\nTrue\n"


def test_an_injected_transport_takes_the_requests(router, catalog):
    seen = []

    def answer(request):
        seen.append(str(request.url))
        return httpx2.Response(200, json={"choices": []})

    upstream = httpx2.MockTransport(answer)
    with pointsman.http_client(router, catalog("http://h.invalid/v1"), upstream=upstream) as http:
        assert http.post("chat/completions", json={"model": AUTO, "messages": []}).json() == {"choices": []}
    assert seen == ["http://h.invalid/v1/chat/completions"]
