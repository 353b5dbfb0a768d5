"""Promotion in a real registry, which the tests of this module share; each has an alias of its own."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pointsman_train import champion
from pointsman_train.champion import compare_routers, first_champion, refuse_failed
from pointsman_train.comparison import CompareConfig
from pointsman_train.errors import PromotionError, TrackingError
from pointsman_train.evaluate.gate import failed
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.judge import JudgeConfig, judge_router
from pointsman_train.registry import Registry, Version
from pointsman_train.tracking import TrackingConfig, tracked_run


@dataclass
class Bench:
    """A registry with three versions of the model "small": a router, its twin and a stingy one."""

    store: TrackingConfig
    client: Any
    runs: list[str]
    unregistered: str
    empty: str

    @property
    def registry(self) -> Registry:
        import mlflow

        return Registry(mlflow)

    def holder(self, alias: str) -> str:
        return str(self.client.get_registered_model("small").aliases[alias])


@pytest.fixture(scope="module")
def bench(shared_store, trained, changed, tmp_path_factory):
    from mlflow import MlflowClient

    def stingy(manifest):
        manifest["operating_points"]["balanced"]["lam"] = 0.8

    folder = tmp_path_factory.mktemp("bundles")
    worse = changed(trained.bundle, folder / "stingy", stingy)
    runs = []
    for bundle in (trained.bundle, trained.bundle, worse):
        with tracked_run(shared_store) as run:
            run.register(bundle, {})
        runs.append(run.run_id)
    with tracked_run(replace(shared_store, registered_model=None)) as alone:
        alone.register(trained.bundle, {})
    with tracked_run(shared_store) as empty:
        pass
    return Bench(shared_store, MlflowClient(shared_store.uri), runs, alone.run_id, empty.run_id)


@pytest.fixture
def config(bench, unseen):
    def make(alias, candidate="models:/small/2", **settings) -> CompareConfig:
        given = {"baseline": f"models:/small@{alias}", "candidate": candidate, "alias": alias, "dataset": unseen}
        given |= {"promote": True, "evaluate": EvaluateConfig(resamples=40), "tracking": bench.store}
        return CompareConfig(**given | settings)

    return make


@pytest.fixture
def idle(monkeypatch):
    """Fail where anything is judged."""
    monkeypatch.setattr(champion, "compare_found", lambda *_: pytest.fail("the work began"))


def test_the_first_champion_is_set_once(bench, config):
    settings = config("first", "models:/small/1", baseline="none", dataset=None)
    assert first_champion(settings) == Version("small", "1")
    assert bench.holder("first") == "1"
    expected = r"^version 1 of 'small' is first already; compare with it: baseline=models:/small@first$"
    with pytest.raises(PromotionError, match=expected):
        first_champion(replace(settings, candidate="models:/small/2"))
    assert bench.holder("first") == "1"


def test_an_identical_candidate_takes_the_alias(bench, config, tmp_path):
    bench.client.set_registered_model_alias("small", "twin", "1")
    settings = config("twin")
    found = compare_routers(settings, tmp_path / "run")
    refuse_failed(settings, found)
    assert found.baseline.version == Version("small", "1")
    assert found.promoted == Version("small", "2")
    assert bench.holder("twin") == "2"
    written = json.loads((tmp_path / "run" / "comparison.json").read_text())
    assert written["gate"]["promoted"] == "models:/small/2"
    assert written["baseline"] == {"router": "small/1", "reference": "models:/small@twin", "version": "models:/small/1"}
    (run,) = bench.client.search_runs(["1"], order_by=["attributes.start_time DESC"], max_results=1)
    assert {run.data.tags[name] for name in ("gate", "promoted")} == {"holds", "models:/small/2"}
    assert run.data.metrics["difference/boundary_accuracy"] == 0.0
    (judged_on,) = run.inputs.dataset_inputs
    assert judged_on.dataset.digest == found.data.fingerprint[:36]
    assert {file.path for file in bench.client.list_artifacts(run.info.run_id, "compare")} == {
        "compare/comparison.html",
        "compare/comparison.json",
        "compare/comparison.md",
    }


def test_a_cheaper_candidate_that_is_worse_on_boundary_prompts_does_not(bench, config, tmp_path):
    bench.client.set_registered_model_alias("small", "held", "1")
    settings = config("held", f"runs:/{bench.runs[2]}/router")
    found = compare_routers(settings, tmp_path / "run")
    assert found.candidate.version == Version("small", "3")
    assert (found.promoted, bench.holder("held")) == (None, "1")
    rows = {row.metric: row for row in found.rows}
    assert (rows["cost_usd"].verdict, rows["boundary_accuracy"].verdict) == ("better", "worse")
    with pytest.raises(PromotionError, match=r"^held stays small/1 \(models:/small@held, models:/small/1\): 4 of 5 "):
        refuse_failed(settings, found)
    (run,) = bench.client.search_runs(["1"], order_by=["attributes.start_time DESC"], max_results=1)
    assert run.info.status == "FINISHED"
    assert run.data.tags["gate"] == "failed: boundary, boundary_shown, under_routing, under_routing_shown"


def test_without_promote_nothing_moves(bench, config, tmp_path):
    bench.client.set_registered_model_alias("small", "calm", "1")
    found = compare_routers(config("calm", f"runs:/{bench.runs[1]}", promote=False), tmp_path / "run")
    assert (found.promoted, bench.holder("calm")) == (None, "1")


def test_on_prompts_that_either_was_trained_on_nothing_is_promoted(bench, config, fleet, tmp_path):
    bench.client.set_registered_model_alias("small", "known", "1")
    settings = config("known", dataset=fleet)
    found = compare_routers(settings, tmp_path / "run")
    assert failed(found.checks) == ()
    assert (found.promoted, bench.holder("known")) == (None, "1")
    with pytest.raises(
        PromotionError, match=r"^known stays small/1 .*: small/1 was trained on some of these prompts, so "
    ):
        refuse_failed(settings, found)


def test_a_registered_router_is_judged_by_its_name_and_the_run_has_a_name_of_its_own(bench, unseen, tmp_path):
    bench.client.set_registered_model_alias("small", "judged", "1")
    given = {"dataset": unseen, "evaluate": EvaluateConfig(resamples=40), "tracking": bench.store}
    found = judge_router(JudgeConfig(router="models:/small@judged", **given), tmp_path / "run")
    assert len(found.testset) > 100
    assert "explain.npz" not in (tmp_path / "run/report.html").read_text()
    runs = bench.client.search_runs([bench.client.get_experiment_by_name(bench.store.experiment).experiment_id])
    assert "evaluate small/1" in {run.info.run_name for run in runs}
    with pytest.raises(TrackingError, match="there is no registered model 'other'"):
        judge_router(JudgeConfig(router="models:/other/1", **given), tmp_path / "run")


def test_a_champion_that_changed_meanwhile_is_not_overtaken(bench, config, monkeypatch, tmp_path):
    bench.client.set_registered_model_alias("small", "race", "1")
    judge = champion.compare_found

    def slow(*args):
        bench.client.set_registered_model_alias("small", "race", "3")
        return judge(*args)

    monkeypatch.setattr(champion, "compare_found", slow)
    with pytest.raises(PromotionError, match="the baseline 'models:/small@race' is not the race of 'small'"):
        compare_routers(config("race"), tmp_path / "run")
    assert bench.holder("race") == "3"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"candidate": "FOLDER"},
            r"^the candidate '.*' is not one registered version, which alone can be must; pointsman-train registers "
            r"what it exports under tracking.registered_model, and "
            r"mlflow.register_model\('runs:/RUN_ID/router', 'NAME'\) what a run logged; then give "
            r"candidate=models:/NAME/VERSION$",
        ),
        ({"candidate": "runs:/UNREGISTERED"}, "^the candidate 'runs:/.*' is not one registered version"),
        (
            {"alias": "nobody", "baseline": "models:/small/1"},
            r"^no version of 'small' is nobody yet; set it with pointsman-compare baseline=none "
            r"candidate=models:/small/VERSION promote=true alias=nobody$",
        ),
        (
            {"baseline": "models:/small/3"},
            r"^the baseline 'models:/small/3' is not the must of 'small', which a candidate has to be compared with; "
            r"give baseline=models:/small@must$",
        ),
        ({"baseline": "FOLDER"}, "is not the must of 'small'"),
    ],
)
@pytest.mark.usefixtures("idle")
def test_a_promotion_that_cannot_be_is_refused_before_any_work(bench, trained, config, settings, expected, tmp_path):
    bench.client.set_registered_model_alias("small", "must", "1")
    known = {"FOLDER": str(trained.bundle), "runs:/UNREGISTERED": f"runs:/{bench.unregistered}"}
    settings = {name: known.get(value, value) for name, value in settings.items()}
    with pytest.raises(PromotionError, match=expected):
        compare_routers(config(**{"alias": "must"} | settings), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (
            "models:/small@prod",
            r"^'models:/small@prod': 'small' has no alias 'prod', expected one of \[.*'known'.*\]; set it with "
            r"pointsman-compare baseline=none candidate=models:/small/VERSION promote=true alias=prod$",
        ),
        ("models:/small@champion", r"promote=true$"),
        ("models:/other@champion", r"^there is no registered model 'other'; pointsman-train registers what it exports"),
        ("models:/other/1", r"^there is no registered model 'other'"),
        ("models:/small/9", r"^'small' has no version '9', expected one of \[1, 2, 3\]$"),
        ("models:/small", r"^'models:/small' names no router, expected models:/NAME@ALIAS, models:/NAME/VERSION, "),
        ("runs:/0123", r"^there is no 'runs:/0123/router'; give a run of pointsman-train whose stages reach export$"),
        ("runs:/EMPTY", r"^there is no 'runs:/.*/router'; give a run"),
    ],
)
def test_a_router_that_is_not_there_is_an_error_that_says_what_to_do(bench, reference, expected):
    bench.client.set_registered_model_alias("small", "known", "1")
    with pytest.raises(TrackingError, match=expected):
        bench.registry.find(reference.replace("EMPTY", bench.empty))


def test_a_router_whose_files_are_gone_is_an_error(bench, trained):
    with tracked_run(replace(bench.store, registered_model="gone")) as run:
        run.register(trained.bundle, {})
    for path in list(Path("mlruns").rglob("MLmodel")):
        if run.run_id in path.read_text():
            shutil.rmtree(path.parent)
    with pytest.raises(TrackingError, match=r"^the files of 'models:/gone/1' are not in MLflow's store; train "):
        bench.registry.find("models:/gone/1")


def test_another_kind_of_model_is_no_router(bench, tmp_path):
    import mlflow

    (tmp_path / "data.txt").write_text("")
    with tracked_run(bench.store) as run:
        mlflow.pyfunc.log_model(name="router", loader_module="json", data_path=str(tmp_path), pip_requirements=[])
    with pytest.raises(TrackingError, match="is a model, but no router of pointsman; pointsman-train registers"):
        bench.registry.find(f"runs:/{run.run_id}")


def test_without_tracking_mlflows_names_mean_nothing(config, tmp_path):
    expected = "^models:/ and runs:/ are names of MLflow, and nothing is tracked; give tracking.enabled=true and "
    with pytest.raises(TrackingError, match=expected):
        compare_routers(config("any", tracking=TrackingConfig(enabled=False)), tmp_path / "run")
