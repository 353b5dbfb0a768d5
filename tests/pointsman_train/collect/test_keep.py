"""Tables that were collected before."""

from __future__ import annotations

import pandas as pd
import pytest
from fake_endpoint import Reply, always

from pointsman_train.collect.keep import refuse_to_lose
from pointsman_train.collect.stage import collect
from pointsman_train.errors import CollectError


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
