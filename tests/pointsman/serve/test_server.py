from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
from dataclasses import replace

import httpx2
import openai
import pytest
from fake_upstream import HANG, Reply, chat, response, status, stream
from live_server import Live, until
from starlette.applications import Starlette
from starlette.routing import Mount

from pointsman.serve import app
from pointsman.serve.body import Limits

AUTO = "pointsman/auto"


def user(content):
    return [{"role": "user", "content": content}]


def body(text="Hi", **more):
    return {"model": AUTO, "messages": user(text)} | more


def test_the_official_client_is_routed_and_answered(router, serve, live, familiars):
    upstream = serve(chat("42"))
    found = live(upstream).client().chat.completions.with_raw_response.create(model=AUTO, messages=user(familiars[0]))
    decision = router.route(familiars[0])
    assert found.parse().choices[0].message.content == "42"
    assert found.headers["x-pointsman-model"] == decision.model
    assert found.headers["x-pointsman-reason"] == decision.reason
    assert upstream.models == [decision.model]
    assert "authorization" not in upstream.seen[0].headers


def test_the_official_client_streams(serve, live):
    upstream = serve(stream("4", "2"))
    chunks = list(live(upstream).client().chat.completions.create(model=AUTO, messages=user("Hi"), stream=True))
    assert [one.choices[0].delta.content for one in chunks if one.choices] == ["4", "2"]
    assert chunks[-1].usage.prompt_tokens == 10


def test_the_tokens_of_a_stream_are_counted_without_the_caller(serve, live, hasty):
    upstream, records = serve(stream("4", "2")), []
    server = live(upstream, settings=replace(hasty(), stream_usage=True), on_record=[records.append])
    chunks = list(server.client().chat.completions.create(model=AUTO, messages=user("Hi"), stream=True))
    assert [one.choices[0].delta.content for one in chunks] == ["4", "2"]
    assert upstream.seen[0].body["stream_options"] == {"include_usage": True}
    until(lambda: records)
    assert records[0].cost_usd == pytest.approx(18e-6)


def test_the_official_async_client_streams_and_does_not(serve, live):
    server = live(serve(chat("a"), stream("b", "c")))

    async def main():
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="x") as client:
            whole = await client.chat.completions.create(model=AUTO, messages=user("Hi"))
            pieces = await client.chat.completions.create(model=AUTO, messages=user("Hi"), stream=True)
            words = [one.choices[0].delta.content async for one in pieces if one.choices]
        return whole.choices[0].message.content, words

    assert asyncio.run(main()) == ("a", ["b", "c"])


def test_the_responses_api_is_served(serve, live):
    upstream = serve(response("42"))
    assert live(upstream).client().responses.create(model=AUTO, input="Hi").output_text == "42"
    assert upstream.seen[0].path == "/v1/responses"


def test_a_stream_passes_byte_for_byte(serve, live):
    pieces = (b": ping\r\n\r\n", b'data: {"a": "\xc3', b'\xa9" ,"b":1.0e0}\n', b"\n", b"data: [DONE]\n\n")
    server = live(serve(Reply(pieces, content_type="text/event-stream", pause=0.02)))
    found = httpx2.post(f"{server.url}/v1/chat/completions", json=body(stream=True))
    assert found.content == b"".join(pieces)
    assert found.headers["content-type"] == "text/event-stream"


def test_pieces_come_as_they_are_made_and_a_caller_that_goes_away_stops_the_upstreams_stream(serve, live):
    upstream, records = serve(stream(*map(str, range(1000)), pause=0.1)), []
    server = live(upstream, on_record=[records.append])
    with httpx2.stream("POST", f"{server.url}/v1/chat/completions", json=body(stream=True)) as found:
        assert b'"0"' in next(found.iter_bytes())
    assert upstream.gone.wait(10)
    until(lambda: records)
    assert (records[0].status, records[0].error) == (200, "caller went away")


def test_a_caller_that_goes_away_before_the_answer_stops_the_upstreams_request(serve, live):
    upstream, records = serve(HANG), []
    server = live(upstream, on_record=[records.append])
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{server.url}/v1/chat/completions", json=body(), timeout=0.5)
    assert upstream.gone.wait(10)
    until(lambda: records)
    assert records[0].error == "caller went away"


def test_an_answer_that_breaks_off_breaks_off_for_the_caller_too(serve, live):
    server = live(serve(stream("4", "2", "!", cut=2)))
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(f"{server.url}/v1/chat/completions", json=body(stream=True))


def test_an_upstreams_error_is_the_callers(serve, live):
    server = live(serve(status(400, "too long")))
    with pytest.raises(openai.BadRequestError, match="too long"):
        server.client().chat.completions.create(model=AUTO, messages=user("Hi"))


def test_models_are_listed_and_told_of(router, serve, live):
    client = live(serve()).client()
    names = [one.id for one in client.models.list()]
    assert names == [AUTO, *(f"pointsman/{one}" for one in router.manifest.operating_points), *router.models]
    assert client.models.retrieve(AUTO).owned_by == "pointsman"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


