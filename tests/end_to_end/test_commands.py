"""The user's whole way, by the commands that a user types."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from pointsman_train.paths import data_dir

BIN = Path(sys.executable).parent
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("work")
    # Two trainings more for the second split, not five, and each of fewer trees.
    fewer = [f"train.{name}.booster.trees=30" for name in ("per_model", "difference")]
    fewer += ["evaluate.left_out.folds=2", "evaluate.resamples=200"]
    done = run(folder, "pointsman-train", *fewer, "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def metrics(path: Path) -> dict[str, float]:
    return json.loads((path / "metrics.json").read_text())


def test_training_on_the_embedded_data_prints_what_it_found_and_writes_all_files(trained):
    folder, printed = trained
    assert "hull_gain" in printed
    assert "under-routing" in printed
    assert {path.name for path in (folder / "export/routers/pointsman/1").iterdir()} == {
        "README.md",
        "explain.npz",
        "seen.npz",
        "router.json",
        "router.onnx",
    }
    assert {path.name for path in (folder / "run").iterdir()} >= {
        "labels.parquet",
        "data.json",
        "metrics.json",
        "plots",
        "detail",
        "report.html",
    }
    found = metrics(folder / "run")
    assert found["at_a_glance/05_left_out_gap_hull_gain"] == found["left_out_gap/hull_gain"]
    assert found["baseline/oracle/hull_gain"] == 1.0
    assert abs(found["baseline/random_mix/hull_gain"]) < 1e-9
    assert found["test/auc_macro"] > 0.6
    assert found["test/quality"] > found["baseline/cheapest/quality"]
    for name in ("test/boundary_accuracy", "test/hull_gain", "test/brier"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]


def test_what_was_tracked_is_what_was_written(trained):
    folder, _ = trained
    script = (
        "import mlflow, json; mlflow.set_tracking_uri('sqlite:///mlflow.db');"
        "runs = mlflow.search_runs(experiment_names=['pointsman'], output_format='list');"
        "run = next(one for one in runs if 'mlflow.parentRunId' not in one.data.tags);"
        "version = mlflow.MlflowClient().get_model_version('pointsman', '1');"
        "found = [run.data.metrics, run.data.tags['data.outcomes_sha256'], version.run_id == run.info.run_id];"
        "print(json.dumps(found))"
    )
    done = run(folder, "python", "-c", script, MLFLOW_DISABLE_TELEMETRY="true")
    assert done.returncode == 0, done.stderr
    tracked, fingerprint, same_run = json.loads(done.stdout.splitlines()[-1])
    written = {name: value for name, value in metrics(folder / "run").items() if value is not None}
    assert tracked == pytest.approx(written)
    assert fingerprint == json.loads((folder / "run/data.json").read_text())["outcomes_sha256"]
    assert same_run


def test_the_exported_router_routes_and_verifies(trained):
    folder, _ = trained
    done = run(folder, "pointsman", "route", "export/routers/pointsman/1", "What is 17 * 23?")
    decision = json.loads(done.stdout)
    assert decision["model"] in decision["p_success"]
    assert sum(decision["complexity"].values()) == pytest.approx(1.0)
    best = max(decision["utilities"], key=decision["utilities"].get)
    assert decision["model"] == best
    assert "match" in run(folder, "pointsman", "verify", "export/routers/pointsman/1").stdout


def test_an_exported_router_can_be_judged_on_outcomes_again(trained):
    folder, _ = trained
    done = run(
        folder,
        "pointsman-evaluate",
        "router=export/routers/pointsman/1",
        "dataset=embedded",
        "tracking=none",
        "evaluate.resamples=200",
        "hydra.run.dir=judged",
    )
    assert done.returncode == 0, done.stderr
    # Most of these prompts are the training prompts, so this is about the way, not about how good it is.
    assert metrics(folder / "judged")["test/hull_gain"] > metrics(folder / "judged")["baseline/random_mix/hull_gain"]


def test_prompts_without_outcomes_are_compared_with_those_that_the_router_was_made_from(trained):
    folder, _ = trained
    prompts = pd.read_parquet(data_dir() / "fleet" / "prompts.parquet")
    prompts.sample(300, random_state=0)[["prompt"]].to_csv(folder / "alike.csv")
    prompts[prompts.source == "arithmetic"][["prompt"]].to_csv(folder / "other.csv")
    for name, begins in (("alike", "No drift: 300 prompts"), ("other", "WARNING Drift in ")):
        done = run(
            folder,
            "pointsman-evaluate",
            "router=export/routers/pointsman/1",
            "dataset=prompts",
            f"dataset.prompts={name}.csv",
            "tracking=none",
            f"hydra.run.dir={name}",
        )
        # Drift is no error.
        assert done.returncode == 0, done.stderr
        assert f"\n{begins}" in f"\n{done.stdout}"
        assert ("columns have drifted: see " in done.stdout) == (name == "other")
        assert (folder / name / "drift.html").is_file()


def test_a_version_becomes_champion_and_another_only_when_the_gate_holds(trained):
    folder, _ = trained

    def compare(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run(folder, "pointsman-compare", "candidate=models:/pointsman/1", "promote=true", *arguments)

    settings = ("baseline=models:/pointsman@champion", "evaluate.resamples=200")
    labels = pd.read_parquet(next(folder.glob("**/labels.parquet")))
    unseen = labels.prompt_id[labels.part == "test"]
    for kind in ("prompts", "outcomes"):
        table = pd.read_parquet(data_dir() / "fleet" / f"{kind}.parquet")
        table[table.prompt_id.isin(unseen)].to_parquet(folder / f"unseen_{kind}.parquet")
    fresh = [f"dataset.{kind}=unseen_{kind}.parquet" for kind in ("prompts", "outcomes")]
    champion = (*settings, "dataset=outcomes", *fresh)
    done = compare("baseline=none")
    assert (done.returncode, done.stdout) == (0, "models:/pointsman/1 is champion now\n"), done.stderr
    done = compare(*champion, "hydra.run.dir=compared")
    assert done.returncode == 0, done.stderr
    assert "B, the candidate: pointsman/1 (models:/pointsman/1)" in done.stdout
    assert "gate holds; models:/pointsman/1 is promoted" in done.stdout
    assert json.loads((folder / "compared/comparison.json").read_text())["trained_on"] == []
    assert (folder / "compared/comparison.md").read_text().startswith("# pointsman/1 against pointsman/1\n")
    boundary = ("gate.conditions.boundary.rule=better", "gate.conditions.boundary.tolerance=0")
    done = compare(*champion, *boundary, "hydra.run.dir=refused")
    assert done.returncode == 1
    assert "champion stays pointsman/1" in done.stderr
    assert "'better' asks for a low end of above 0, which fails" in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "refused/comparison.json").is_file()


def test_labelling_alone_stops_after_the_labels(tmp_path):
    done = run(tmp_path, "pointsman-train", "stages=[label]", "tracking=none", "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run/labels.parquet").is_file()
    assert not (tmp_path / "run/metrics.json").exists()


def test_a_sweep_runs_every_job_and_its_runs_are_inside_one_run_of_mlflow(tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    done = run(
        tmp_path, "pointsman-train", "-m", "stages=[label]", "label.all_fail=separate,drop", "hydra.sweep.dir=sweep",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as store:
        tags = store.execute("SELECT key, value FROM tags").fetchall()
    parents = [value for key, value in tags if key == "mlflow.parentRunId"]
    assert (len(parents), len(set(parents))) == (2, 1)
    assert {value for key, value in tags if key == "mlflow.runName"} == {
        "sweep sweep", "label.all_fail=separate,stages=[label]", "label.all_fail=drop,stages=[label]",
    }  # fmt: skip
    counts = [json.loads((tmp_path / f"sweep/{job}/data.json").read_text())["labels"] for job in (0, 1)]
    assert counts[0]["all-fail"] > 0 == counts[1]["all-fail"]


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (["pool=[SmolLM2-135M-Instruct,Qwen2.5-Coder-0.5B]"], "did you mean 'Qwen2.5-Coder-0.5B-Instruct'"),
        (["stages=[export]"], "ConfigError: stages must be"),
        (["dataset=outcomes", "dataset.outcomes=gone.parquet"], "DataError: gone.parquet: no such file"),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence_and_writes_no_router(tmp_path, overrides, text):
    done = run(tmp_path, "pointsman-train", "tracking=none", *overrides)
    assert done.returncode == 1
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "export").exists()


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_bundle_that_loads(tmp_path, kill):
    process = subprocess.Popen(
        [str(BIN / "pointsman-train"), "tracking=none", "hydra.run.dir=run"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "run/data.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(kill)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert not list(tmp_path.glob("export/routers/*/*/router.json"))
    if kill == signal.SIGINT:
        assert b"interrupted; no router was written" in errors
        assert b"Traceback" not in errors


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the open outcome data are not beside the checkout ({SHARED.name})")
def test_llmrouter_from_its_files_to_a_router_that_beats_a_random_mix(tmp_path):
    done = run(
        tmp_path, "pointsman-train", "experiment=llmrouter", "tracking=none", "hydra.run.dir=run",
        POINTSMAN_OPEN_DATA=str(SHARED),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    data, found = json.loads((tmp_path / "run/data.json").read_text()), metrics(tmp_path / "run")
    assert data["prompts"] == 6108
    # The 119 leaked test prompts, and four more copies within the training prompts.
    assert data["groups"] == 6108 - 123
    assert data["left_out"] == {"model not in the pool": 6 * 6108}
    assert data["labels"] == {
        "gemma-2-9b-it": 3279,
        "llama-3.1-8b-instruct": 782,
        "llama-3.1-nemotron-51b-instruct": 414,
        "all-fail": 1633,
        "unknown": 0,
    }
    assert found["test/hull_gain_low"] > 0
    assert found["test/auc_macro"] > 0.76
    assert found["operating_point/balanced/cost_saving"] > 0.4
    # At most one point was asked for; on 1,222 judged prompts the interval of the loss is three points wide.
    assert found["operating_point/balanced/quality"] > found["baseline/best_single/quality"] - 0.04
