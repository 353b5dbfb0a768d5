"""A decision log becomes prompts and outcomes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pointsman_train.collect.config import CollectConfig
from pointsman_train.collect.logs import collect_log, read_log
from pointsman_train.data import DropLog
from pointsman_train.datasets import LongConfig, load
from pointsman_train.errors import ConfigError, DataError

FULL = {
    "decision_id": "d1", "prompt": "What is 7 + 5?", "model": "small", "input_tokens": 14, "output_tokens": 3,
    "cost_usd": 0.25, "latency_ms": 210.0, "selection_probability": 0.9, "feedback": True,
}  # fmt: skip


def logged(folder: Path, *lines: object) -> Path:
    path = folder / "decisions.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def read(folder, *lines, threshold=0.5):
    drops = DropLog()
    prompts, outcomes = read_log([logged(folder, *lines)], threshold, drops)
    return prompts.set_index("prompt_id")["prompt"], outcomes.set_index("prompt_id"), drops.counts


def test_a_decision_with_feedback_becomes_one_row_of_each_table(tmp_path):
    prompts, outcomes, left_out = read(tmp_path, FULL)
    assert prompts.to_dict() == {"d1": "What is 7 + 5?"}
    assert outcomes.loc["d1"].to_dict() == {
        "model": "small", "score": 1.0, "trials": 1, "successes": 1, "input_tokens": 14.0, "output_tokens": 3.0,
        "cost_usd": 0.25, "latency_ms": 210.0, "error": None, "selection_probability": 0.9, "logged": True,
    }  # fmt: skip
    assert left_out == {}


def test_feedback_may_come_later_or_earlier_and_the_last_counts(tmp_path):
    decision = {**FULL, "feedback": None}
    early = {"decision_id": "d1", "feedback": 0.2}
    _, outcomes, _ = read(tmp_path, early, decision)
    assert (outcomes.score["d1"], outcomes.successes["d1"]) == (0.2, 0)
    _, outcomes, left_out = read(tmp_path, FULL, early, {"decision_id": "d1", "feedback": 0.7}, threshold=0.7)
    assert (outcomes.score["d1"], outcomes.successes["d1"]) == (0.7, 1)
    assert left_out == {}


def test_feedback_of_false_or_zero_is_a_failure_and_none_at_all_is_unknown(tmp_path):
    rows = [{**FULL, "decision_id": name, "feedback": value} for name, value in (("a", False), ("b", 0), ("c", None))]
    _, outcomes, left_out = read(tmp_path, *rows)
    assert outcomes.score.tolist()[:2] == [0.0, 0.0]
    assert np.isnan(outcomes.score["c"])
    assert (outcomes.trials["c"], outcomes.error["c"], outcomes.cost_usd["c"]) == (0, "no feedback", 0.25)
    assert left_out == {"no feedback, so that they teach nothing (kept)": 1}


def test_the_last_user_turn_of_a_conversation_counts_as_it_does_when_routing(tmp_path):
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": [{"type": "text", "text": "2 + 2?"}]},
    ]
    prompts, _, _ = read(tmp_path, {**FULL, "prompt": None, "messages": messages})
    assert prompts["d1"] == "2 + 2?"


def test_what_cannot_be_used_is_counted_by_reason_and_fails_nothing(tmp_path):
    lines = [
        FULL,
        {**FULL, "feedback": None},
        {**FULL, "decision_id": "d2", "prompt": None},
        {**FULL, "decision_id": "d3", "prompt": ""},
        {**FULL, "decision_id": "d4", "messages": [{"role": "system", "content": "x"}], "prompt": None},
        {"decision_id": "d5", "prompt": "no model"},
        {**FULL, "decision_id": "d6", "model": 7},
        {"decision_id": "d7", "feedback": 1},
        {"decision_id": "d1", "feedback": "great"},
        {"decision_id": "d1", "feedback": 3},
        {"prompt": "no id", "model": "m"},
        "[1, 2]",
        '{"decision_id": "d9", "prom',
        "",
    ]
    prompts, outcomes, left_out = read(tmp_path, *lines)
    assert list(prompts.index) == list(outcomes.index) == ["d1"]
    assert outcomes.score["d1"] == 1.0
    assert left_out == {
        "no prompt": 3,
        "not an object with a decision_id": 3,
        "feedback is no score from 0 to 1": 2,
        "no model": 2,
        "a decision id once more": 1,
        # Those of d2, d3, d4, d6 and d7.
        "feedback without a decision": 5,
    }


@pytest.mark.parametrize("value", [None, -1, "7", float("nan"), [1]])
def test_a_number_that_is_none_is_unknown_and_not_nothing(tmp_path, value):
    names = ["input_tokens", "output_tokens", "cost_usd", "latency_ms", "selection_probability"]
    _, outcomes, _ = read(tmp_path, {**FULL, **dict.fromkeys(names, value)})
    assert outcomes.loc["d1", names].isna().all()
    assert all(pd.api.types.is_float_dtype(outcomes[name]) for name in names)


@pytest.mark.parametrize("probability", [0, 1.5])
def test_a_probability_that_cannot_be_is_unknown(tmp_path, probability):
    _, outcomes, _ = read(tmp_path, {**FULL, "selection_probability": probability})
    assert outcomes["selection_probability"].isna().all()


def test_a_log_without_a_decision_says_what_was_in_it(tmp_path):
    with pytest.raises(DataError, match=r"\(no prompt: 1\); prompts are logged with"):
        read(tmp_path, {**FULL, "prompt": None, "feedback": None})
    with pytest.raises(DataError, match=r"gone\.jsonl: no such file"):
        read_log([tmp_path / "gone.jsonl"], 0.5, DropLog())
    with pytest.raises(DataError, match=r"no decision with a prompt and a model \(it is empty\)$"):
        read(tmp_path)


def test_feedback_finds_its_decision_in_another_part_of_a_rotated_log(tmp_path):
    logged(tmp_path, {**FULL, "feedback": 0.1}).rename(tmp_path / "decisions.1.jsonl")
    now = logged(tmp_path, {"decision_id": "d1", "feedback": 0.7}, {**FULL, "decision_id": "d2"})
    os.utime(tmp_path / "decisions.1.jsonl", (1, 1))
    tables = {"out": str(tmp_path / "o.parquet"), "prompts_out": str(tmp_path / "p.parquet")}
    said = collect_log(CollectConfig(log=str(now), **tables))
    assert "feedback without a decision: 1; if the log was rotated, name all its parts: log='decisions*.jsonl*'" in said
    said = collect_log(CollectConfig(log=str(tmp_path / "decisions*.jsonl"), **tables))
    assert said.startswith("2 decisions, 2 of them with feedback\nprompts")
    assert pd.read_parquet(tables["out"])["score"].tolist() == [0.7, 1.0]


def test_the_tables_of_a_log_are_written_beside_those_that_were_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    collect_log(CollectConfig(log=str(logged(tmp_path, FULL))))
    assert sorted(path.name for path in Path("collected").iterdir()) == ["log_outcomes.parquet", "log_prompts.parquet"]
    assert CollectConfig().outcomes_table == Path("collected/outcomes.parquet")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"out": "p.parquet", "prompts_out": "p.parquet"}, "prompts_out is 'p.parquet', and so is out"),
        ({"out": "./decisions.jsonl"}, "out is 'decisions.jsonl', and so is log"),
        ({"log": "dec*.jsonl", "prompts_out": "decisions.jsonl"}, "prompts_out is 'decisions.jsonl', and so is log"),
    ],
)
def test_no_table_is_written_over_another_or_over_the_log(tmp_path, monkeypatch, settings, message):
    monkeypatch.chdir(tmp_path)
    log = logged(tmp_path, FULL)
    before = log.read_text()
    with pytest.raises(ConfigError, match=message):
        collect_log(CollectConfig(**{"log": log.name, **settings}))
    assert log.read_text() == before
    assert list(tmp_path.iterdir()) == [log]


def test_the_tables_are_read_by_the_data_sets(tmp_path):
    rows = [{**FULL, "decision_id": f"d{i}", "model": model} for i, model in enumerate(["small", "big", "small"])]
    config = CollectConfig(
        log=str(logged(tmp_path, *rows)), out=str(tmp_path / "o.parquet"), prompts_out=str(tmp_path / "p.parquet")
    )
    said = collect_log(config)
    assert said.startswith("3 decisions, 3 of them with feedback\n")
    outcomes = load(LongConfig(outcomes=config.out, prompts=config.prompts_out), ["small", "big"], None)
    np.testing.assert_array_equal(outcomes.score, [[1, np.nan], [np.nan, 1], [1, np.nan]])


def test_the_command_needs_neither_prompts_nor_a_catalog_for_a_log(tmp_path):
    logged(tmp_path, FULL, {**FULL, "decision_id": "d2", "feedback": None})
    command = [str(Path(sys.executable).parent / "pointsman-collect"), "log=decisions.jsonl", "out=o.parquet"]
    done = subprocess.run(
        [*command, "prompts_out=p.parquet"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "2 decisions, 1 of them with feedback\nno feedback, so that they teach nothing (kept): 1\n" in done.stdout
    assert pd.read_parquet(tmp_path / "o.parquet")["selection_probability"].tolist() == [0.9, 0.9]
    assert pd.read_parquet(tmp_path / "p.parquet")["prompt_id"].tolist() == ["d1", "d2"]
