from __future__ import annotations

import asyncio
import json
import os

import httpx2
import pytest
from fake_upstream import chat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.dispatch.settings import Breaker, Retries, Settings
from pointsman.serve import app
from pointsman.serve.body import Limits

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "messages", "input", "models", "exclude", "provider", "operating_point", "cost_quality", "min_success",
    "session_id", "on_boundary", "pointsman", "stream", "tools", "response_format", "max_tokens",
    "previous_response_id",
)  # fmt: skip
MODELS = st.sampled_from(["pointsman/auto", "pointsman/balanced", "pointsman/x"]) | VALUES
OBJECTS = st.builds(
    lambda model, rest: rest | {"model": model}, MODELS, st.dictionaries(st.sampled_from(FIELDS), VALUES)
)
BODIES = OBJECTS.map(lambda value: json.dumps(value).encode()) | VALUES.map(lambda value: json.dumps(value).encode())
PATHS = st.sampled_from(["/v1/chat/completions", "/v1/responses", "/v1/route"])


@pytest.fixture
def ask(router, catalog, hasty):
    """Post a body without sockets."""

    def answer(request):
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=chat().pieces[0])

    made = app(router, catalog("http://127.0.0.1:9/v1"), settings=hasty(), upstream=httpx2.MockTransport(answer))
    transport = httpx2.ASGITransport(made, raise_app_exceptions=True)

    async def post(path, content):
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post(path, content=content, headers={"content-type": "application/json"})

    return lambda path, content: asyncio.run(post(path, content))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS, BODIES | st.binary(max_size=60))
def test_no_body_makes_the_server_fail(ask, path, content):
    found = ask(path, content)
    assert found.status_code in (200, 400, 404)
    if found.status_code != 200:
        assert isinstance(found.json()["error"]["message"], str)


# POINTSMAN_FUZZ=100000 is the run that a release deserves: a quarter of an hour.
EXAMPLES = int(os.environ.get("POINTSMAN_FUZZ", "300"))
TEXTS = st.text(st.characters(exclude_categories=[]), max_size=30)
CONTENT = TEXTS | st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "input_text", "image_url"]) | VALUES, "text": TEXTS | VALUES}
    )
)
TURNS = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "system", "assistant", "tool"]) | VALUES, "content": CONTENT | VALUES}
    ),
    max_size=4,
)
CONTROLS = st.fixed_dictionaries(
    {},
    optional={
        "models": st.lists(st.sampled_from(["*", "Qwen*", "!Smol*", "x"]) | TEXTS),
        "exclude": st.lists(TEXTS),
        "provider": st.fixed_dictionaries(
            {},
            optional={
                "sort": st.sampled_from(["price", "latency", "throughput", "x"]) | VALUES,
                "only": st.lists(TEXTS),
                "zdr": st.booleans(),
                "max_price": st.dictionaries(st.sampled_from(["prompt", "completion", "x"]), VALUES),
            },
        ),
        "operating_point": st.sampled_from(["balanced", "no_loss", "x"]) | VALUES,
        "cost_quality": st.floats() | st.integers(),
        "min_success": st.floats() | VALUES,
        "session_id": TEXTS,
        "on_boundary": st.sampled_from(["step_up", "decide", "default"]) | VALUES,
        "pointsman": VALUES,
        "max_tokens": st.integers() | VALUES,
        "stream": st.booleans() | VALUES,
        "tools": VALUES,
        "previous_response_id": VALUES,
    },
)
REQUESTS = st.builds(
    lambda model, key, turns, controls: json.dumps({"model": model, key: turns} | controls).encode(),
    MODELS, st.sampled_from(["messages", "input"]), TURNS | TEXTS | VALUES, CONTROLS,
)  # fmt: skip
DEEP = st.builds(
    lambda mark, depth: mark * depth, st.sampled_from([b"[", b'{"a":', b'{"model":[']), st.integers(1, 5000)
)
CUT = st.builds(lambda raw, at, piece: raw[:at] + piece, REQUESTS, st.integers(0, 200), st.binary(max_size=8))
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"authorization", b"content-type", b"content-encoding", b"content-length", b"host", b"traceparent",
             b"tracestate", b"x-stainless-x", b"user-agent", b"cookie"]
        ),
        st.binary(max_size=40) | st.sampled_from([b"application/json", b"Bearer x", b"99999999999999999999"]),
    ),
    max_size=3,
)  # fmt: skip
ANY_PATH = (
    PATHS
    | st.sampled_from(
        [
            "/v1/models",
            "/v1/models/x",
            "/healthz",
            "/metrics",
            "/v1/models/../../x",
            "/",
            "//v1/route",
            "/v1/responses/",
        ]
    )
    | st.text(max_size=20).map("/".__add__)
)
REPLIES = st.builds(
    lambda status, kind, content: (status, kind, content),
    st.sampled_from([200, 200, 200, 204, 301, 400, 401, 404, 418, 429, 500, 503, 599]),
    st.sampled_from(["application/json", "text/event-stream", "text/html", "", "application/json; charset=x"]),
    st.binary(max_size=60)
    | REQUESTS
    | st.sampled_from([b"data: [DONE]\n\n", b'data: {"error": 1}\n\n', b'{"usage": {"prompt_tokens": "x"}}'])
    | st.just(b"[" * 3000),
)  # fmt: skip


@pytest.fixture
def raw(router, catalog):
    """Call the application as a server would, without one; an exception that it does not answer is raised here."""
    made_by_upstream = []

    def answer(request):
        status, kind, content = made_by_upstream[0]
        return httpx2.Response(status, headers={"content-type": kind}, content=content)

    retries = Retries(tries=1, first_backoff_s=0.0, longest_backoff_s=0.0, longest_retry_after_s=0.0)
    made = app(
        router, catalog("http://127.0.0.1:9/v1"), upstream=httpx2.MockTransport(answer),
        settings=Settings(retries=retries, breaker=Breaker(failures=10**9)), limits=Limits(body_bytes=20_000),
    )  # fmt: skip

    async def call(method, path, headers, content):
        sent = []
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
            "raw_path": path.encode("utf-8", "replace"), "query_string": b"", "root_path": "", "scheme": "http",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        waiting = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive():
            if not waiting:
                await asyncio.Event().wait()
            return waiting.pop()

        async def send(message):
            sent.append(message)

        await made(scope, receive, send)
        return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])

    with asyncio.Runner() as runner:

        def ask(method, path, headers, content, reply):
            made_by_upstream[:] = [reply]
            return runner.run(call(method, path, headers, content))

        yield ask


@pytest.mark.slow
@settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS", "x"]),
    ANY_PATH,
    HEADERS,
    REQUESTS | DEEP | CUT | BODIES | st.binary(max_size=60),
    REPLIES,
)
def test_no_request_and_no_upstream_makes_the_server_fail(raw, method, path, headers, content, reply):
    typed = [(b"content-type", b"application/json"), *headers]
    status, body = raw(method, path, typed, content, reply)
    assert status != 500 or reply[0] == 500
    passed_on = body == reply[2]
    if status >= 400 and not passed_on and method != "HEAD":
        error = json.loads(body)["error"]
        assert isinstance(error["message"], str)
        assert isinstance(error["code"], str)
