from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pointsman_train.datasets import LongConfig, PromptsConfig
from pointsman_train.datasets.source import Columns
from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.reference import Reference
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.evaluate.traffic import DriftConfig, look_at, seen_by
from pointsman_train.fresh import judged_by, predictions_of
from pointsman_train.judge import JudgeConfig
from pointsman_train.summary import summarise_traffic
from pointsman_train.tracking import TrackingConfig
from pointsman_train.watch import watch_router

UNTRACKED = TrackingConfig(enabled=False)
WORDS = ("schreibe", "bitte", "ein", "langes", "Gedicht", "über", "den", "Herbst,", "seine", "Farben", "und", "Vögel!")


def odd(n: int) -> list[str]:
    """Make prompts in another language, no two of them alike."""
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, 60)) for _ in range(n)]


@pytest.fixture
def watch(trained, tmp_path):
    """Watch the small router on prompts of a test's own."""

    def run(prompts, router=trained.bundle, folder=tmp_path / "run", **settings):
        path = tmp_path / "prompts.parquet"
        pd.DataFrame({"text": prompts}).to_parquet(path)
        dataset = PromptsConfig(prompts=str(path), columns=Columns(prompt="text"))
        given = {"evaluate": EvaluateConfig(resamples=40), "tracking": UNTRACKED} | settings
        return watch_router(JudgeConfig(router=str(router), dataset=dataset, **given), folder)

    return run


@pytest.fixture(scope="module")
def part(trained):
    """Return the prompts of a part of the split."""
    prepared = trained.result.prepared

    def take(*names) -> list[str]:
        rows = prepared.split.rows(*names)
        return [prompt for prompt, kept in zip(prepared.labelled.outcomes.prompt, rows, strict=True) if kept]

    return take


def test_the_training_prompts_themselves_have_not_drifted_at_all(watch, part, trained):
    training = part("train", "calibration")
    traffic = watch(training)
    assert traffic.drift.drifted == ()
    assert max(column.psi for column in traffic.drift.columns) == pytest.approx(0.0, abs=1e-12)
    for share in traffic.mix.values():
        assert share.arriving.value == pytest.approx(share.training)


def test_resamples_of_the_training_prompts_raise_no_alarm(trained, router, part):
    training, rng = part("train", "calibration"), np.random.default_rng(0)
    reference = Reference.from_dict(router.manifest.feature_reference)
    alarms = []
    for k in range(60):
        prompts = [training[i] for i in rng.choice(len(training), (50, 150, 400)[k % 3])]
        found = predictions_of(router, prompts)
        group = np.unique(prompts, return_inverse=True)[1]
        seen = seen_by(found, judged_by(router, found), router.manifest.features, router.models, group)
        alarms.append(look_at(reference, seen, DriftConfig(draws=200), EvaluateConfig(resamples=40, seed=k)))
    assert sum(bool(traffic.drift.drifted) for traffic in alarms) <= 2


def test_held_out_prompts_of_the_same_kinds_raise_no_alarm(watch, part, caplog):
    with caplog.at_level(logging.WARNING):
        traffic = watch(part("test"))
    assert traffic.drift.drifted == ()
    assert "have drifted" not in caplog.text
    assert traffic.drift.verdict.startswith("No drift: ")


def test_prompts_of_another_kind_are_drift_with_a_warning_and_no_error(watch, part, caplog, tmp_path):
    with caplog.at_level(logging.WARNING):
        traffic = watch(odd(60))
    assert len(traffic.drift.drifted) > 5
    assert f"{len(traffic.drift.drifted)} of {len(traffic.drift.columns)} columns have drifted: see " in caplog.text
    assert "Judge the router on outcomes of such prompts before trusting it on them" in traffic.drift.verdict
    text = summarise_traffic(traffic)
    assert text.startswith("WARNING Drift in ")
    assert text.count("   drifted") == len(traffic.drift.drifted)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["drift/columns_drifted"] == len(traffic.drift.drifted)
    assert metrics["drift/prompts"] == 60
    assert metrics["drift/unfamiliar_share"] > 0.5
    assert sum(metrics[f"drift/chosen/{model}"] for model in traffic.mix) == pytest.approx(1.0)


def test_the_mix_of_models_is_what_the_router_would_choose(watch, part, router):
    prompts = part("test")
    traffic = watch(prompts)
    chosen = [decision.model for decision in router.route_many(prompts)]
    for model, share in traffic.mix.items():
        assert share.arriving.value == pytest.approx(chosen.count(model) / len(prompts))
        assert share.arriving.low <= share.arriving.value <= share.arriving.high


def test_a_manifest_without_reference_statistics_says_to_export_again(watch, trained, changed, tmp_path):
    old = changed(trained.bundle, tmp_path / "old", lambda m: m.update(feature_reference={"chars": [0.0, 1.0]}))
    with pytest.raises(DataError, match=r"the reference statistics cannot be read .* export the router again"):
        watch(odd(2), router=old)


def test_settings_that_cannot_be_are_refused(watch, trained, tmp_path):
    with pytest.raises(ConfigError, match=r"drift.draws must be at least 100, got 5"):
        watch(odd(2), drift=DriftConfig(draws=5))
    with pytest.raises(ConfigError, match=r"drift.least_psi must not be negative, got -1"):
        watch(odd(2), drift=DriftConfig(least_psi=-1))
    config = JudgeConfig(router=str(trained.bundle), dataset=LongConfig(outcomes="o.csv"), tracking=UNTRACKED)
    with pytest.raises(ConfigError, match="drift is measured on dataset=prompts, got LongConfig"):
        watch_router(config, tmp_path)


def test_a_tracked_run_has_the_verdict_the_figures_and_the_page(watch, store, client, part):
    watch(part("test"), tracking=store)
    experiment = client().get_experiment_by_name("tests").experiment_id
    (run,) = client().search_runs([experiment])
    assert run.data.tags["drift"].startswith("No drift")
    assert run.data.tags["router"] == "small/1"
    assert run.info.run_name == "drift small/1"
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name.endswith(": drift")
    assert run.data.metrics["drift/columns_drifted"] == 0
    paths = {Path(file.path).name for file in client().list_artifacts(run.info.run_id, "drift")}
    assert paths == {"drift.html", "metrics.json"}
