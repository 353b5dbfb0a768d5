from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pointsman_train.data import ModelSpec
from pointsman_train.datasets import Columns, DatasetConfig, LongConfig, WideConfig, load
from pointsman_train.errors import ConfigError, DataError, PoolError

FORMS = [".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson"]


def rows_of(*cells):
    return [{"prompt_id": p, "model": m, "score": s, "cost_usd": 1e-4} for p, m, s in cells]


def test_outcomes_become_arrays_of_prompts_by_models(long):
    data = load(long(), ["small", "large"], None)
    assert data.models == ("small", "large")
    assert data.prompt_id == ["q1", "q2", "q3"]
    assert data.prompt[1:] == ['Say "hi",\nthen stop.', "Ünïcode 漢字 🚉"]
    assert data.source == ["sums", "chat", "chat"]
    assert data.score.tolist() == [[1.0, 1.0], [0.3, 0.0], [0.0, 0.5]]
    assert data.trials.tolist() == [[3, 1], [10, 1], [1, 2]]
    np.testing.assert_array_equal(data.cost_usd, [[1e-5, 3e-4], [np.nan, 7e-4], [3e-5, 1e-4]])
    assert data.cost_source == "file"
    assert data.drops.counts == {"cost is unknown (kept)": 1}


@pytest.mark.parametrize("suffix", FORMS)
def test_every_form_of_file_gives_the_same_outcomes(long, suffix):
    one, other = load(long(suffix=suffix), [], None), load(long(), [], None)
    assert one.fingerprint == other.fingerprint
    assert (one.prompt_id, one.prompt, one.source) == (other.prompt_id, other.prompt, other.source)
    np.testing.assert_array_equal(one.score, other.score)
    np.testing.assert_array_equal(one.trials, other.trials)
    np.testing.assert_array_equal(one.cost_usd, other.cost_usd)
    assert one.drops.counts == other.drops.counts


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_the_wide_form_gives_the_same_outcomes_as_the_long(rows, suffix):
    texts = [{"prompt_id": f"q{i}", "prompt": f"What is {i}?", "source": "sums"} for i in range(3)]
    answered = [
        {**texts[0], "small": 0.3, "large": 1.0, "small|total_cost": 0.1, "large|total_cost": 0.7},
        {**texts[1], "small": 0.0, "large": 0.6, "small|total_cost": None, "large|total_cost": 0.9},
    ]
    tall = [
        {"prompt_id": row["prompt_id"], "model": m, "score": row[m], "cost_usd": row[f"{m}|total_cost"]}
        for row in answered
        for m in ("small", "large")
    ]
    long = load(LongConfig(prompts=rows(f"p{suffix}", texts), outcomes=rows(f"o{suffix}", tall)), [], None)
    wide = load(WideConfig(path=rows(f"w{suffix}", [*answered, texts[2]])), [], None)
    assert wide.fingerprint == long.fingerprint
    assert wide.drops.counts == {
        "score is null": 2,
        "prompt without any outcome": 1,
        "cost is unknown (kept)": 1,
    }
    assert long.drops.counts == {"prompt without any outcome": 1, "cost is unknown (kept)": 1}


def test_order_of_rows_changes_nothing(long, small):
    prompts, outcomes = small
    expected = load(long(), [], None)
    for seed in range(5):
        rng = random.Random(seed)
        mixed = load(long(rng.sample(outcomes, 6), rng.sample(prompts, 3)), [], None)
        assert mixed.fingerprint == expected.fingerprint
        assert mixed.prompt_id == expected.prompt_id
        np.testing.assert_array_equal(mixed.score, expected.score)


def test_order_of_the_pool_orders_columns_and_keeps_the_fingerprint(long):
    one, other = load(long(), ["small", "large"], None), load(long(), ["large", "small"], None)
    assert one.fingerprint == other.fingerprint
    np.testing.assert_array_equal(one.score, other.score[:, ::-1])


