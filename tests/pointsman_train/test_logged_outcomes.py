"""Outcomes that were asked for, and a service's log beside them."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pointsman_train.errors import PoolError
from pointsman_train.label.apart import ALIKE, WHY
from pointsman_train.pipeline import run_pipeline


@pytest.fixture
def few(quick):
    """Make settings of a run that takes as few prompts as these tests ask for."""

    def make(*args, **settings):
        config = quick(*args, **settings)
        config.train.min_prompts = 0
        return config

    return make


@pytest.fixture
def served(other_outcomes):
    """Make a data set of which a share of the prompts was asked of every model; of the others a log has one outcome."""

    def make(asked: float, marked: bool = True):
        def serve(table: pd.DataFrame) -> pd.DataFrame:
            rng, ids = np.random.default_rng(0), np.sort(table["prompt_id"].unique())
            models, of_log = np.sort(table["model"].unique()), ids[rng.random(len(ids)) >= asked]
            sent = dict(zip(of_log, rng.choice(models, len(of_log)), strict=True))
            kept = table[table["prompt_id"].map(sent).fillna(table["model"]) == table["model"]]
            return kept.assign(logged=kept["prompt_id"].isin(sent)) if marked else kept

        return serve

    return lambda *args, **settings: other_outcomes(make(*args, **settings))


def test_a_router_is_trained_on_both_and_says_which_prompts_are_a_log_s(few, trained, served, caplog, tmp_path):
    config = few(tmp_path / "routers", dataset=served(0.6))
    with caplog.at_level(logging.WARNING):
        result = run_pipeline(config, tmp_path / "run")
    assert not [message for message in caplog.messages if "log" in message]
    labelled = result.prepared.labelled
    of_log = int((~labelled.asked).sum())
    assert 0.3 * len(labelled.label) < of_log < 0.5 * len(labelled.label)
    data = json.loads((tmp_path / "run" / "data.json").read_text())
    assert data["left_out"][f"no label: {WHY}"] == of_log
    asked, whole = (json.loads((folder / "metrics.json").read_text()) for folder in (tmp_path / "run", trained.run_dir))
    assert asked["test/quality"] == pytest.approx(whole["test/quality"], abs=0.1)
    # Words of the log are known to the router, and its prompts are none that it never saw.
    assert len(result.router.features) == int((result.prepared.split.part != 2).sum())


def test_where_a_log_teaches_like_what_was_asked_that_is_noted(few, served, tmp_path):
    config = few(tmp_path, dataset=served(0.6), stages=["label"])
    config.label.logged = "all"
    found = run_pipeline(config, tmp_path / "run").prepared.labelled
    assert found.outcomes.drops.counts[ALIKE] == int(found.outcomes.logged.sum()) > 100


def test_what_a_log_says_moves_the_words_and_nothing_that_models_are_told_by(few, served, tmp_path):
    dataset = served(0.6)
    table = pd.read_parquet(dataset.outcomes)
    drawn = np.random.default_rng(1).integers(2, size=len(table))
    other = replace(dataset, outcomes=str(tmp_path / "drawn.parquet"))
    table.assign(score=np.where(table["logged"], drawn, table["score"])).to_parquet(other.outcomes)
    routers = [
        run_pipeline(few(tmp_path / name, dataset=data), tmp_path / f"run_{name}").router
        for name, data in {"one": dataset, "other": other}.items()
    ]
    one, two = routers
    np.testing.assert_array_equal(one.mean_score, two.mean_score)
    np.testing.assert_array_equal(one.descriptors.success_rate, two.descriptors.success_rate)
    np.testing.assert_array_equal(one.descriptors.mean_cost, two.descriptors.mean_cost)
    words = [router.featurizer.word_model.weights for router in routers]
    assert np.corrcoef(words[0].ravel(), words[1].ravel())[0, 1] < 0.9


def test_kinds_of_prompts_that_no_model_was_asked_about_are_unfamiliar(few, served, fleet, tmp_path):
    """What a log teaches of their words is no reason to trust what the router says of the models."""
    sources = pd.read_parquet(fleet.prompts).set_index("prompt_id")["source"]
    kinds = sorted(sources.unique())[3::6]
    dataset = served(0.8)
    table = pd.read_parquet(dataset.outcomes)
    of_kind = table["prompt_id"].map(sources).isin(kinds)
    kept = table[~of_kind | (table["model"] == table["model"].iloc[0])]
    kept = kept.assign(logged=kept["logged"] | of_kind)
    strange = pd.read_parquet(fleet.prompts).query("source in @kinds")["prompt"].tolist()
    shares = []
    for name, rows in {"with": kept, "without": kept[~kept["logged"]]}.items():
        rows.to_parquet(tmp_path / f"{name}.parquet")
        config = few(tmp_path / name, dataset=replace(dataset, outcomes=str(tmp_path / f"{name}.parquet")))
        router = run_pipeline(config, tmp_path / f"run_{name}").router
        _, similarity = router.featurizer.transform_all(strange)
        shares.append(float(np.mean(similarity < router.guard.threshold)))
    assert shares[0] > 0.5 * shares[1] > 0.1, shares


def test_a_log_alone_is_refused_with_what_is_missing(quick, served, tmp_path):
    with pytest.raises(PoolError, match="only a service's log has outcomes of"):
        run_pipeline(quick(tmp_path / "routers", dataset=served(0.0)), tmp_path / "run")
    assert not (tmp_path / "routers").exists()


def test_a_log_that_is_not_marked_is_told(quick, served, caplog, tmp_path):
    config = quick(tmp_path / "routers", dataset=served(0.6, marked=False), stages=["label"])
    run_pipeline(config, tmp_path / "run")
    assert [message for message in caplog.messages if "Mark their outcomes as true in a column logged" in message]
