from __future__ import annotations

import json
import socket
import threading

import httpx2
import openai
import pytest
from fake_upstream import chat

from pointsman.serve.body import Limits
from pointsman.serve.keys import Keys

KEY = "sk-caller-0123456789"
MESSAGES = [{"role": "user", "content": "Hi"}]
BODY = {"model": "pointsman/auto", "messages": MESSAGES}
JSON = {"content-type": "application/json"}


def post(server, content, path="/v1/chat/completions", **headers):
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return httpx2.post(server.url + path, content=content, headers=JSON | headers)


def refused(found):
    error = found.json()["error"]
    assert set(error) >= {"message", "type", "code", "param"}
    return found.status_code, error["code"]


def test_a_key_opens_and_no_other_does(serve, live):
    upstream = serve(chat())
    server = live(upstream, keys=Keys(["another-key-of-mine", KEY]))
    assert server.client(KEY).chat.completions.create(model="pointsman/auto", messages=MESSAGES).choices
    with pytest.raises(openai.AuthenticationError):
        server.client(KEY[:-1]).chat.completions.create(model="pointsman/auto", messages=MESSAGES)
    for given in (None, "", "Bearer", f"Basic {KEY}", KEY, f"Bearer {KEY}x", "Bearer \u00e9"):
        headers = {} if given is None else {"authorization": given.encode("latin-1")}
        assert refused(post(server, BODY, **headers)) == (401, "invalid_api_key")
    for path in ("/v1/models", "/metrics", "/nowhere", "//healthz", "/healthz/../metrics"):
        assert refused(httpx2.get(server.url + path)) == (401, "invalid_api_key")
    assert httpx2.get(f"{server.url}/healthz").status_code == 200
    assert len(upstream.seen) == 1
    assert KEY not in str(upstream.seen)


def test_two_keys_at_once_are_none(serve, live):
    server = live(serve(), keys=Keys([KEY]))
    headers = [("authorization", "Bearer x"), ("authorization", f"Bearer {KEY}")]
    assert refused(httpx2.get(f"{server.url}/v1/models", headers=headers)) == (401, "invalid_api_key")


def test_without_keys_a_name_that_only_leads_here_is_refused(serve, live):
    server = live(serve(), local=True)
    assert refused(httpx2.get(f"{server.url}/v1/models", headers={"host": "evil.example"})) == (403, "not_local")
    for host in ("localhost:80", "127.0.0.1", "[::1]:8000"):
        assert httpx2.get(f"{server.url}/v1/models", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "invalid_body"),
        (b"{", "invalid_body"),
        (b"[]", "invalid_body"),
        (b"\xff\xfe{}", "invalid_body"),
        (b'{"model": "pointsman/auto", "messages": "\xc3"}', "invalid_body"),
        (b"\x00", "invalid_body"),
        (b'{"a":' * 100_000, "invalid_body"),
        (b"[" * 100_000 + b"]" * 100_000, "invalid_body"),
        (b'{"model": NaN}', "invalid_body"),
        (b'{"model": 1}', "invalid_body"),
        (b'{"model": "\\ud800", "messages": []}', "model_not_found"),
        (b'{"model": "a\\r\\nx-evil: 1", "messages": []}', "model_not_found"),
        (b'{"model": "pointsman/\\u0000", "messages": []}', "operating_point_not_found"),
        (b'{"model": "pointsman/auto", "max_tokens": ' + b"9" * 5000 + b"}", "invalid_body"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/route"])
def test_a_malformed_body_is_a_typed_error(serve, live, content, code, path):
    upstream = serve()
    found = post(live(upstream), content, path)
    status, found_code = refused(found)
    assert (status, found_code) == (400 if code == "invalid_body" else 404, code)
    assert "x-evil" not in found.headers
    assert upstream.seen == []


def test_nul_and_surrogates_in_a_prompt_do_no_harm(serve, live):
    server = live(serve(chat("42")))
    raw = b'{"model": "pointsman/auto", "messages": [{"role": "user", "content": "a\\u0000\\ud800\\uffff"}]}'
    assert post(server, raw).json()["choices"][0]["message"]["content"] == "42"
    assert post(server, raw, "/v1/route").status_code == 200


def test_a_body_that_is_too_large_is_refused_announced_or_not(serve, live):
    server = live(serve(), limits=Limits(body_bytes=1000))
    assert refused(post(server, b" " * 1001)) == (413, "body_too_large")
    unannounced = httpx2.post(
        f"{server.url}/v1/responses", content=iter([b" " * 600, b" " * 600]), headers=JSON
    )  # fmt: skip
    assert refused(unannounced) == (413, "body_too_large")
    assert post(server, json.dumps(BODY).encode().ljust(1000)).status_code == 200


def test_a_body_of_another_type_is_refused(serve, live):
    server = live(serve())
    for headers in ({"content-type": "text/plain"}, {"content-encoding": "gzip"}):
        assert refused(post(server, BODY, **headers))[0] == 415


def test_unknown_paths_and_methods_are_typed_errors(serve, live):
    server = live(serve())
    assert refused(httpx2.get(f"{server.url}/v1/../../etc/passwd")) == (404, "not_found")
    assert refused(httpx2.get(f"{server.url}/v1/models/%2e%2e%2frouter.json")) == (404, "model_not_found")
    assert refused(httpx2.delete(f"{server.url}/v1/models")) == (405, "method_not_allowed")
    assert refused(httpx2.get(f"{server.url}/v1/chat/completions")) == (405, "method_not_allowed")


def test_a_failure_of_the_server_is_a_typed_error_that_tells_nothing(serve, live, monkeypatch):
    server = live(serve())

    def broken(*given, **more):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(server.app.state.core, "plan", broken)
    found = post(server, BODY)
    assert refused(found) == (500, "internal_error")
    assert "secret" not in found.text


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/route"])
def test_a_large_body_is_read_aside_and_a_small_one_where_it_is(serve, live, monkeypatch, path):
    server, threads = live(serve(chat(), chat())), []
    plan = server.app.state.core.plan

    def watched(*given, **more):
        threads.append(threading.get_ident())
        return plan(*given, **more)

    monkeypatch.setattr(server.app.state.core, "plan", watched)
    for messages in (MESSAGES, [{}] * 100_000 + MESSAGES):
        assert post(server, BODY | {"messages": messages}, path).status_code == 200
    assert threads[0] == server._thread.ident
    assert threads[1] != server._thread.ident


def test_a_base_url_in_a_request_is_never_followed(serve, live):
    upstream, evil = serve(), serve()
    body = BODY | {"base_url": evil.url, "provider": {"order": [evil.url, "p0"]}, "api_base": evil.url}
    post(live(upstream), body, **{"x-forwarded-host": "evil", "x-base-url": evil.url})
    assert evil.seen == []


def test_headers_go_up_only_where_they_are_meant_to(serve, live):
    upstream = serve()
    headers = {"cookie": "a=b", "x-forwarded-for": "1.2.3.4", "traceparent": "00-1-2-01", "user-agent": b"caf\xe9"}
    assert post(live(upstream), BODY, **headers).status_code == 200
    seen = upstream.seen[0].headers
    assert seen["traceparent"] == "00-1-2-01"
    assert not {"cookie", "x-forwarded-for"} & set(seen)


def test_a_header_smuggled_into_another_is_refused(serve, live):
    upstream = serve()
    server = live(upstream)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        caller.sendall(b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nTraceparent: a\rX: b\r\n\r\n")
        assert caller.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert upstream.seen == []