def test_every_row_left_out_has_a_reason_and_is_counted(long):
    texts = [
        {"prompt_id": "q1", "prompt": "Why?"},
        {"prompt_id": "q2", "prompt": " \n"},
        {"prompt_id": "q3", "prompt": "How?"},
        {"prompt_id": "q4", "prompt": "Who?"},
        {"prompt_id": "q5", "prompt": ""},
    ]
    rows = rows_of(
        ("q1", "a", 1.0), ("q1", "b", None), ("q1", "c", 0.5), ("q1", "d", 0.5), ("q1", "e", 0.5),
        ("q2", "a", 1.0), ("q2", "b", None),
        ("q3", "b", 0.0),
        ("q4", "a", None), ("q4", "b", None), ("q4", "c", 1.0),
        ("q9", "a", 0.5), ("q9", "b", None), ("q8", "c", 0.5),
    )  # fmt: skip
    data = load(long(rows, texts), ["a", "b"], None)
    assert data.prompt_id == ["q1", "q3"]
    np.testing.assert_array_equal(data.score, [[1.0, np.nan], [np.nan, 0.0]])
    assert data.trials.tolist() == [[1, 0], [0, 1]]
    assert data.source == ["", ""]
    assert data.drops.counts == {
        "model not in the pool": 5,
        "score is null": 3,
        "prompt is empty": 2,
        "outcome of no such prompt": 2,
        "outcome of an empty prompt": 2,
        "prompt without any outcome": 1,
    }
    # 14 outcomes and 5 prompts came in; 2 outcomes of 2 prompts are left.
    assert sum(data.drops.counts.values()) == (14 - 2) + (5 - 2)


def test_a_score_of_no_trials_is_left_out_and_unknown_trials_are_at_least_one(long, small, changed):
    _, outcomes = small
    rows = changed(changed(outcomes, 0, trials=0), 1, trials=None)
    data = load(long(rows), ["small", "large"], None)
    assert data.trials[0].tolist() == [0, 1]
    assert np.isnan(data.score[0, 0])
    assert data.drops.counts["score of 0 trials"] == 1


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_nul_in_a_prompt_is_replaced_and_counted(long, small, changed, suffix):
    prompts, outcomes = small
    data = load(long(outcomes, changed(prompts, 0, prompt="a\x00b"), suffix), [], None)
    assert data.prompt[0] == "a\ufffdb"
    assert data.drops.counts["prompt sanitised (kept)"] == 1
    assert len(data) == 3


def test_lone_surrogates_in_prompts_are_replaced_and_counted(long, small, changed):
    prompts, outcomes = small
    texts = changed(changed(prompts, 0, prompt="\ud800?"), 2, prompt="\udfff\ud800")
    data = load(long(outcomes, texts), [], None)
    assert [data.prompt[0], data.prompt[2]] == ["\ufffd?", "\ufffd\ufffd"]
    assert data.drops.counts["prompt sanitised (kept)"] == 2


def test_lone_surrogates_in_ids_models_and_sources_do_no_harm(long):
    texts = [{"prompt_id": "q\ud800", "prompt": "Why?", "source": "\udfff"}]
    data = load(long(rows_of(("q\ud800", "a\ud800", 1.0), ("q\ud800", "b", 0.0)), texts), [], None)
    assert (data.prompt_id, data.models, data.source) == (["q\ufffd"], ("a\ufffd", "b"), ["\ufffd"])


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_numeric_ids_tie_prompts_to_outcomes(long, suffix):
    texts = [{"prompt_id": i, "prompt": f"{i}?", "source": i} for i in (1, 2)]
    rows = [{"prompt_id": i, "model": m, "score": 1.0, "cost_usd": 1.0} for i in (1, 2) for m in ("a", "b")]
    data = load(long(rows, texts, suffix), [], None)
    assert data.prompt_id == ["1", "2"]
    assert data.source == ["1", "2"]
    assert data.drops.counts == {}


def test_columns_of_categories_and_of_other_text_types_are_text(long, small, tmp_path):
    prompts, outcomes = small
    config = long(suffix=".parquet")
    expected = load(config, [], None)
    for name, rows in (("prompts", prompts), ("outcomes", outcomes)):
        frame = pd.DataFrame(rows)
        for dtype in ("category", "string[python]"):
            text = {column: dtype for column in ("prompt_id", "prompt", "source", "model") if column in frame}
            frame.astype(text).to_parquet(tmp_path / f"{name}.parquet")
            assert load(config, [], None).fingerprint == expected.fingerprint


