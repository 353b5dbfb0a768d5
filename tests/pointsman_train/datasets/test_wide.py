from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.data import ModelSpec
from pointsman_train.datasets import Columns, WideConfig, load
from pointsman_train.errors import ConfigError, DataError, PoolError

# As RouterBench ships: answers beside scores and costs, and a column of its own oracle.
ROWS = [
    {
        "sample_id": f"s{i}",
        "prompt": f"Question {i}?",
        "eval_name": "sums",
        "gpt-4": 1.0,
        "gpt-3.5": score,
        "claude": 0.5,
        "gpt-4|model_response": "four",
        "gpt-3.5|model_response": "three",
        "gpt-4|total_cost": 0.003,
        "gpt-3.5|total_cost": 0.0001 * (i + 1),
        "claude|total_cost": 0.002,
        "oracle_model_to_route_to": "gpt-4",
    }
    for i, score in enumerate([1.0, 0.0, None])
]
NAMES = Columns(prompt_id="sample_id", source="eval_name")


@pytest.fixture
def wide(rows):
    def build(content=ROWS, name="wide.jsonl", columns=NAMES, **settings):
        return WideConfig(path=rows(name, content), columns=columns, **settings)

    return build


def test_models_are_the_columns_that_have_a_cost_beside_them(wide):
    data = load(wide(), [], None)
    assert data.models == ("claude", "gpt-3.5", "gpt-4")
    np.testing.assert_array_equal(data.score, [[0.5, 1.0, 1.0], [0.5, 0.0, 1.0], [0.5, np.nan, 1.0]])
    np.testing.assert_allclose(data.cost_usd[:2], [[0.002, 0.0001, 0.003], [0.002, 0.0002, 0.003]])
    assert data.source == ["sums"] * 3
    assert data.trials.tolist() == [[1, 1, 1], [1, 1, 1], [1, 0, 1]]
    assert data.drops.counts == {"score is null": 1}


def test_only_the_pools_columns_are_read_and_the_rest_is_counted(wide):
    data = load(wide(), ["gpt-4", "gpt-3.5"], None)
    assert data.models == ("gpt-4", "gpt-3.5")
    assert data.drops.counts == {"model not in the pool": 3, "score is null": 1}
    broken = [{**row, "claude": "n.a. (timeout)"} for row in ROWS]
    assert load(wide(broken), ["gpt-4", "gpt-3.5"], None).fingerprint == data.fingerprint


@pytest.mark.parametrize("name", ["wide.parquet", "wide.csv", "wide.csv.gz"])
def test_every_file_form_gives_the_same(wide, name):
    assert load(wide(name=name), [], None).fingerprint == load(wide(), [], None).fingerprint


def test_prompts_may_be_a_table_of_their_own(wide, rows):
    texts = [{"sample_id": r["sample_id"], "prompt": r["prompt"], "eval_name": r["eval_name"]} for r in ROWS]
    bare = [{key: value for key, value in row.items() if key not in ("prompt", "eval_name")} for row in ROWS]
    apart = load(wide(bare, prompts=rows("prompts.csv", texts)), [], None)
    assert apart.fingerprint == load(wide(), [], None).fingerprint


def test_other_patterns_find_other_columns(wide):
    content = [{"prompt_id": "a", "prompt": "?", "score_x": 1, "score_y": 0, "usd_x": 1, "usd_y": 2, "note": "z"}]
    data = load(wide(content, columns=Columns(), score_column="score_{model}", cost_column="usd_{model}"), [], None)
    assert data.models == ("x", "y")
    assert data.cost_usd.tolist() == [[1.0, 2.0]]


def test_without_costs_the_score_pattern_alone_finds_the_models(wide):
    content = [{"prompt_id": "a", "prompt": "?", "score_x": 1, "score_y": 0}]
    config = wide(content, columns=Columns(), score_column="score_{model}")
    with pytest.raises(DataError, match="file: no cost_usd of 'x'"):
        load(config, [], None)


def test_the_plainest_pattern_takes_every_column_but_the_prompts_own_for_a_model(wide):
    content = [{"prompt_id": "a", "prompt": "?", "source": "s", "x": 1, "y": 0}]
    catalog = {name: ModelSpec(name, avg_per_m=1.0) for name in ("x", "y")}
    assert load(wide(content, columns=Columns()), [], catalog).models == ("x", "y")


def test_a_model_named_by_the_pool_needs_no_cost_column(wide):
    content = [{key: value for key, value in row.items() if key != "gpt-4|total_cost"} for row in ROWS]
    catalog = {name: ModelSpec(name, avg_per_m=1.0) for name in ("claude", "gpt-4")}
    assert load(wide(content), [], catalog).models == ("claude", "gpt-3.5")
    data = load(wide(content), ["claude", "gpt-4"], catalog)
    assert data.models == ("claude", "gpt-4")
    assert data.cost_source == "price"


def test_a_fault_is_named_by_the_files_own_row_and_column(wide, changed):
    bad = changed(changed(ROWS, 1, **{"gpt-4": 1.5}), 2, **{"gpt-3.5|total_cost": -1.0})
    config = wide(bad)
    with pytest.raises(DataError) as error:
        load(config, [], None)
    assert str(error.value).splitlines() == [
        f"{config.path}: 2 faults in the outcomes (data rows count from 1)",
        "  row 2, column 'gpt-4': got 1.5, expected a number in [0, 1], or null where not graded",
        "  row 3, column 'gpt-3.5|total_cost': got -1.0, expected a finite number of 0 or more, or null where unknown",
    ]


def test_duplicate_prompts_name_both_rows(wide):
    with pytest.raises(DataError, match="row 4 repeats row 1, prompt_id 's0'; give each prompt an id of its own"):
        load(wide([*ROWS, ROWS[0]]), [], None)


def test_a_pool_model_without_a_score_column_is_refused(wide):
    with pytest.raises(PoolError, match=r"'gpt-5' \(did you mean 'gpt-3\.5' or 'gpt-4'\?\); the models with"):
        load(wide(), ["gpt-4", "gpt-5"], None)


def test_a_pattern_must_hold_the_models_place_once(wide):
    with pytest.raises(ConfigError, match=r"holds \{model\} once, got 'score'; for example '\{model\}\|total_cost'"):
        load(wide(score_column="score"), [], None)


def test_a_pattern_that_fits_nothing_lists_the_columns(wide):
    with pytest.raises(
        DataError, match=r"no column is named like dataset.score_column='acc/\{model\}'; the columns are"
    ):
        load(wide(score_column="acc/{model}"), [], None)
