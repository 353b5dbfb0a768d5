from __future__ import annotations

import asyncio
import json

import httpx2
import pytest
from fake_upstream import chat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.serve import app

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


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS, BODIES | st.binary(max_size=60))
def test_no_body_makes_the_server_fail(ask, path, content):
    found = ask(path, content)
    assert found.status_code in (200, 400, 404)
    if found.status_code != 200:
        assert isinstance(found.json()["error"]["message"], str)