def test_a_pool_model_whose_scores_are_all_null_is_refused(long):
    rows = rows_of(("q1", "a", 1.0), ("q1", "b", 0.0), ("q1", "c", None), ("q2", "c", None))
    config = long(rows)
    with pytest.raises(PoolError) as error:
        load(config, ["a", "b", "c"], None)
    assert str(error.value) == (
        f"{config.outcomes}: no score of 'c' can be used; take the model out of the pool or collect its "
        "outcomes; left out: {'score is null': 2, 'prompt without any outcome': 2}"
    )


def test_without_a_pool_a_model_whose_scores_are_all_null_is_left_out(long):
    rows = rows_of(("q1", "a", 1.0), ("q1", "b", 0.0), ("q1", "c", None))
    data = load(long(rows), [], None)
    assert data.models == ("a", "b")
    assert data.drops.counts == {"prompt without any outcome": 2, "score is null": 1}


def test_one_model_left_is_no_pool(long):
    with pytest.raises(PoolError, match="routing chooses between two models or more, the pool is 'a'"):
        load(long(rows_of(("q1", "a", 1.0), ("q1", "b", None))), [], None)


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (["small"], "routing chooses between two models or more, the pool is 'small'"),
        (["small", "lrge"], r"no outcomes of the pool's 'lrge' \(did you mean 'large'\?\)"),
        (["small", "small"], "the pool names 'small' more than once"),
    ],
)
def test_pools_that_cannot_be_routed_over_are_refused(long, pool, message):
    with pytest.raises(PoolError, match=message):
        load(long(), pool, None)


def test_no_usable_outcome_at_all_is_an_error_that_counts_why(long):
    config = long(rows_of(("x", "a", 1.0), ("q1", "a", None), ("q1", "b", None)))
    with pytest.raises(DataError) as error:
        load(config, [], None)
    assert str(error.value) == (
        f"{config.outcomes}: no prompt has an outcome that can be used; left out: "
        "{'prompt without any outcome': 3, 'score is null': 2, 'outcome of no such prompt': 1}"
    )


def test_a_table_of_prompts_without_a_row_is_no_prompt_for_any_outcome(long, tmp_path):
    config = long(suffix=".csv")
    (tmp_path / "prompts.csv").write_text("prompt_id,prompt,source\n")
    with pytest.raises(DataError, match=r"no prompt has an outcome .*\{'outcome of no such prompt': 6\}"):
        load(config, [], None)


def test_all_costs_null_is_an_error_without_a_catalog_and_prices_with_one(long, small):
    _, outcomes = small
    config = long([{**row, "cost_usd": None} for row in outcomes])
    with pytest.raises(DataError, match="leaves a model of the pool without any known cost"):
        load(config, [], None)
    catalog = {"small": ModelSpec("small", avg_per_m=0.2), "large": ModelSpec("large", 1.0, 3.0)}
    data = load(config, ["small", "large"], catalog)
    assert data.cost_source == "price"
    np.testing.assert_allclose(data.cost_usd, np.tile([0.0002, 0.002], (3, 1)))


def test_an_empty_file_of_outcomes_has_no_pool(tmp_path, long):
    config = long()
    (tmp_path / "none.csv").write_text("prompt_id,model,score\n")
    config.outcomes = str(tmp_path / "none.csv")
    with pytest.raises(PoolError, match=r"none\.csv: .* the pool is none"):
        load(config, [], None)


def test_a_renamed_optional_column_must_be_there(long):
    with pytest.raises(DataError, match=r"prompts\.jsonl: no column 'benchmark' for source"):
        load(long(columns=Columns(source="benchmark")), [], None)


def test_a_config_without_a_form_is_refused():
    with pytest.raises(ConfigError, match="dataset is one of LongConfig, WideConfig and HubConfig, got DatasetConfig"):
        load(DatasetConfig(), [], None)


def test_importing_the_package_imports_neither_hydra_nor_the_hub_library():
    heavy = {"hydra", "omegaconf", "datasets", "mlflow"}
    code = f"import sys, pointsman_train.datasets; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
