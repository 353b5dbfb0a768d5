"""MLflow itself, in a folder of the test's own. Its import takes seconds, so there are few runs here."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time

import pytest

from pointsman import Router
from pointsman_train.errors import TrackingError
from pointsman_train.pipeline import run_pipeline
from pointsman_train.sweep import Sweep
from pointsman_train.tracking import RegisteredRouter, TrackingConfig, Untracked, flatten, tracked_run


@pytest.fixture
def closed_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def test_nested_settings_are_flattened_with_dots():
    nested = {"a": {"b": {"c": 1}, "d": [1, 2]}, "e": None, "f": {}}
    assert flatten(nested) == {"a.b.c": 1, "a.d": [1, 2], "e": None}


def test_without_tracking_nothing_happens_and_mlflow_is_not_imported(trained, environment, tmp_path):
    code = (
        "import sys\n"
        "from pointsman_train.tracking import TrackingConfig, tracked_run\n"
        "with tracked_run(TrackingConfig(enabled=False)) as run:\n"
        "    run.params({'a': 1}); run.metrics({'b': 1.0}); run.tags({}); run.artifacts([], 'x')\n"
        "    run.inputs([]); run.child('x', {}, {})\n"
        "    print(run.run_id, run.register(None, {}), 'mlflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "None None False\n", done.stderr
    assert list(tmp_path.iterdir()) == []
    assert trained.result.run_id is None
    assert Untracked().run_id is None


def test_a_run_of_all_stages_is_tracked_and_its_router_can_be_loaded_by_alias(quick, trained, store, client, tmp_path):
    from mlflow.pyfunc import load_model

    config = quick(tmp_path / "routers", tracking=store, evaluate=trained.config.evaluate)
    result = run_pipeline(config, tmp_path / "run")
    mlflow = client()
    run = mlflow.get_run(result.run_id)
    assert run.info.status == "FINISHED"
    # Settings, flattened; figures as in metrics.json, the undefined left out; fingerprints.
    assert run.data.params["train.pooled.booster.trees"] == "20"
    assert run.data.params["label.all_fail"] == "separate"
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())
    known = {re.sub(r"[^/\w.\- :]", "_", name): value for name, value in figures.items() if value is not None}
    assert run.data.metrics == pytest.approx(known)
    assert run.data.tags["data.split_sha256"] == result.prepared.split.fingerprint
    assert run.data.tags["data.outcomes_sha256"] == result.prepared.labelled.outcomes.fingerprint
    plots = {artifact.path for artifact in mlflow.list_artifacts(result.run_id, "plots")}
    assert plots == {"plots/cost_quality.png", "plots/reliability.png", "plots/labels.png"}
    assert json.loads((result.bundle / "router.json").read_text())["mlflow_run_id"] == result.run_id

    version = mlflow.get_model_version("small", "1")
    assert set(version.tags) >= {"hull_gain", "boundary_accuracy", "cs90"}
    # Each number with its interval, and the same in the run, numbered for the compare view.
    assert re.fullmatch(r"\d\.\d{3} \[\d\.\d{3}, \d\.\d{3}\]", version.tags["boundary_accuracy"])
    assert run.data.tags["at_a_glance.01_boundary_accuracy"] == version.tags["boundary_accuracy"]
    assert run.info.run_name == "small 1"
    assert {artifact.path for artifact in mlflow.list_artifacts(result.run_id)} >= {
        "card", "data", "detail", "evaluate", "plots", "report",
    }  # fmt: skip
    inputs = {each.tags[0].value: each for each in run.inputs.dataset_inputs}
    assert sorted(inputs) == ["evaluation", "training"]
    fingerprint = result.prepared.labelled.outcomes.fingerprint
    for each in inputs.values():
        assert each.dataset.digest == fingerprint[:36]
        assert fingerprint in {tag.value for tag in each.tags}
        assert json.loads(each.dataset.source)["uri"] == config.dataset.outcomes
    # A run inside the run for each fold of sources that were left out, with the same names.
    children = mlflow.search_runs(["1"], f"tags.`mlflow.parentRunId` = '{result.run_id}'")
    assert {child.info.run_name for child in children} == {
        f"without {fold.name}" for fold in result.detail.left_out.folds
    }
    for child in children:
        assert child.info.status == "FINISHED"
        assert set(child.data.metrics) <= set(known)
    mlflow.set_registered_model_alias("small", "champion", "1")
    model = load_model("models:/small@champion")
    prompts = ["What is 17 * 23?", "Name a colour."]
    router = Router.load(trained.bundle)
    assert [d["model"] for d in model.predict(prompts)] == [d.model for d in router.route_many(prompts)]
    found = model.predict(prompts, params={"operating_point": "half_cost"})
    assert [d["operating_point"] for d in found] == ["half_cost", "half_cost"]

    files = [path for path in (tmp_path / "mlruns").rglob("*") if path.is_file()]
    assert {"router.onnx", "router.json", "MLmodel"} <= {path.name for path in files}
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".joblib", ".cloudpickle")]
    assert not [path for path in files if path.read_bytes()[:2] in (b"\x80\x04", b"\x80\x05")]


def test_the_runs_of_a_sweep_are_children_of_one_run(store, client):
    for folder, changes in (("runs/a", "x=1"), ("runs/a", "x=2"), ("runs/b's", "x=1"), ("runs/b's", "")):
        with tracked_run(store, Sweep(folder, changes)) as run:
            run.metrics({"test/a": 0.5})
    mlflow = client()
    runs = mlflow.search_runs(["1"])
    parents = {run.info.run_id: run for run in runs if "mlflow.parentRunId" not in run.data.tags}
    assert {run.info.run_name for run in parents.values()} == {"sweep a", "sweep bs"}
    children = {
        (parents[run.data.tags["mlflow.parentRunId"]].info.run_name, run.info.run_name)
        for run in runs
        if run.info.run_id not in parents
    }
    assert children == {("sweep a", "x=1"), ("sweep a", "x=2"), ("sweep bs", "x=1"), ("sweep bs", "as it is")}
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_odd_names_long_values_and_undefined_figures_do_no_harm(store, client):
    with tracked_run(store) as run:
        run.params({"pool": ["model"] * 1_000, "points": {"half (cost)": 1}})
        run.metrics({"test/a": 0.5, "test/b": float("nan"), "test/c": float("inf")})
        run.tags({"data.left_out.cost is unknown (kept)": "3", "data.labels.org/model@2+x": "1"})
    data = client().get_run(run.run_id).data
    assert data.metrics == {"test/a": 0.5}
    assert data.params["points.half _cost_"] == "1"
    assert len(data.params["pool"]) == 6_000
    assert data.tags["data.left_out.cost is unknown _kept_"] == "3"
    assert data.tags["data.labels.org/model_2_x"] == "1"


def test_a_run_whose_work_raises_is_marked_as_failed(store, client):
    with pytest.raises(KeyError, match="work"), tracked_run(store) as run:  # noqa: PT012
        run.metrics({"a": 1.0})
        raise KeyError("work")
    assert client().get_run(run.run_id).info.status == "FAILED"
    with tracked_run(store) as following:
        pass
    assert client().get_run(following.run_id).info.status == "FINISHED"


def test_without_a_registered_model_the_bundle_is_logged_alone(store, client, trained):
    store.registered_model = None
    with tracked_run(store) as run:
        assert run.register(trained.bundle, {}) is None
    assert client().search_registered_models() == []


def test_a_server_that_is_not_there_is_an_error_within_seconds(closed_port, monkeypatch, store):
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    uri = f"http://127.0.0.1:{closed_port}"
    start = time.monotonic()
    expected = rf"^MLflow at '{uri}': .*; check tracking\.uri, or set tracking\.enabled=false$"
    with pytest.raises(TrackingError, match=expected), tracked_run(TrackingConfig(uri=uri)):
        pytest.fail("the work began")
    # Pauses of 4 s between three tries; MLflow's own seven retries would take four minutes.
    assert time.monotonic() - start < 20
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


@pytest.mark.parametrize("uri", ["sqlite:///{}/file/mlflow.db", "gopher://x", "nonsense://"])
def test_a_store_that_cannot_be_opened_is_an_error(uri, store, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    config = TrackingConfig(uri=uri.format(tmp_path))
    with pytest.raises(TrackingError, match=r"check tracking.uri, or set tracking.enabled=false"), tracked_run(config):
        pytest.fail("the work began")


def test_a_registered_router_decides_as_the_router(router):
    registered = RegisteredRouter(router)
    prompts = ["What is 17 * 23?", "a\x00"]
    assert registered.predict(prompts) == [d.to_dict() for d in router.route_many(prompts)]
    half = registered.predict(prompts, params={"operating_point": "half_cost"})
    assert half == [d.to_dict() for d in router.route_many(prompts, operating_point="half_cost")]
