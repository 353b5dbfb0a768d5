"""From the command's settings to a log, and from the log to what routing would have saved."""

from __future__ import annotations

import json
from collections import Counter

import httpx2
import numpy as np
import pytest
from fake_upstream import chat, entry
from live_server import Live

from pointsman import Router
from pointsman.cli import main
from pointsman.serve.run import Serve


@pytest.fixture
def started(router, trained, tmp_path):
    """Make a server as the command does, with settings in a file and prices that rise along the ladder."""

    def make(upstream, settings, **more):
        entries = {
            model: entry(upstream, input_per_m=10.0**rung, output_per_m=10.0**rung)
            for rung, model in enumerate(router.models)
        }
        (tmp_path / "catalog.json").write_text(json.dumps(entries))
        (tmp_path / "settings.json").write_text(json.dumps(settings))
        return Live(
            Serve(
                router=str(trained.bundle),
                catalog=str(tmp_path / "catalog.json"),
                settings=str(tmp_path / "settings.json"),
                log=str(tmp_path / "log.jsonl"),
                **more,
            ).app()
        )

    return make


def records(tmp_path):
    return [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]


def post(server, model, prompt, **more):
    body = {"model": model, "messages": [{"role": "user", "content": prompt}]} | more
    return httpx2.post(f"{server.url}/v1/chat/completions", json=body).raise_for_status()


def test_shadow_mode_sends_where_the_caller_said_and_the_log_tells_what_routing_would_save(
    router, serve, started, familiars, tmp_path, capsys
):
    upstream, dearest = serve(chat()), router.models[-1]
    with started(upstream, {"defaults": {"cost_quality": 10}}, shadow=True) as server:
        for prompt in familiars:
            assert post(server, dearest, prompt, session_id="anna@example.com").headers["x-pointsman-model"] == dearest
    assert upstream.models == [dearest] * len(familiars)
    lines = records(tmp_path)
    assert {line["choice"]["model"] for line in lines} == {router.models[0]}
    assert {line["reason"] for line in lines} == {"shadow; pinned"}
    assert {line["selection_probability"] for line in lines} == {None}
    tokens = 14
    for line in lines:
        assert line["cost_usd"] == pytest.approx(tokens * 10.0 ** (len(router.models) - 1) / 1e6)
        assert line["costs_usd"][router.models[0]] == pytest.approx(tokens / 1e6)
    assert "anna" not in (tmp_path / "log.jsonl").read_text()
    assert main(["savings", str(tmp_path / "log.jsonl"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["saved"]["value"] == pytest.approx(1 - 10.0 ** (1 - len(router.models)))
    assert (found["requests"], found["sessions"], found["moved"]) == (len(familiars), 1, 1.0)


def test_in_shadow_mode_a_request_without_a_models_name_goes_to_the_default(router, serve, started, familiars):
    upstream = serve(chat())
    with started(upstream, {"shadow": True, "default_model": router.models[1]}) as server:
        for prompt in familiars[:3]:
            post(server, "pointsman/auto", prompt, cost_quality=10)
    assert upstream.models == [router.models[1]] * 3


def test_what_the_router_excludes_is_logged_in_shadow_mode_too(router, serve, started, tmp_path):
    with started(serve(chat()), {}, shadow=True) as server:
        post(server, router.models[-1], "Hi", exclude=[router.models[0]])
        post(server, router.models[-1], "Hi", tools=[{}])
    first, second = records(tmp_path)
    assert first["excluded"] == {router.models[0]: "excluded by the request"}
    assert set(second["excluded"]) == set(router.models)
    assert second["choice"] is None


def test_the_logged_probability_of_exploration_is_the_one_of_what_happened(
    router, serve, started, familiars, tmp_path, monkeypatch
):
    manifest = router.manifest
    # A wide boundary makes every familiar prompt a close call.
    wide = Router(
        type(manifest)(**{n: getattr(manifest, n) for n in manifest.__slots__} | {"boundary_margin": 9.0}),
        router._graph,
    )
    upstream, share, n = serve(chat()), 0.4, 300
    with started(upstream, {"explore": share, "defaults": {"cost_quality": 10}}) as server:
        server.app.state.core.replace_router(wide)
        server.app.state.core._decider._rng = np.random.default_rng(0)
        body = {"model": "pointsman/auto", "messages": [{"role": "user", "content": familiars[0]}]}
        with httpx2.Client(base_url=server.url) as client:
            for _ in range(n):
                client.post("/v1/chat/completions", json=body).raise_for_status()
    lines = records(tmp_path)
    counts = Counter(line["model"] for line in lines)
    probability = {line["model"]: line["selection_probability"] for line in lines}
    assert probability == {router.models[0]: 1 - share, router.models[1]: share}
    assert {line["choice"]["explored"] for line in lines if line["model"] == router.models[1]} == {True}
    # Each count weighed by its probability estimates the whole; three standard errors are 0.12 and 0.21 of it.
    assert counts[router.models[0]] / probability[router.models[0]] == pytest.approx(n, rel=0.15)
    assert counts[router.models[1]] / probability[router.models[1]] == pytest.approx(n, rel=0.22)


def test_spans_without_a_provider_do_no_harm_and_pass_the_callers_trace_on(router, serve, started):
    upstream, trace = serve(chat()), "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    with started(upstream, {}, otel=True) as server:
        body = {"model": router.models[0], "messages": [{"role": "user", "content": "Hi"}]}
        url = f"{server.url}/v1/chat/completions"
        assert httpx2.post(url, json=body, headers={"traceparent": trace}).status_code == 200
        assert httpx2.post(url, json=body).status_code == 200
    assert upstream.seen[0].headers["traceparent"] == trace
    assert "traceparent" not in upstream.seen[1].headers
