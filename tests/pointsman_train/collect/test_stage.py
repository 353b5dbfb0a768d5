"""Runs against endpoints that behave: who is asked what, how often, and what the table says."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from fake_endpoint import Reply, always

from pointsman_train.collect.plan import Plan
from pointsman_train.collect.stage import collect, summarise
from pointsman_train.datasets import LongConfig, load
from pointsman_train.errors import CollectError, ConfigError, DataError, GraderError

WRONG = Reply(text="no idea")


def knows(*prompts: str):
    return lambda seen, before: Reply() if seen.prompt in prompts else WRONG


def table(config) -> pd.DataFrame:
    return pd.read_parquet(config.out)


def asked(endpoint) -> set[str]:
    return set(endpoint.prompts())


def test_a_ladder_stops_at_the_first_success_and_reports_what_it_saved(serve, configure):
    low, mid, top = serve(knows("easy")), serve(knows("easy", "fair")), serve(knows("easy", "fair"))
    config = configure(
        {"low": low.url, "mid": mid.url, "top": top.url}, ["easy", "fair", "hard"], plan="ladder", explore=0.0
    )
    collected = collect(config)
    assert (asked(low), asked(mid), asked(top)) == ({"easy", "fair", "hard"}, {"fair", "hard"}, {"hard"})
    found = table(config)
    rows = list(zip(found.prompt_id, found.model, found.score, strict=True))
    assert rows == [
        ("p0", "low", 1.0),
        ("p1", "low", 0.0), ("p1", "mid", 1.0),
        ("p2", "low", 0.0), ("p2", "mid", 0.0), ("p2", "top", 0.0),
    ]  # fmt: skip
    assert found["selection_probability"].tolist() == [1.0] * 6
    # One answer of mid and two of top were not needed; an answer of them costs 120 and 1,200 millionths.
    assert collected.saved_usd == pytest.approx(120e-6 + 2 * 1200e-6)
    assert collected.progress.ledger.spent_usd == pytest.approx((3 * 12 + 2 * 120 + 1200) * 1e-6)
    assert "the plan saved about $0.002520" in summarise(collected, config)


@pytest.mark.parametrize(("plan", "explore", "warned"), [("ladder", 0.0, 1), ("ladder", 0.1, 0), ("full", 0.0, 0)])
def test_a_ladder_that_never_explores_is_warned_of_before_anybody_is_asked(configure, caplog, plan, explore, warned):
    configure({"low": "http://127.0.0.1:9"}, ["a"], plan=plan, explore=explore).check()
    assert len([message for message in caplog.messages if "set explore=0.1 or more" in message]) == warned


def test_a_full_plan_asks_everybody(serve, configure):
    low, top = serve(), serve()
    config = configure({"low": low.url, "top": top.url}, ["a", "b"])
    assert collect(config).saved_usd == 0
    assert asked(low) == asked(top) == {"a", "b"}
    assert table(config)["selection_probability"].tolist() == [1.0] * 4


def test_a_share_of_the_prompts_goes_to_everybody_and_its_probability_is_kept(serve, configure):
    low, top = serve(), serve()
    config = configure({"low": low.url, "top": top.url}, [f"q{i}" for i in range(100)], plan="ladder", explore=0.3)
    collect(config)
    found = table(config)
    explored = {f"p{i}" for i in range(100) if Plan("ladder", 0.3, config.seed).explores(f"p{i}")}
    assert 15 < len(explored) < 45
    assert set(found[found.model == "top"].prompt_id) == explored
    assert set(found[found.model == "low"].selection_probability) == {1.0}
    assert set(found[found.model == "top"].selection_probability) == {0.3}


def test_after_a_failure_the_next_model_is_asked_surely_whatever_the_share(serve, configure):
    low, top = serve(always(WRONG)), serve()
    config = configure({"low": low.url, "top": top.url}, ["a", "b"], plan="ladder", explore=0.3)
    collect(config)
    assert table(config)["selection_probability"].tolist() == [1.0] * 4


def test_unknown_is_neither_failure_nor_success_to_the_ladder(serve, configure):
    low, top = serve(always(Reply(finish="length"))), serve()
    config = configure({"low": low.url, "top": top.url}, ["a"], plan="ladder", explore=0.0)
    collect(config)
    found = table(config).set_index("model")
    assert np.isnan(found.score["low"])
    assert (found.trials["low"], found.successes["low"]) == (0, 0)
    assert found.score["top"] == 1.0


def test_trials_have_seeds_of_their_own_and_are_counted(serve, configure):
    replies = {0: Reply(), 1: WRONG, 2: Reply(finish="length"), 3: Reply()}
    endpoint = serve(lambda seen, before: replies[before])
    config = configure({"m": endpoint.url}, ["a"], trials=4, temperature=0.7, success_threshold=0.5)
    collect(config)
    assert len({seen.body["seed"] for seen in endpoint.seen}) == 4
    assert {seen.body["temperature"] for seen in endpoint.seen} == {0.7}
    row = table(config).iloc[0]
    assert (row.trials, row.successes, row.score) == (3, 2, pytest.approx(2 / 3))
    assert row.error == "cut off by the token limit (1 of 4)"
    assert (row.input_tokens, row.output_tokens, row.cost_usd) == (10, 2, pytest.approx(12e-6))
    assert row.latency_ms > 0


def test_every_model_sees_the_same_seeds(serve, configure):
    low, top = serve(), serve()
    collect(configure({"low": low.url, "top": top.url}, ["a"], trials=3, temperature=1.0))
    assert sorted(s.body["seed"] for s in low.seen) == sorted(s.body["seed"] for s in top.seen)


def test_a_second_run_asks_nothing_and_writes_the_same_table(serve, configure):
    endpoint = serve()
    config = configure({"m": endpoint.url}, ["a", "b"], trials=2, temperature=0.5)
    collect(config)
    first = table(config)
    again = collect(config)
    assert (len(endpoint.seen), again.progress.asked, again.progress.had) == (4, 0, 4)
    pd.testing.assert_frame_equal(table(config), first)


@pytest.mark.parametrize("change", [{"temperature": 0.5}, {"max_tokens": 11}, {"seed": 1}])
def test_a_changed_parameter_is_a_new_key(serve, configure, change):
    endpoint = serve()
    for settings in ({}, change, {}):
        collect(configure({"m": endpoint.url}, ["a"], **settings))
    assert len(endpoint.seen) == 2
    assert len(endpoint.keys()) == 2


def test_more_trials_keep_those_that_are_there(serve, configure):
    endpoint = serve()
    for trials in (2, 5):
        collect(configure({"m": endpoint.url}, ["a"], trials=trials, temperature=0.5))
    assert len(endpoint.seen) == len(endpoint.keys()) == 5


def test_options_are_shuffled_by_trial_and_graded_as_shown(serve, configure):
    def script(seen, before):
        return Reply(text=next(line[0] for line in seen.prompt.splitlines() if line.endswith(") Oslo")))

    endpoint = serve(script)
    reference = json.dumps({"options": ["Oslo", "Bergen", "Voss", "Bodo"], "answer": "Oslo"})
    prompts = pd.DataFrame({"prompt_id": ["n"], "prompt": ["Capital?"], "reference": [reference], "grader": ["choice"]})
    config = configure({"m": endpoint.url}, prompts, trials=8, temperature=0.5)
    collect(config)
    assert len(asked(endpoint)) > 1
    assert table(config)[["score", "trials"]].values.tolist() == [[1.0, 8]]


def test_messages_and_limits_of_a_prompt_are_asked_as_they_are(serve, configure):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    prompts = pd.DataFrame({"prompt_id": ["c", "d"], "prompt": [json.dumps(messages), "[1]"], "max_tokens": [3, None]})
    endpoint = serve()
    collect(configure({"m": endpoint.url}, prompts))
    bodies = {seen.prompt: seen.body for seen in endpoint.seen}
    assert bodies["hi"]["messages"] == messages
    assert bodies["[1]"]["messages"] == [{"role": "user", "content": "[1]"}]
    assert (bodies["hi"]["max_tokens"], bodies["[1]"]["max_tokens"]) == (3, 10)


def test_the_table_is_read_by_the_data_sets(serve, configure, tmp_path):
    low, top = serve(knows("a")), serve(knows("a", "b"))
    config = configure(
        {"low": low.url, "top": top.url}, ["a", "b", "c"], plan="ladder", explore=0.0, trials=2, temperature=0.5
    )
    collect(config)
    outcomes = load(LongConfig(outcomes=config.out, prompts=config.prompts.path), ["low", "top"], None)
    np.testing.assert_array_equal(outcomes.score, [[1, np.nan], [0, 1], [0, 0]])
    np.testing.assert_array_equal(outcomes.trials, [[2, 0], [2, 2], [2, 2]])
    assert outcomes.cost_source == "file"
    assert outcomes.cost_usd[1].tolist() == pytest.approx([12e-6, 120e-6])


def test_a_judge_is_asked_through_the_same_store_and_its_cost_is_told(serve, configure, tmp_path):
    endpoint, judge = serve(), serve(always(Reply(text="Score: 8", usage=(100, 20))))
    prompts = pd.DataFrame({"prompt_id": ["a", "b"], "prompt": ["x", "y"], "grader": "judge"})
    config = configure({"m": endpoint.url, "j": judge.url}, prompts, pool=["m"])
    config.judge.model = "j"
    pd.DataFrame({"prompt": ["x"], "reference": ["42"], "answer": ["41"], "grader": ["judge"], "score": [1.0]}).to_csv(
        tmp_path / "people.csv"
    )
    config.judge.labelled = str(tmp_path / "people.csv")
    collected = collect(config)
    assert table(config)["score"].tolist() == [0.8, 0.8]
    assert len(judge.seen) == 3
    assert collected.judge_usd == pytest.approx(3 * 120e-5)
    assert collected.progress.ledger.spent_usd == pytest.approx(2 * 12e-6 + 3 * 120e-5)
    assert collected.agreement.graded == 1
    assert "of that, judging $0.003600" in summarise(collected, config)
    collect(config)
    assert len(judge.seen) == 3


def test_many_judgements_at_once_by_a_named_host_do_not_wait_for_each_other(serve, configure):
    """Looking up a name needs a thread, and so does every judgement under way."""
    endpoint, judge = serve(), serve(always(Reply(text="Score: 10", delay=0.05)))
    prompts = pd.DataFrame({"prompt_id": range(40), "prompt": [f"x{i}" for i in range(40)], "grader": "judge"})
    url = judge.url.replace("127.0.0.1", "localhost")
    config = configure({"m": endpoint.url, "j": url}, prompts, {"concurrency": 20}, pool=["m"], timeout_s=5.0)
    config.judge.model = "j"
    collect(config)
    assert table(config)["score"].tolist() == [1.0] * 40
    assert len(judge.seen) == 40


def test_a_judge_that_is_gone_leaves_answers_ungraded(serve, configure):
    prompts = pd.DataFrame({"prompt_id": ["a"], "prompt": ["x"], "grader": "judge"})
    config = configure({"m": serve().url, "j": serve(always(Reply(status=401))).url}, prompts, pool=["m"])
    config.judge.model = "j"
    collect(config)
    assert table(config)["error"].tolist() == ["the judge gave no reply: no judgement: http 401 (1 of 1)"]


def test_a_disk_that_fails_is_one_error_and_not_a_group(serve, configure, monkeypatch):
    def full(*arguments):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("pointsman_train.collect.store.put_answer", full)
    config = configure({"m": serve().url}, [str(i) for i in range(20)])
    with pytest.raises(CollectError, match=r"cannot be written \(database or disk is full\)"):
        collect(config)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"plan": "best"}, ConfigError, "plan must be one of"),
        ({"explore": 2.0}, ConfigError, "explore must be 0, or from 0.0001 to 1"),
        ({"trials": 0}, ConfigError, "trials must be above 0"),
        ({"budget_usd": -1.0}, ConfigError, "budget_usd must not be negative"),
        ({"success_threshold": 0.0}, ConfigError, "success_threshold"),
        ({"pool": ["gone"]}, DataError, "no endpoint for .'gone'."),
        ({"pool": ["m", "m"]}, DataError, "the pool names a model twice"),
        (
            {"out": "prompts.parquet"},
            ConfigError,
            "and so is prompts.path, which would be lost",
        ),
        ({"catalog": ""}, ConfigError, "no value for .'catalog'.; give each on the command line, as catalog=VALUE"),
        ({"store": "/proc/none/answers.sqlite"}, CollectError, "no store can be kept here"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_asked(
    serve, configure, tmp_path, monkeypatch, change, error, text
):
    monkeypatch.chdir(tmp_path)
    endpoint = serve()
    with pytest.raises(error, match=text):
        collect(configure({"m": endpoint.url}, ["a"], **change))
    assert not endpoint.seen


@pytest.mark.parametrize(
    ("columns", "error", "text"),
    [
        ({"grader": ["gone", "gone"]}, GraderError, "there is no grader 'gone'"),
        ({"grader": ["judge", "judge"]}, GraderError, "has nobody to ask"),
        ({"prompt_id": ["p", "p"]}, DataError, "repeated ids: .'p'."),
        ({"prompt": ["a", None]}, DataError, "an id of its own and a text"),
        ({"max_tokens": [5, -1]}, DataError, "max_tokens must be whole numbers above 0, got '-1'"),
        ({"max_tokens": [5, 1.5]}, DataError, "max_tokens must be whole numbers above 0, got '1.5'"),
    ],
)
def test_prompts_that_cannot_work_are_said_before_anything_is_asked(serve, configure, columns, error, text):
    endpoint = serve()
    prompts = pd.DataFrame({"prompt_id": ["p", "q"], "prompt": ["a", "b"]} | columns)
    with pytest.raises(error, match=text):
        collect(configure({"m": endpoint.url}, prompts))
    assert not endpoint.seen


def test_a_file_that_is_no_store_is_left_as_it_is(serve, configure, tmp_path):
    config = configure({"m": serve().url}, ["a"])
    (tmp_path / "answers.sqlite").write_text("my thesis, " * 100)
    with pytest.raises(CollectError, match="is not a store of answers"):
        collect(config)
    assert (tmp_path / "answers.sqlite").read_text() == "my thesis, " * 100
    assert not list((tmp_path / "answers.sqlite.owners").iterdir())
