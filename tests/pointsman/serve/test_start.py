from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys

import httpx2
import pytest
from fake_upstream import chat, entry, stream
from live_server import until

from pointsman.cli import main
from pointsman.serve import app
from pointsman.serve.errors import ServeError
from pointsman.serve.keys import Keys

KEY = "sk-caller-0123456789"


def test_keys_come_from_a_variable_or_a_file_and_are_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEYS", f"{KEY}, another-key-of-mine\n")
    (tmp_path / "keys").write_text(f"# of the team\n{KEY}\n\nanother-key-of-mine\n")
    for keys in (Keys.from_env("MY_KEYS"), Keys.from_file(tmp_path / "keys")):
        assert repr(keys) == "Keys(2)"
        assert keys.allow(f"bearer {KEY}".encode())
        assert keys.allow(b"Bearer another-key-of-mine")
        assert not keys.allow(b"Bearer ")


@pytest.mark.parametrize(
    ("given", "said"), [("", "has no key"), ("short", "has 5 characters"), ("k\u00e9" * 10, "printable ASCII")]
)
def test_a_key_of_the_wrong_form_is_an_error_that_does_not_repeat_it(monkeypatch, given, said):
    monkeypatch.setenv("MY_KEYS", given)
    with pytest.raises(ServeError, match=said) as caught:
        Keys.from_env("MY_KEYS")
    assert not given or given not in str(caught.value)


def test_an_address_beyond_this_machine_needs_keys(trained, capsys):
    assert main(["serve", str(trained.bundle), "--catalog", "c.json", "--host", "0.0.0.0"]) == 1
    assert "without keys, the host must be a loopback address, got '0.0.0.0'" in capsys.readouterr().err


def test_a_port_that_there_is_not_is_told(trained, capsys):
    assert main(["serve", str(trained.bundle), "--catalog", "c.json", "--port", "99999"]) == 1
    assert "port is 99999, expected 0 to 65535" in capsys.readouterr().err


def test_what_does_not_fit_is_told_before_it_listens(trained, tmp_path, capsys):
    assert main(["serve", str(trained.bundle), "--catalog", str(tmp_path / "none.json")]) == 1
    assert "pointsman: CatalogError: " in capsys.readouterr().err


