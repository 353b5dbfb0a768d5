from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pointsman_train.embedded import extract
from pointsman_train.embedded.item import Item
from pointsman_train.embedded.pack import OFFICIAL
from pointsman_train.errors import ConfigError, DataError

ITEMS = [Item(f"sum-{n}", f"What is {n} + 1?", "sum", 1, "number", str(n + 1), 16) for n in range(3)]


class Endpoint(HTTPServer):
    """An OpenAI-compatible endpoint that answers ``reply`` and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict] = []
        self.reply, self.finish, self.status = "2", "stop", 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self):
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        message = {"role": "assistant", "content": self.server.reply}
        body = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "fake",
            "choices": [{"index": 0, "finish_reason": self.server.finish, "message": message}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
        }
        payload = json.dumps(body).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        pass


@pytest.fixture
def endpoint():
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_answer_is_kept_with_its_tokens(endpoint, tmp_path):
    path = tmp_path / "answers.jsonl"
    extract.collect(ITEMS, {"small": endpoint.url}, path)
    answers = extract.read_answers(path)
    assert [a["prompt_id"] for a in answers] == ["sum-0", "sum-1", "sum-2"]
    assert {(a["response"], a["input_tokens"], a["output_tokens"], a["error"]) for a in answers} == {("2", 10, 2, None)}
    request = endpoint.asked[0]
    assert (request["temperature"], request["max_tokens"], request["seed"]) == (0, 16, extract.SEED)
    assert request["messages"] == [{"role": "user", "content": "What is 0 + 1?"}]


def test_a_second_run_asks_only_for_what_is_missing(endpoint, tmp_path):
    path = tmp_path / "answers.jsonl"
    extract.collect(ITEMS[:2], {"small": endpoint.url}, path)
    extract.collect(ITEMS, {"small": endpoint.url, "mid": endpoint.url}, path)
    assert len(endpoint.asked) == 6
    assert len(extract.read_answers(path)) == 6


def test_a_line_torn_by_an_interruption_is_asked_for_again(endpoint, tmp_path):
    path = tmp_path / "answers.jsonl"
    extract.collect(ITEMS[:2], {"small": endpoint.url}, path)
    path.write_bytes(path.read_bytes()[:-20])
    extract.collect(ITEMS[:2], {"small": endpoint.url}, path)
    assert len(endpoint.asked) == 3
    assert [a["prompt_id"] for a in extract.read_answers(path)] == ["sum-0", "sum-1"]


def test_a_cut_off_answer_is_unknown_and_asked_again_only_with_a_higher_limit(endpoint, tmp_path):
    path = tmp_path / "answers.jsonl"
    endpoint.finish = "length"
    extract.collect(ITEMS[:1], {"small": endpoint.url}, path)
    extract.collect(ITEMS[:1], {"small": endpoint.url}, path)
    assert [a["error"] for a in extract.read_answers(path)] == ["finish_reason length"]
    roomier = Item("sum-0", "What is 0 + 1?", "sum", 1, "number", "1", 32)
    extract.collect([roomier], {"small": endpoint.url}, path)
    assert [request["max_tokens"] for request in endpoint.asked] == [16, 32]


def test_a_failed_call_is_kept_with_its_reason_and_asked_again(endpoint, tmp_path):
    path = tmp_path / "answers.jsonl"
    endpoint.status = 400
    extract.collect(ITEMS[:1], {"small": endpoint.url}, path)
    assert extract.read_answers(path)[0]["error"] == "BadRequestError"
    endpoint.status = 200
    extract.collect(ITEMS[:1], {"small": endpoint.url}, path)
    assert [a["error"] for a in extract.read_answers(path)] == ["BadRequestError", None]


def test_a_broken_line_in_the_middle_is_named(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"prompt_id": "a"}\n{"prompt\n{"prompt_id": "b"}\n')
    with pytest.raises(DataError, match=r"answers\.jsonl, line 2: got '\{\"prompt', expected JSON"):
        extract.read_answers(path)


def test_a_missing_file_holds_no_answers(tmp_path):
    assert extract.read_answers(tmp_path / "answers.jsonl") == []


@pytest.mark.parametrize("given", ["small", "small=", "=http://h/v1", "small=ftp://h"])
def test_an_endpoint_needs_an_alias_and_a_url(given):
    with pytest.raises(ConfigError, match="expected ALIAS=URL"):
        extract.parse_endpoints([given])


def test_the_command_collects_and_packs(endpoint, tmp_path):
    out = tmp_path / "data"
    out.mkdir()
    (out / "catalog.yaml").write_text(
        "\n".join(f"{name}: {{input_per_m: 1, output_per_m: 1}}" for name in OFFICIAL.values())
    )
    endpoints = [f"--endpoint={alias}={endpoint.url}" for alias in OFFICIAL]
    extract.main(["--count=2", f"--out={tmp_path / 'answers'}", f"--pack={out}", *endpoints])
    assert sorted(p.name for p in out.iterdir()) == ["catalog.yaml", "outcomes.parquet", "prompts.parquet"]
