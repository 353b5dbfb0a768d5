from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pointsman_train.dask_engine.prepare import prepare
from pointsman_train.dask_engine.rows import targets_of
from pointsman_train.dask_engine.store import read_table
from pointsman_train.datasets import LongConfig, PromptsConfig, WideConfig
from pointsman_train.engine import EngineConfig
from pointsman_train.errors import ConfigError, DataError, PoolError
from pointsman_train.label import LabelConfig
from pointsman_train.local_engine import prepare as prepare_here
from pointsman_train.pipeline import PipelineConfig, describe


def engine(store, **settings):
    return EngineConfig(kind="dask", folder=str(store), partitions=settings.pop("partitions", 4), **settings)


def same(one, other):
    assert one.labelled.outcomes.prompt_id == other.labelled.outcomes.prompt_id
    assert one.labelled.models == other.labelled.models
    for name in ("score", "trials", "cost_usd"):
        np.testing.assert_array_equal(getattr(one.labelled.outcomes, name), getattr(other.labelled.outcomes, name))
    np.testing.assert_array_equal(one.labelled.label, other.labelled.label)
    np.testing.assert_array_equal(one.split.group, other.split.group)
    assert describe(one) == describe(other)


@pytest.mark.parametrize("partitions", [1, 5])
def test_all_prompts_are_prepared_as_on_one_machine(inline, quick, folders, store, partitions):
    config = quick(store)
    there, parts = prepare(inline, replace(config, dataset=folders), engine(store, partitions=partitions))
    same(there, prepare_here(config))
    assert parts.whole
    assert parts.number == partitions


@pytest.mark.parametrize("choice", ["strongest", "cheapest", "drop"])
def test_prompts_that_no_model_solves_are_labelled_as_on_one_machine(inline, quick, folders, store, choice):
    config = quick(store)
    config.label.all_fail = choice
    there, _ = prepare(inline, replace(config, dataset=folders), engine(store))
    same(there, prepare_here(config))


def test_a_wide_table_is_read_as_well(inline, quick, fleet_outcomes, store, tmp_path):
    outcomes = fleet_outcomes
    table = pd.DataFrame({"prompt_id": outcomes.prompt_id, "prompt": outcomes.prompt, "source": outcomes.source})
    for m, model in enumerate(outcomes.models):
        table[model], table[f"{model}|total_cost"] = outcomes.score[:, m], outcomes.cost_usd[:, m]
    (tmp_path / "wide").mkdir()
    table.to_parquet(tmp_path / "one.parquet")
    for i in range(2):
        table.iloc[i::2].to_parquet(tmp_path / "wide" / f"{i}.parquet")
    config = quick(store, dataset=WideConfig(path=str(tmp_path / "one.parquet")))
    there, _ = prepare(inline, replace(config, dataset=WideConfig(path=str(tmp_path / "wide"))), engine(store))
    same(there, prepare_here(config))


def test_outcomes_may_carry_the_texts(inline, quick, fleet, store, tmp_path):
    rows = pd.read_parquet(fleet.outcomes).merge(pd.read_parquet(fleet.prompts), on="prompt_id")
    (tmp_path / "rows").mkdir()
    rows.to_parquet(tmp_path / "one.parquet")
    for i in range(2):
        rows.iloc[i::2].to_parquet(tmp_path / "rows" / f"{i}.parquet")
    config = quick(store, dataset=LongConfig(outcomes=str(tmp_path / "one.parquet")))
    there, _ = prepare(inline, replace(config, dataset=LongConfig(outcomes=str(tmp_path / "rows"))), engine(store))
    same(there, prepare_here(config))


def test_a_list_of_files_is_read_there_too(inline, quick, fleet, folders, store):
    kinds = {kind: sorted(map(str, Path(getattr(folders, kind)).iterdir())) for kind in ("outcomes", "prompts")}
    there, _ = prepare(inline, replace(quick(store), dataset=LongConfig(**kinds)), engine(store))
    same(there, prepare_here(quick(store)))


