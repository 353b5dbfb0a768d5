"""Studies, by the commands that a user types."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
QUICK = (
    "tracking=none",
    "hydra.run.dir=run",
    "evaluate.resamples=60",
    "train.per_model.booster.trees=15",
    "train.difference.booster.trees=15",
    "train.complexity.booster.trees=5",
)


def run(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "pointsman-train"), *QUICK, *overrides]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)


def dataset(fleet) -> tuple[str, ...]:
    return "dataset=outcomes", f"dataset.prompts={fleet.prompts}", f"dataset.outcomes={fleet.outcomes}"


def said(done):
    """What was printed but the log, which has the time in it."""
    return [line for line in done.stdout.splitlines() if not line.startswith("[20")]


@pytest.mark.slow
def test_a_learning_curve_of_ones_own_data(fleet, tmp_path):
    settings = ("experiment=learning_curve", "learning_curve.sizes=[100,200]", "learning_curve.repeats=1")
    done = run(tmp_path, *settings, *dataset(fleet))
    assert done.returncode == 0, done.stderr
    assert "learning curve, judged on the same " in done.stdout
    assert "the next 1,000 labels would buy" in done.stdout
    found = json.loads((tmp_path / "run/learning_curve.json").read_text())
    assert found["labels"][:2] == [100, 200]
    assert (tmp_path / "run/learning_curve.png").read_bytes().startswith(b"\x89PNG")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run/points").iterdir()}
    again = run(tmp_path, *settings, *dataset(fleet))
    assert said(again) == said(done)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run/points").iterdir()} == before


def test_a_diagnosis_of_ones_own_data(fleet, tmp_path):
    settings = ("stages=[diagnose]", "diagnose.folds=2", "diagnose.curve.sizes=[150]", "diagnose.curve.repeats=1")
    done = run(tmp_path, *settings, "diagnose.sources=2", f"diagnose.traffic={fleet.prompts}", *dataset(fleet))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("->") == 7
    page = (tmp_path / "run/diagnose.md").read_text()
    assert page.startswith("# Does routing pay?")
    checks = json.loads((tmp_path / "run/diagnose.json").read_text())["checks"]
    assert list(checks) == ["headroom", "balance", "noise", "gain", "labels", "sources", "traffic"]
    assert all(check["verdict"] in page for check in checks.values())
    assert not (tmp_path / "export").exists()
