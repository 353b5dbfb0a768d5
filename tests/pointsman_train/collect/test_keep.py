"""Tables that were collected before."""

from __future__ import annotations

import pandas as pd
import pytest
from fake_endpoint import Reply, always

from pointsman_train.collect.config import CollectConfig
from pointsman_train.collect.keep import refuse_to_lose
from pointsman_train.collect.stage import collect, summarise
from pointsman_train.errors import CollectError, ConfigError


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "outcomes.parquet"
    rows = [("a", "small"), ("a", "large"), ("b", "small")]
    pd.DataFrame(rows, columns=["prompt_id", "model"]).assign(score=1.0).to_parquet(path)
    return path


def test_where_all_that_is_there_is_asked_for_again_nothing_is_lost(table, tmp_path):
    refuse_to_lose(table, {"a", "b", "c"}, {"small", "large", "new"})
    refuse_to_lose(tmp_path / "gone.parquet", set(), set())


@pytest.mark.parametrize(
    ("prompts", "models", "lost"),
    [
        ({"a"}, {"small", "large"}, r"of prompts \('b'\) that are not asked now"),
        ({"a", "b"}, {"small", "new"}, r"of models \('large'\) that are not asked now"),
        (
            set(),
            {"new"},
            r"of prompts \('a', 'b'\) and of models \('small', 'large'\) that are not asked now",
        ),
    ],
)
def test_prompts_or_models_that_would_be_lost_are_named(table, prompts, models, lost):
    with pytest.raises(CollectError, match=lost):
        refuse_to_lose(table, prompts, models)


@pytest.mark.parametrize("content", [b"PAR1 and no more", b""])
def test_a_file_that_is_no_table_of_outcomes_is_not_written_over(tmp_path, content):
    path = tmp_path / "outcomes.parquet"
    path.write_bytes(content)
    with pytest.raises(CollectError, match=r"outcomes.parquet is there, and is no table of outcomes"):
        refuse_to_lose(path, set(), set())
    assert path.read_bytes() == content


def test_nobody_is_asked_where_a_table_would_lose_rows(serve, configure):
    old, new = serve(always(Reply())), serve(always(Reply()))
    collect(configure({"old": old.url, "new": new.url}, ["a", "b"]))
    config = configure({"old": old.url, "new": new.url}, ["a", "b"], pool=["new"])
    before, asked = pd.read_parquet(config.out), len(new.prompts())
    with pytest.raises(CollectError, match=r"of models \('old'\) that are not .* as 'dataset.outcomes=\["):
        collect(config)
    pd.testing.assert_frame_equal(pd.read_parquet(config.out), before)
    assert len(new.prompts()) == asked == 2


@pytest.mark.parametrize(("settings", "name"), [({"out": "x.csv"}, "out"), ({"prompts_out": "p.json"}, "prompts_out")])
def test_a_table_that_is_not_named_as_parquet_is_refused(tmp_path, settings, name):
    (tmp_path / "d.jsonl").write_text("{}\n")
    with pytest.raises(ConfigError, match=rf"^{name} is '.*'; tables are written as Parquet: end it in .parquet"):
        CollectConfig(log=str(tmp_path / "d.jsonl"), **settings).check()


def test_a_dry_run_says_what_would_stop_the_real_one(serve, configure, caplog):
    old, new = serve(always(Reply())), serve(always(Reply()))
    collect(configure({"old": old.url, "new": new.url}, ["a", "b"]))
    config = configure({"old": old.url, "new": new.url}, ["a", "b"], pool=["new"], plan="ladder", dry_run=True)
    collected = collect(config)
    assert any("of models ('old') that are not asked now" in message for message in caplog.messages)
    assert "this is the most: plan=ladder stops at the first success" in summarise(collected, config)


def test_a_ladder_does_not_take_the_place_of_a_full_table(serve, configure):
    models = {"low": serve(always(Reply())).url, "top": serve(always(Reply())).url}
    full = configure(models, ["a", "b"])
    collect(full)
    before = pd.read_parquet(full.out)
    with pytest.raises(CollectError, match=r"was collected with plan=full: plan=ladder would leave out 2 of its outc"):
        collect(configure(models, ["a", "b"], plan="ladder", explore=0.5))
    pd.testing.assert_frame_equal(pd.read_parquet(full.out), before)
    collect(full)


@pytest.mark.parametrize("explore", [0.0, 0.5])
def test_a_ladder_goes_on_with_its_own_table(serve, configure, explore):
    models = {"low": serve(always(Reply())).url, "top": serve(always(Reply())).url}
    config = configure(models, list("abcdef"), plan="ladder", explore=explore)
    assert len(collect(config).outcomes) == len(collect(config).outcomes)