def test_outcomes_that_stand_for_others_do_so_there_too(inline, quick, fleet, cut, store):
    rows = pd.read_parquet(fleet.outcomes)
    models = sorted(rows["model"].unique())
    rows["selection_probability"] = np.where(rows["model"] == models[0], 0.25, None)
    path = store.with_suffix(".parquet")
    rows.to_parquet(path)
    here = LongConfig(outcomes=str(path), prompts=fleet.prompts)
    config = quick(store, dataset=here)
    there, parts = prepare(inline, replace(config, dataset=cut(here, 2)), engine(store))
    alone = prepare_here(config)
    same(there, alone)
    counts = alone.labelled.outcomes.stands_for
    np.testing.assert_array_equal(there.labelled.outcomes.stands_for, counts)
    assert counts[:, alone.labelled.models.index(models[0])].max() == 4.0
    of_parts = targets_in(parts, "stands_for")
    np.testing.assert_array_equal([of_parts[name] for name in alone.labelled.outcomes.prompt_id], counts)


def targets_in(parts, field):
    """What fits learn from, of every prompt of all parts."""
    tables = [read_table(parts.rows.file(part)) for part in range(parts.number)]
    rows = [zip(table["prompt_id"].to_pylist(), getattr(targets_of(table), field), strict=True) for table in tables]
    return dict(pair for part in rows for pair in part)


@pytest.fixture
def served(fleet, store):
    """Write outcomes of which a log has one alone, of one model, on all prompts but each of this many."""

    def write(asked_each: int) -> LongConfig:
        rows = pd.read_parquet(fleet.outcomes)
        ids, models = sorted(rows["prompt_id"].unique()), sorted(rows["model"].unique())
        of_log = ~rows["prompt_id"].isin(ids[::asked_each])
        path = store.with_suffix(".parquet")
        rows[~of_log | (rows["model"] == models[0])].assign(logged=of_log).to_parquet(path)
        return LongConfig(outcomes=str(path), prompts=fleet.prompts)

    return write


def test_a_log_s_prompts_are_put_apart_there_too(inline, quick, served, cut, store):
    here = served(2)
    config = quick(store, dataset=here)
    there, parts = prepare(inline, replace(config, dataset=cut(here, 2)), engine(store))
    alone = prepare_here(config)
    same(there, alone)
    np.testing.assert_array_equal(there.labelled.logged, alone.labelled.logged)
    apart = ~np.isnan(alone.labelled.logged).all(axis=1)
    assert 100 < apart.sum() < 0.6 * len(apart)
    of_parts = targets_in(parts, "success")
    rows = np.array([of_parts[name] for name in alone.labelled.outcomes.prompt_id])
    assert np.isnan(rows[apart]).all()
    np.testing.assert_array_equal(rows, alone.labelled.success)


def test_a_log_leaves_what_was_asked_its_place_in_the_sample(inline, quick, served, cut, store):
    here = served(5)
    there, _ = prepare(inline, replace(quick(store), dataset=cut(here, 2)), engine(store, sample=100))
    alone, training = prepare_here(replace(quick(store), dataset=here)), there.split.part != 2
    asked = int((alone.labelled.asked & (alone.split.part != 2)).sum())
    assert int((there.labelled.asked & training).sum()) == asked <= 100
    # And of the test prompts those that only a log has, which are trained on.
    assert 100 < int((~there.labelled.asked & training).sum()) < 220
    # Where it teaches like the others, it is drawn like them.
    alike = replace(quick(store), dataset=cut(here, 2), label=LabelConfig(logged="all"))
    found, _ = prepare(inline, alike, engine(store, sample=100))
    assert 60 < int((found.split.part != 2).sum()) < 140


