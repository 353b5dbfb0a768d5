"""Keys, addresses and bodies that nobody should send, through the transport."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx2
import openai
import pytest
from asking import AUTO, create, raw
from fake_upstream import Reply, chat, status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pointsman
from pointsman.dispatch.controls import ROUTING_KEYS

KEY = "sk-recognisable-0123456789"


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


def test_a_key_that_an_error_spells_in_another_way_does_not_come_back(router, serve, client, monkeypatch):
    key = "sk-recog/nisable-0123456789"
    monkeypatch.setenv("UP_KEY", key)
    spelt = key.replace("-", "\\u002D", 1).replace("/", "\\/")
    body = b'{"error": {"message": "wrong key %s"}}' % spelt.encode()
    assert json.loads(body)["error"]["message"].endswith(key)
    endpoint = {"base_url": serve(Reply((body,), 400)).url, "api_key_env": "UP_KEY"}
    with pytest.raises(openai.BadRequestError) as error:
        create(client(entries={model: {"endpoint": endpoint} for model in router.models}))
    assert error.value.body == {"message": "wrong key [key]"}


def test_a_count_of_tokens_that_is_none_does_not_lose_the_answer(serve, client):
    usage = {"prompt_tokens": 10**400, "completion_tokens": -1}
    content = json.loads(chat().pieces[0]) | {"usage": usage}
    records = []
    made = client(serve(Reply((json.dumps(content).encode(),))), on_record=[records.append])
    assert create(made).choices[0].message.content == "42"
    assert (records[0].input_tokens, records[0].output_tokens, records[0].cost_usd) == (None, None, None)


def test_a_header_that_cannot_be_sent_is_no_fault_of_the_endpoint(serve, client):
    upstream = serve()
    create(client(upstream), extra_headers={"user-agent": " mine ", "traceparent": "a\tb"})
    assert upstream.seen[0].headers["user-agent"] == "mine"
    assert "traceparent" not in upstream.seen[0].headers


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
    upstream = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"choices": [{}]}))
    body = {"messages": [], **body, "model": AUTO if model is None else model}
    with pointsman.http_client(router, made, upstream=upstream) as http:
        found = http.post(path, content=json.dumps(body).encode())
    assert found.status_code in (200, 400, 404)
    if found.status_code != 200:
        assert found.json()["error"]["code"] in (
            "invalid_body", "no_candidate", "model_not_found", "operating_point_not_found",
        )  # fmt: skip
