"""What a search writes: files, tracked runs, and settings that training takes."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
import yaml
from hydra import compose, initialize_config_dir

from pointsman_train.commands import command_of
from pointsman_train.config import build, register
from pointsman_train.paths import conf_dir
from pointsman_train.pipeline import PipelineConfig, run_pipeline
from pointsman_train.train.stage import TrainConfig
from pointsman_train.tune.best import use_of, write_best
from pointsman_train.tune.names import with_settings
from pointsman_train.tune.report import tune


@pytest.fixture
def searching(fleet, quick, task, tmp_path):
    """Settings of a run that searches."""

    def make(tracking, **changes):
        config = PipelineConfig(dataset=fleet, stages=["tune"], pool=list(task.labelled.models), train=task.train)
        config.split = replace(config.split, folds=3)
        return replace(config, evaluate=task.evaluate, tracking=tracking, tune=quick(pruner="none", **changes))

    return make


def test_the_files_say_what_was_found(task, quick, tmp_path):
    (tmp_path / "run").mkdir()
    report = tune(task, quick(trials=6, pruner="none"), tmp_path / "run")
    assert [path.name for path in report.files] == [
        "tune.json",
        "tune.html",
        "best.yaml",
        "history.png",
        "importance.png",
    ]
    written = json.loads((tmp_path / "run/tune.json").read_text())
    assert len(written["trials"]) == 6
    assert set(written["importance"]) == set(quick().space)
    best = written["trials"][written["best"]]
    assert report.figures["tune/best/hull_gain"] == best["figures"]["hull_gain"]
    page = (tmp_path / "run/tune.html").read_text()
    assert "settings as they are" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "experiment=best" in report.text
    assert "its interval widened for being the best of 5" in report.text or "None of 5" in report.text
    settings = yaml.safe_load((tmp_path / "run/experiment/best.yaml").read_text())["train"]
    assert settings["rule"]["caution"] == best["settings"]["train.rule.caution"]


def test_the_best_settings_are_an_experiment_that_says_all(task, tmp_path):
    settings = {
        "train.rule.caution": 0.25,
        "train.average.of": ["pooled", "logistic"],
        "train.pooled.booster.leaves": None,
    }
    (tmp_path / ".hydra").mkdir()
    of_search = ["experiment=tune", "tune.trials=2", "+tune.space={}", "train.rule.caution=0.1", "rule=conservative"]
    given = [*of_search, "dataset=outcomes", "dataset.outcomes=[a b.parquet,c.parquet]", "pool=[x,y]"]
    (tmp_path / ".hydra" / "overrides.yaml").write_text("".join(f"- {one}\n" for one in given))
    command = f"pointsman-train --config-dir {tmp_path} experiment=best dataset=outcomes"
    assert use_of(tmp_path) == f"{command} 'dataset.outcomes=[a b.parquet,c.parquet]' 'pool=[x,y]'"
    write_best(task.train, settings, "two\nlines", tmp_path)
    register(command_of("train"))
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        found = build(compose("train", overrides=[f"hydra.searchpath=[{tmp_path}]", "experiment=best"]), PipelineConfig)
    # What the run that searched had set is in it as well: words alone.
    assert asdict(found.train) == asdict(with_settings(task.train, settings))
    assert found.train != TrainConfig()


def test_each_trial_is_a_run_inside_the_run_and_one_that_goes_on_has_all(searching, store, client, tmp_path):
    first = run_pipeline(searching(store, trials=2), tmp_path / "first")
    again = run_pipeline(searching(store, trials=3), tmp_path / "again")
    mlflow = client()

    def inside(result):
        found = mlflow.search_runs(["1"], f"tags.`mlflow.parentRunId` = '{result.run_id}'")
        return {run.info.run_name: run for run in found}

    assert set(inside(first)) == {"trial 0, the settings as they are", "trial 1"}
    assert set(inside(again)) == {"trial 0, the settings as they are", "trial 1", "trial 2"}
    one = inside(again)["trial 1"]
    assert one.info.status == "FINISHED"
    assert one.data.params["state"] == "complete"
    assert 0 <= float(one.data.params["train.rule.caution"]) <= 1
    assert {"tune/hull_gain", "tune/fold_0/hull_gain", "tune/fold_2/log_loss", "tune/seconds"} <= set(one.data.metrics)
    parent = mlflow.get_run(again.run_id)
    best = {name.removeprefix("best.") for name in parent.data.params if name.startswith("best.")}
    assert best == set(searching(store).tune.space)
    assert parent.data.metrics["tune/trials"] == 3
    files = {artifact.path for artifact in mlflow.list_artifacts(again.run_id, "tune")}
    assert files >= {"tune/tune.html", "tune/tune.json", "tune/best.yaml", "tune/history.png"}


def test_a_space_that_cannot_work_is_refused_before_anything_is_tracked(searching, store, client, tmp_path):
    from pointsman_train.errors import ConfigError
    from pointsman_train.tune.settings import Span

    with pytest.raises(ConfigError, match=r"train.pooled.booster.trees is not read"):
        run_pipeline(searching(store, space={"train.pooled.booster.trees": Span(5, 9)}), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert client().get_experiment_by_name(store.experiment) is None
