"""The official client through the transport, against upstreams on real sockets."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import openai
import pytest
from asking import AUTO, create, raw, user
from fake_upstream import HANG, chat, stream

import pointsman
from pointsman.dispatch.errors import CatalogError

TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "t1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


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


def test_importing_the_package_does_not_import_the_http_client(environment):
    loaded = "print('httpx2' in sys.modules);"
    code = f"import sys, pointsman; {loaded} pointsman.http_client; {loaded}"
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout == "False\nTrue\n"


def test_an_injected_transport_takes_the_requests(router, catalog):
    seen = []

    def answer(request):
        seen.append(str(request.url))
        return httpx2.Response(200, json={"choices": [{}]})

    upstream = httpx2.MockTransport(answer)
    with pointsman.http_client(router, catalog("http://h.invalid/v1"), upstream=upstream) as http:
        assert http.post("chat/completions", json={"model": AUTO, "messages": []}).json() == {"choices": [{}]}
    assert seen == ["http://h.invalid/v1/chat/completions"]
