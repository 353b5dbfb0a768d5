from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from samples import MADE

from pointsman.dispatch.attempts import Try
from pointsman.dispatch.errors import SettingsError
from pointsman.dispatch.log import DecisionLog
from pointsman.dispatch.record import Record
from pointsman_train.collect.logs import read_log
from pointsman_train.data import DropLog

RECORD = Record(
    decision_id="d1", time="2026-01-02T03:04:05+00:00", api="chat", stream=False, router="r/1", router_sha256="ab",
    requested="pointsman/auto", model="b", provider="p", reason="utility", selection_probability=0.8, choice=MADE,
    excluded={"x": "not in the requested models"}, shadow=False, tries=(Try("b", "p", "answered", 200, 0.1),),
    status=200, error=None, input_tokens=14, output_tokens=3, cached_tokens=0, cost_usd=1.2e-6,
    costs_usd={"a": 1e-6, "b": 1.2e-6}, session=None, first_byte_ms=None,
    latency_ms=210.0, prompt="What is 7 + 5?",
)  # fmt: skip


def written(log):
    return [json.loads(line) for line in log.path.read_text().splitlines()]


def test_the_collector_reads_the_log_with_its_feedback(tmp_path):
    log = DecisionLog(tmp_path / "log.jsonl")
    log(RECORD)
    log(replace(RECORD, decision_id="d2", selection_probability=None, cost_usd=None, input_tokens=None))
    log(replace(RECORD, decision_id="d3", prompt=None))
    log(replace(RECORD, decision_id="d4", model=None))
    log.feedback("d1", 1.0)
    drops = DropLog()
    prompts, outcomes = read_log([log.path], 0.5, drops)
    assert prompts.to_dict("list") == {"prompt_id": ["d1", "d2"], "prompt": ["What is 7 + 5?"] * 2}
    first, second = outcomes.to_dict("records")
    assert (first["model"], first["score"], first["successes"], first["selection_probability"]) == ("b", 1.0, 1, 0.8)
    assert (first["input_tokens"], first["output_tokens"], first["cost_usd"], first["latency_ms"]) == (
        14,
        3,
        1.2e-6,
        210,
    )
    assert all(second[name] != second[name] for name in ("selection_probability", "cost_usd", "input_tokens"))
    assert drops.counts == {"no prompt": 1, "no model": 1, "no feedback, so that they teach nothing (kept)": 1}


def test_a_record_is_one_line_of_ascii_without_a_prompt_that_is_not_there():
    line = replace(RECORD, prompt="a\n\u2028\ud800\x00").to_json()
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line)["prompt"] == "a\n\u2028\ud800\x00"
    assert "prompt" not in json.loads(replace(RECORD, prompt=None).to_json())
    assert json.loads(line)["choice"]["p_success"] == {"a": 0.5, "b": 0.6, "c": 0.9}
    assert json.loads(line)["tries"] == [
        {"model": "b", "provider": "p", "outcome": "answered", "status": 200, "seconds": 0.1}
    ]


WRITER = """
import sys
from pointsman.dispatch.log import DecisionLog
log = DecisionLog(sys.argv[1])
for _ in range(100):
    log.feedback(sys.argv[2] * 5000, 0.5)
"""


def test_processes_and_threads_at_once_tear_no_line(tmp_path, environment):
    log = DecisionLog(tmp_path / "log.jsonl")
    others = [subprocess.Popen([sys.executable, "-c", WRITER, log.path, name], env=environment) for name in "ab"]
    threads = [threading.Thread(target=lambda: [log(RECORD) for _ in range(100)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert [other.wait(60) for other in others] == [0, 0]
    for thread in threads:
        thread.join()
    lines = written(log)
    assert len(lines) == 400
    assert sum("model" in line for line in lines) == 200


def test_only_the_owner_may_read_the_log(tmp_path):
    log = DecisionLog(tmp_path / "log.jsonl")
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_opened_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be opened: No such file"):
        DecisionLog(tmp_path / "none" / "log.jsonl")


def test_a_log_that_cannot_be_written_stops_nothing_and_is_told_once(caplog):
    log = DecisionLog("/dev/full")
    log(RECORD)
    log(RECORD)
    assert [record.message for record in caplog.records] == [
        "the decision log /dev/full cannot be written: No space left on device"
    ]


def test_a_line_after_half_a_line_starts_afresh(tmp_path, monkeypatch):
    log = DecisionLog(tmp_path / "log.jsonl")
    write = __import__("os").write
    monkeypatch.setattr("os.write", lambda file, content: write(file, content[:20]))
    log(RECORD)
    monkeypatch.undo()
    log(RECORD)
    half, whole = log.path.read_text().splitlines()
    assert len(half) == 20
    assert json.loads(whole)["decision_id"] == "d1"


def test_after_closing_nothing_is_written(tmp_path):
    log = DecisionLog(tmp_path / "log.jsonl")
    log.close()
    log.close()
    log(RECORD)
    assert written(log) == []


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), float("inf"), "1", None])
def test_feedback_out_of_range_is_refused(tmp_path, score):
    with pytest.raises(ValueError, match="expected a number from 0 to 1"):
        DecisionLog(tmp_path / "log.jsonl").feedback("d", score)


def test_a_log_that_was_moved_away_is_made_anew(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    log = DecisionLog(tmp_path / "log.jsonl")
    log(RECORD)
    log.path.rename(tmp_path / "log.jsonl.1")
    log(RECORD)
    now[0] += 1.5
    log(RECORD)
    log(RECORD)
    counts = [len((tmp_path / name).read_text().splitlines()) for name in ("log.jsonl.1", "log.jsonl")]
    assert counts == [2, 2]
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_lines_that_were_lost_are_counted_and_each_time_is_told(tmp_path, monkeypatch, caplog):
    log = DecisionLog(tmp_path / "log.jsonl")

    def full(file, content):
        raise OSError(28, "No space left on device")

    for _ in range(2):
        monkeypatch.setattr("os.write", full)
        log(RECORD)
        log(RECORD)
        monkeypatch.undo()
        log(RECORD)
    told = [record.message.removeprefix(f"the decision log {log.path} ") for record in caplog.records]
    assert told == ["cannot be written: No space left on device", "is written again; 2 lines were lost"] * 2
    assert len(log.path.read_text().splitlines()) == 2