def test_a_decision_is_told_without_a_request(router, serve, live, familiars):
    upstream = serve()
    server = live(upstream)
    found = httpx2.post(f"{server.url}/v1/route", json=body(familiars[0], exclude=[router.models[0]])).json()
    assert found["model"] == found["choice"]["model"] == found["ranking"][0]
    assert found["endpoints"][0] == f"{found['model']}@p0"
    assert list(found["excluded"]) == [router.models[0]]
    assert found["router"] == router.name
    assert httpx2.post(f"{server.url}/v1/route", json={"model": AUTO, "input": "Hi"}).status_code == 200
    refused = httpx2.post(f"{server.url}/v1/route", json={"model": "nobody"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
    assert upstream.seen == []


def test_health_and_metrics(router, serve, live):
    server = live(serve(status(503), chat()), entries=None)
    server.client().chat.completions.create(model=router.models[0], messages=user("Hi"))
    httpx2.post(f"{server.url}/v1/chat/completions", json={"model": "nobody"})
    httpx2.get(f"{server.url}/somewhere")
    assert httpx2.get(f"{server.url}/healthz").json() == {"status": "ok", "router": router.name}
    found = httpx2.get(f"{server.url}/metrics")
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines, model = found.text.splitlines(), router.models[0]
    for line in (
        f'pointsman_requests_total{{model="{model}",outcome="answered"}} 1.0',
        f'pointsman_tries_total{{model="{model}",outcome="status 503",provider="p0"}} 1.0',
        f'pointsman_tries_total{{model="{model}",outcome="answered",provider="p0"}} 1.0',
        f'pointsman_tokens_total{{kind="input",model="{model}"}} 10.0',
        f'pointsman_tokens_total{{kind="output",model="{model}"}} 4.0',
        'pointsman_responses_total{path="/v1/chat/completions",status="200"} 1.0',
        'pointsman_responses_total{path="/v1/chat/completions",status="404"} 1.0',
        'pointsman_responses_total{path="other",status="404"} 1.0',
        "pointsman_decision_seconds_count 2.0",
        'pointsman_decision_seconds_bucket{le="+Inf"} 2.0',
        "pointsman_request_seconds_count 1.0",
        'pointsman_requests_total{model="",outcome="refused"} 1.0',
    ):
        assert line in lines
    [cost] = [line for line in lines if line.startswith(f'pointsman_cost_usd_total{{model="{model}"}}')]
    assert float(cost.split()[-1]) == pytest.approx((10 * 1.0 + 4 * 2.0) / 1e6)


def test_it_mounts_in_an_app_of_ones_own(router, serve, catalog, live):
    part = app(router, catalog(serve(chat("42"))))
    mounted = Starlette(routes=[Mount("/llm", part)], lifespan=lambda whole: part.router.lifespan_context(part))
    with Live(mounted) as server:
        client = openai.OpenAI(base_url=f"{server.url}/llm/v1", api_key="x")
        assert client.chat.completions.create(model=AUTO, messages=user("Hi")).choices[0].message.content == "42"
        assert httpx2.get(f"{server.url}/llm/healthz").status_code == 200


def test_a_stop_lets_streams_end_and_takes_no_new_request(serve, live):
    server = live(serve(stream("4", "2", pause=0.5)))
    with httpx2.stream("POST", f"{server.url}/v1/chat/completions", json=body(stream=True)) as found:
        pieces = found.iter_bytes()
        first = next(pieces)
        server.server.should_exit = True
        until(lambda: not server.server.servers[0].sockets)
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{server.url}/healthz")
        assert (first + b"".join(pieces)).endswith(b"data: [DONE]\n\n")
    server.stop()


def test_a_new_bundle_decides_without_a_restart_and_a_spoilt_one_does_not(bundle, serve, live, caplog):
    server = live(serve(chat()), router=bundle)
    manifest = json.loads((bundle / "router.json").read_text())
    name = manifest["name"]

    def named():
        return httpx2.get(f"{server.url}/healthz").json()["router"]

    assert named() == f"{name}/{manifest['version']}"
    (bundle / "router.json").write_text(json.dumps(manifest | {"schema_version": 999}))
    until(lambda: "is not used" in caplog.text)
    assert named() == f"{name}/{manifest['version']}"
    (bundle / "router.json").write_text(json.dumps(manifest | {"name": "another"}))
    until(lambda: named().startswith("another/"))
    shutil.rmtree(bundle)
    until(lambda: caplog.text.count("is not used") == 2)
    assert server.client().chat.completions.create(model=AUTO, messages=user("Hi")).choices


def test_no_request_is_dropped_as_bundles_change(bundle, serve, live):
    server = live(serve(chat()), router=bundle)
    manifest, over, found = json.loads((bundle / "router.json").read_text()), threading.Event(), []

    def ask():
        with httpx2.Client(base_url=server.url) as client:
            while not over.is_set():
                reply = client.post("/v1/chat/completions", json=body())
                found.append((reply.status_code, reply.json()["choices"][0]["message"]["content"]))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for one in asking:
        one.start()
    for name in ("first", "second"):
        (bundle / "router.json").write_text(json.dumps(manifest | {"name": name}))
        until(lambda name=name: server.app.state.core.router.manifest.name == name)
    over.set()
    for one in asking:
        one.join(10)
    assert len(found) > 10
    assert set(found) == {(200, "42")}


def test_a_caller_that_does_not_read_is_given_up(serve, live):
    upstream, records = serve(Reply((b"data: " + b"x" * (1 << 20),) * 200, content_type="text/event-stream")), []
    server = live(upstream, limits=Limits(send_s=0.3), on_record=[records.append])
    content = json.dumps(body(stream=True)).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        caller.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(content), content)
        )
        assert upstream.gone.wait(10)
        until(lambda: records)
    assert records[0].error == "caller went away"


def test_a_slow_body_is_given_up(serve, live):
    server = live(serve(), limits=Limits(body_s=0.2))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        caller.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        found = caller.makefile("rb").read()
    assert found.startswith(b"HTTP/1.1 408 ")
    assert b'"code": "body_timeout"' in found
