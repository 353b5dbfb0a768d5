"""A search by the commands that a user types, and grids in parallel."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
LIGHT = ("formulation=logistic", "train.features.embedding.dimensions=0", "evaluate.resamples=60")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "pointsman-train"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)


def dataset(fleet) -> tuple[str, ...]:
    return "dataset=outcomes", f"dataset.prompts={fleet.prompts}", f"dataset.outcomes={fleet.outcomes}"


def test_a_search_and_then_training_with_the_best(fleet, tmp_path):
    space = ("tune=empty", "+tune.space={train.rule.caution: {low: 0, high: 0.5}}")
    own = (*dataset(fleet), *LIGHT, "tracking=none")
    done = run(tmp_path, "experiment=tune", "tune.trials=2", "tune.folds=2", *space, "hydra.run.dir=runs/x", *own)
    assert done.returncode == 0, done.stderr
    [command] = re.findall(r"^train with the best: pointsman-train (.*)$", done.stdout, re.MULTILINE)
    best = ["--config-dir", "runs/x", "experiment=best", *dataset(fleet), "evaluate.resamples=60", "tracking=none"]
    assert shlex.split(command) == best
    assert (tmp_path / "runs/tune/pointsman.db").is_file()
    best = json.loads((tmp_path / "runs/x/tune.json").read_text())
    settings = best["trials"][best["best"]]["settings"]
    assert list(settings) == ["train.rule.caution"]
    # The best says that it is logistic, on words alone; only the data are named again.
    also = ("evaluate.left_out.enabled=false", "evaluate.robustness.enabled=false")
    done = run(tmp_path, *shlex.split(command), *also)
    assert done.returncode == 0, done.stderr
    router = json.loads((tmp_path / "export/routers/pointsman/1/router.json").read_text())
    assert router["operating_points"]["balanced"]["caution"] == settings["train.rule.caution"]


def test_a_wrong_name_in_the_space_is_one_sentence(tmp_path):
    done = run(tmp_path, "experiment=tune", "+tune.space={train.rule.cuation: {low: 0, high: 1}}")
    assert done.returncode == 1
    assert "pointsman-train: ConfigError: tune.space: there is no setting 'train.rule.cuation'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.slow
def test_a_wrong_word_in_a_range_is_named(tmp_path):
    done = run(tmp_path, "experiment=tune", "+tune.space={train.rule.caution: {lo: 0, high: 1}}")
    assert done.returncode == 1
    assert "Key 'lo' not in 'Span'" in done.stderr


@pytest.mark.slow
def test_a_grid_in_parallel_makes_as_many_versions_inside_one_run(fleet, tmp_path):
    """Both begin at once with a store that is not there yet, and end at once with the same next version."""
    settings = ("evaluate.left_out.enabled=false", "evaluate.robustness.enabled=false", "train.rule.caution=0.1,0.3")
    launcher = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweep.dir=sweep")
    done = run(tmp_path, "-m", *launcher, *settings, *LIGHT, *dataset(fleet))
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "export/routers/pointsman"
    routers = [json.loads((path / "router.json").read_text()) for path in folder.iterdir()]
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]
    assert sorted(router["operating_points"]["balanced"]["caution"] for router in routers) == [0.1, 0.3]
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as db:
        parents = db.execute("SELECT value FROM tags WHERE key = 'mlflow.parentRunId'").fetchall()
        assert len(parents) == 2
        assert len(set(parents)) == 1
        assert db.execute("SELECT count(*) FROM runs WHERE status = 'FINISHED'").fetchone() == (3,)


@pytest.mark.slow
def test_grids_in_parallel_begin_with_one_store(fleet, tmp_path):
    launcher = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweep.dir=sweep")
    done = run(tmp_path, "-m", *launcher, "stages=[label]", "label.all_fail=separate,drop", *dataset(fleet))
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as db:
        assert len(set(db.execute("SELECT value FROM tags WHERE key = 'mlflow.parentRunId'").fetchall())) == 1
        assert db.execute("SELECT count(*) FROM runs WHERE status = 'FINISHED'").fetchone() == (3,)
    wrong = ("label.success_threshold=5,6", "tracking=none")
    done = run(tmp_path, "-m", *launcher, "stages=[label]", *wrong, *dataset(fleet))
    assert done.returncode == 1
    assert "pointsman-train: ConfigError: label.success_threshold must be in (0, 1], got " in done.stderr