def test_without_the_extra_the_error_says_what_to_install(environment, tmp_path):
    code = "import sys; sys.modules['starlette'] = None; from pointsman.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "serve", "x", "--catalog", "y"],
        env=environment, cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert 'pip install "pointsman[serve]"' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_the_command_serves_reloads_and_lets_a_stream_end_as_it_stops(
    router, bundle, serve, tmp_path, environment, workers
):
    upstream, log = serve(chat("42"), stream("4", "2", pause=0.5)), tmp_path / "log.jsonl"
    (tmp_path / "catalog.json").write_text(json.dumps({model: entry(upstream) for model in router.models}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "pointsman", "serve", str(bundle), "--catalog", str(tmp_path / "catalog.json"),
        "--port", str(port), "--keys-env", "MY_KEYS", "--log", str(log), "--workers", str(workers),
    ]  # fmt: skip
    url, headers = f"http://127.0.0.1:{port}", {"authorization": f"Bearer {KEY}"}
    errors = tmp_path / "stderr"
    with errors.open("w") as stderr:
        started = subprocess.Popen(command, env=environment | {"MY_KEYS": KEY}, cwd=tmp_path, stderr=stderr)
    body = {"model": "pointsman/auto", "messages": [{"role": "user", "content": "Hi"}]}
    try:
        until(lambda: _router(url), 60)
        found = httpx2.post(f"{url}/v1/chat/completions", json=body, headers=headers)
        assert found.json()["choices"][0]["message"]["content"] == "42"
        manifest = json.loads((bundle / "router.json").read_text())
        (bundle / "router.json").write_text(json.dumps(manifest | {"name": "another"}))
        # Each worker looks for itself; a new connection goes to either.
        until(lambda: all(_router(url) == f"another/{manifest['version']}" for _ in range(20)), 30)
        if workers == 1:
            before = errors.read_text().count("decides from now on")
            os.kill(started.pid, signal.SIGHUP)
            until(lambda: errors.read_text().count("decides from now on") > before)
        streamed = body | {"stream": True}
        with httpx2.stream("POST", f"{url}/v1/chat/completions", json=streamed, headers=headers, timeout=30) as answer:
            pieces = answer.iter_bytes()
            first = next(pieces)
            started.terminate()
            assert (first + b"".join(pieces)).endswith(b"data: [DONE]\n\n")
    finally:
        started.terminate()
        started.wait(30)
    assert len(log.read_text().splitlines()) == 2
    assert KEY not in errors.read_text() + log.read_text()
    assert "Traceback" not in errors.read_text()


def test_workers_share_sessions_and_metrics(router, bundle, serve, tmp_path, environment, familiars):
    upstream = serve(chat("42"))
    (tmp_path / "catalog.json").write_text(json.dumps({model: entry(upstream) for model in router.models}))
    (tmp_path / "settings.toml").write_text("session_margin = 9.0\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [
        sys.executable, "-m", "pointsman", "serve", str(bundle), "--catalog", str(tmp_path / "catalog.json"),
        "--port", url.rpartition(":")[2], "--settings", str(tmp_path / "settings.toml"), "--workers", "2",
    ]  # fmt: skip
    (tmp_path / "temporary").mkdir()
    own = environment | {"TMPDIR": str(tmp_path / "temporary")}
    with (tmp_path / "stderr").open("w") as stderr:
        started = subprocess.Popen(command, env=own, cwd=tmp_path, stderr=stderr)

    def ask(cost_quality):
        body = {"model": "pointsman/auto", "messages": [{"role": "user", "content": familiars[0]}]}
        sent = body | {"session_id": "s", "cost_quality": cost_quality}
        return httpx2.post(f"{url}/v1/chat/completions", json=sent).headers["x-pointsman-model"]

    def shown():
        lines = httpx2.get(f"{url}/metrics").text.splitlines()
        return [line for line in lines if line.startswith("pointsman_requests_total")]

    try:
        until(lambda: (tmp_path / "stderr").read_text().count("startup complete") == 2, 60)
        assert {ask(10), *(ask(0) for _ in range(20))} == {router.models[0]}
        expected = [f'pointsman_requests_total{{model="{router.models[0]}",outcome="answered"}} 21.0']
        until(lambda: shown() == expected)
        assert all(shown() == expected for _ in range(10))
        assert len(list((tmp_path / "temporary").glob("pointsman-*/counter_*.db"))) == 2, "one worker did it all"
    finally:
        started.terminate()
        started.wait(30)
    assert not list((tmp_path / "temporary").glob("pointsman-*"))


def test_workers_end_where_the_process_that_started_them_was_killed(router, bundle, serve, tmp_path, environment):
    (tmp_path / "catalog.json").write_text(json.dumps({model: entry(serve(chat("42"))) for model in router.models}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "pointsman", "serve", str(bundle), "--catalog", str(tmp_path / "catalog.json"),
        "--port", str(port), "--workers", "2",
    ]  # fmt: skip
    (tmp_path / "temporary").mkdir()
    own, errors = environment | {"TMPDIR": str(tmp_path / "temporary")}, tmp_path / "stderr"
    with errors.open("w") as stderr:
        started = subprocess.Popen(command, env=own, cwd=tmp_path, stderr=stderr)
    try:
        until(lambda: errors.read_text().count("startup complete") == 2, 60)
    finally:
        started.kill()
        started.wait(30)
    until(lambda: _router(f"http://127.0.0.1:{port}") is None, 30)
    until(lambda: errors.read_text().count("Finished server process") == 2, 30)
    until(lambda: not list((tmp_path / "temporary").glob("pointsman-*")), 30)
    assert "Traceback" not in errors.read_text()


def test_a_bundle_that_comes_between_loading_and_serving_is_taken_up(router, bundle, tmp_path):
    (tmp_path / "catalog.json").write_text(json.dumps({model: entry("http://127.0.0.1:9") for model in router.models}))
    made = app(str(bundle), tmp_path / "catalog.json", local=True)
    manifest = json.loads((bundle / "router.json").read_text())
    (bundle / "router.json").write_text(json.dumps(manifest | {"name": "another"}))

    async def served():
        async with asyncio.timeout(30), made.router.lifespan_context(made):
            while made.state.core.router.manifest.name != "another":
                await asyncio.sleep(0.05)

    asyncio.run(served())


def test_a_hosts_own_handler_of_the_hangup_signal_stays(router, bundle, tmp_path):
    (tmp_path / "catalog.json").write_text(json.dumps({model: entry("http://127.0.0.1:9") for model in router.models}))
    made = app(str(bundle), tmp_path / "catalog.json", local=True)

    async def heard(own):
        loop, asked = asyncio.get_running_loop(), asyncio.Event()
        if own:
            loop.add_signal_handler(signal.SIGHUP, asked.set)
        async with asyncio.timeout(30), made.router.lifespan_context(made):
            await asyncio.sleep(0.1)
            os.kill(os.getpid(), signal.SIGHUP)
            if own:
                await asked.wait()
        found = signal.getsignal(signal.SIGHUP)
        loop.remove_signal_handler(signal.SIGHUP)
        return found is not signal.SIG_DFL

    assert asyncio.run(heard(own=True))
    assert not asyncio.run(heard(own=False))


def _router(url):
    try:
        return httpx2.get(f"{url}/healthz").json()["router"]
    except httpx2.TransportError:
        return None