def test_of_more_prompts_than_the_sample_a_fair_share_comes_here(inline, quick, folders, store):
    config = quick(store)
    there, parts = prepare(inline, replace(config, dataset=folders), engine(store, sample=100))
    whole = prepare_here(config)
    found, training = describe(there), int((there.split.part != 2).sum())
    assert not parts.whole
    assert 60 < training < 140
    assert found["prompts"] == describe(whole)["prompts"]
    assert found["parts"] == describe(whole)["parts"]
    assert found["labels"] == describe(whole)["labels"]
    assert sum(found["sample"].values()) == len(there.labelled.label) < found["prompts"]
    where = {name: i for i, name in enumerate(whole.labelled.outcomes.prompt_id)}
    at = [where[name] for name in there.labelled.outcomes.prompt_id]
    assert there.split.part.tolist() == whole.split.part[at].tolist()


def test_what_is_done_is_not_done_again(inline, quick, folders, store):
    config = replace(quick(store), dataset=folders)
    first, _ = prepare(inline, config, engine(store))
    once = len(inline.done)
    next((store).rglob("arranged-*/00002.json")).unlink()
    inline.done.clear()
    again, _ = prepare(inline, config, engine(store))
    same(first, again)
    assert ("arranging", 1) in inline.done
    assert not {"dealing", "labelling"} & {what for what, _ in inline.done}
    assert len(inline.done) < once


def test_other_settings_do_not_meet_the_same_files(inline, quick, folders, store):
    config = replace(quick(store), dataset=folders)
    prepare(inline, config, engine(store))
    config.label.success_threshold = 0.9
    inline.done.clear()
    prepare(inline, config, engine(store))
    assert "labelling" in {what for what, _ in inline.done}


def test_a_row_that_stands_in_two_files_is_refused(inline, quick, fleet, store, tmp_path):
    rows = pd.read_parquet(fleet.outcomes)
    (tmp_path / "twice").mkdir()
    for i in range(2):
        rows.iloc[: len(rows) - i].to_parquet(tmp_path / "twice" / f"{i}.parquet")
    config = quick(store, dataset=LongConfig(outcomes=str(tmp_path / "twice"), prompts=fleet.prompts))
    with pytest.raises(DataError, match="more than one row has prompt_id"):
        prepare(inline, config, engine(store))


def test_a_fault_is_told_with_its_file_and_row(inline, quick, fleet, store, tmp_path):
    rows = pd.read_parquet(fleet.outcomes)
    rows.loc[rows.index[5], "score"] = 7.0
    rows.to_parquet(tmp_path / "bad.parquet")
    config = quick(store, dataset=LongConfig(outcomes=str(tmp_path / "bad.parquet"), prompts=fleet.prompts))
    with pytest.raises(DataError, match=r"bad\.parquet, row group 0: 1 fault .*\n  row 6, column 'score': got 7\.0"):
        prepare(inline, config, engine(store))


def test_a_model_without_outcomes_is_refused(inline, quick, folders, store):
    config = replace(quick(store, pool=["nobody", "SmolLM2-135M-Instruct"]), dataset=folders)
    with pytest.raises(PoolError, match="no outcomes of the pool's 'nobody'"):
        prepare(inline, config, engine(store))


@pytest.mark.parametrize(
    ("dataset", "error", "message"),
    [
        (LongConfig(outcomes="nowhere"), DataError, "a Parquet file, or a folder with Parquet files"),
        (LongConfig(outcomes="rows.csv"), DataError, "a Parquet file, or a folder with Parquet files"),
        (PromptsConfig(prompts="p.parquet"), ConfigError, "engine=dask reads Parquet files, got a PromptsConfig"),
    ],
)
def test_other_inputs_are_refused(inline, quick, store, dataset, error, message):
    with pytest.raises(error, match=message):
        prepare(inline, PipelineConfig(dataset=dataset), engine(store))


def test_a_damaged_file_is_named(inline, quick, store, tmp_path):
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"cut\.parquet: not a whole Parquet file"):
        prepare(inline, PipelineConfig(dataset=LongConfig(outcomes=str(tmp_path / "cut.parquet"))), engine(store))
