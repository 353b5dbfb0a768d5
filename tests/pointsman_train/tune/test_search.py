"""Searches on real outcomes and with optuna's own store; each trial takes a fraction of a second."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.train.stage import TrainConfig
from pointsman_train.tune import store
from pointsman_train.tune.bench import Bench
from pointsman_train.tune.search import search
from pointsman_train.tune.settings import Span
from pointsman_train.tune.trials import COMPLETE, FAILED, STOPPED


def told(found):
    """All that was found of each trial but how long it took."""
    return [
        (one.number, one.settings, one.state, one.note, one.folds, one.sought.tolist(), one.figures)
        for one in found.trials
    ]


def test_the_settings_as_they_are_come_first_and_every_trial_has_its_figures(task, quick):
    found = search(task, quick(pruner="none"))
    assert [one.number for one in found.trials] == [0, 1, 2, 3]
    assert [one.default for one in found.trials] == [True, False, False, False]
    assert found.default.settings == {
        "train.rule.caution": 0.2,
        "train.complexity.booster.lambda_l2": 5.0,
        "train.complexity.booster.trees": 3,
    }
    for one in found.trials:
        assert one.state == COMPLETE
        assert len(one.folds) == 3
        assert one.sought[0] == one.figures["hull_gain"]
        assert len(one.sought) == 61
    assert len({one.sought[0] for one in found.trials}) == 4
    training = task.training & ~np.isnan(task.labelled.success).any(axis=1) & (task.labelled.label >= 0)
    assert found.prompts == int(training.sum())


def test_the_test_part_is_never_read(task, quick):
    """What is known of the test prompts is destroyed, in a copy, and nothing changes by a bit."""
    test, labelled = task.split.rows("test"), task.labelled
    rng = np.random.default_rng(0)
    outcomes = labelled.outcomes

    def spoilt(table, value):
        return np.where(test[:, None] if table.ndim == 2 else test, value, table)

    spoilt_outcomes = replace(
        outcomes,
        prompt=[
            f"spoilt {k}" if out else text for k, (text, out) in enumerate(zip(outcomes.prompt, test, strict=True))
        ],
        source=["spoilt" if out else name for name, out in zip(outcomes.source, test, strict=True)],
        score=spoilt(outcomes.score, rng.random(outcomes.score.shape)),
        cost_usd=spoilt(outcomes.cost_usd, 1e6),
        trials=spoilt(outcomes.trials, 7),
    )
    other = replace(
        labelled, outcomes=spoilt_outcomes, success=spoilt(labelled.success, np.nan), label=spoilt(labelled.label, -1)
    )
    before = search(task, quick(trials=3, name="before"))
    after = search(replace(task, labelled=other), quick(trials=3, name="after"))
    assert told(before) == told(after)
    # Not even the fingerprint: the study of the one goes on with the other.
    assert told(search(replace(task, labelled=other), quick(trials=3, name="before"))) == told(before)


def test_a_change_of_one_training_outcome_is_noticed(task, quick):
    config = quick(trials=2)
    search(task, config)
    success = task.labelled.success.copy()
    row = int(np.flatnonzero(task.training)[0])
    success[row] = 1 - success[row]
    with pytest.raises(ConfigError, match="training prompts and outcomes was"):
        search(replace(task, labelled=replace(task.labelled, success=success)), config)


def test_a_study_goes_on_where_it_stopped_as_if_it_had_not(task, quick, monkeypatch):
    part = search(task, quick(name="parts", trials=2))
    judged = []
    judge = Bench.judge
    monkeypatch.setattr(Bench, "judge", lambda self, k, train: judged.append(k) or judge(self, k, train))
    whole = search(task, quick(name="parts", trials=3))
    assert told(whole)[:2] == told(part)
    # Three folds, or fewer where it was stopped, of the one that was left.
    assert len(judged) <= 3
    assert told(search(task, quick(name="whole", trials=3))) == told(whole)


def test_a_study_that_is_finished_is_read_and_no_more(task, quick, monkeypatch):
    first = search(task, quick())
    monkeypatch.setattr(Bench, "judge", lambda *_: pytest.fail("judged again"))
    assert told(search(task, quick())) == told(first)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"metric": "log_loss"}, 'tune.metric was "hull_gain", is "log_loss"'),
        ({"folds": 4}, "tune.folds was 3, is 4"),
        ({"seed": 1}, "tune.seed was 0, is 1"),
        (
            {"space": {"train.rule.caution": Span(0.0, 0.5)}},
            r"tune.space.train.complexity.booster.lambda_l2.high was 100.0, is null",
        ),
    ],
)
def test_a_study_that_was_begun_with_something_else_is_refused(task, quick, change, text):
    config = quick(trials=2)
    search(task, config)
    with pytest.raises(ConfigError, match=rf"small.db was begun with something else.*{text}.*tune.name=NAME"):
        search(task, replace(config, **change))
    train = replace(task.train, seed=3)
    with pytest.raises(ConfigError, match=r"train\.seed was 0, is 3"):
        search(replace(task, train=train), config)


def test_a_file_that_is_no_study_is_refused(task, quick):
    config = quick()
    Path(config.folder).mkdir()
    (Path(config.folder) / "small.db").write_text("not a database, and long enough to be told from an empty one" * 9)
    with pytest.raises(ConfigError, match=r"small.db cannot be used as a study .* give another tune.folder"):
        search(task, config)


def test_settings_that_cannot_be_trained_fail_alone_with_their_reason(task, quick, monkeypatch):
    judge = Bench.judge

    def picky(self, k, train):
        if train.rule.caution != 0.2:
            raise LabelError("not with this caution")
        return judge(self, k, train)

    monkeypatch.setattr(Bench, "judge", picky)
    found = search(task, quick(trials=3))
    assert [one.state for one in found.trials] == [COMPLETE, FAILED, FAILED]
    assert found.trials[1].note == "LabelError: not with this caution"
    assert found.best.default


def test_settings_as_they_are_that_cannot_be_trained_end_the_search(task, quick, monkeypatch):
    def refuse(*_):
        raise LabelError("too few")

    monkeypatch.setattr(Bench, "judge", refuse)
    with pytest.raises(LabelError, match="too few"):
        search(task, quick())


def test_a_trial_that_is_worse_fold_by_fold_is_stopped(task, quick):
    # By the length and kind of a prompt alone, ranking is worse in every fold than by its words.
    space = {"train.formulation": Span(choices=["logistic", "cohort"])}
    found = search(task, quick(metric="auc_macro", folds=5, space=space))
    stopped = [one for one in found.trials if one.state == STOPPED and one.note.startswith("worse")]
    assert stopped
    assert all(len(one.folds) < 5 for one in stopped)
    assert found.best.default


def test_the_same_settings_are_not_judged_twice(task, quick):
    space = {"train.rule.caution": Span(choices=[0.1, 0.2])}
    found = search(task, quick(space=space, trials=6, pruner="none"))
    assert sum(one.state == COMPLETE for one in found.trials) <= 2
    assert all("again" in one.note for one in found.trials if one.state != COMPLETE)


def test_the_featurizer_is_fitted_once_a_fold_while_its_settings_are_the_same(task, quick, monkeypatch):
    from pointsman_train.study import crossfit

    fits = []
    fit = crossfit.fit_featurizer
    monkeypatch.setattr(crossfit, "fit_featurizer", lambda *given: fits.append(1) or fit(*given))
    search(task, quick(space={"train.rule.caution": Span(0.0, 1.0)}, pruner="none"))
    assert len(fits) == 3


def test_the_time_limit_keeps_what_there_is(task, quick):
    with pytest.raises(ConfigError, match=r"nothing to compare with; give it more time, and the same command goes on"):
        search(task, quick(timeout=1e-9))
    first = search(task, quick(trials=2))
    assert told(search(task, quick(trials=99, timeout=1e-9))) == told(first)


def test_a_metric_that_is_undefined_is_said_with_another(task, quick, monkeypatch):
    from pointsman_train.tune import bench

    real = bench.headline
    monkeypatch.setattr(bench, "headline", lambda *given: real(*given) | {"hull_gain": np.full(61, np.nan)})
    with pytest.raises(ConfigError, match=r"hull_gain is undefined on these .* set tune.metric=log_loss"):
        search(task, quick())


def test_without_optuna_the_install_line_is_said(task, quick, monkeypatch):
    monkeypatch.setattr(store, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'not installed: pip install "pointsman\[tune\]"'):
        search(task, quick())


def test_optuna_is_imported_inside_functions_alone():
    for path in Path(store.__file__).parents[1].rglob("*.py"):
        top = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = [name.name for node in top for name in node.names] + [getattr(node, "module", "") for node in top]
        assert not [name for name in names if (name or "").startswith("optuna")], path
        assert "import optuna" not in path.read_text() or path.parent.name == "tune", path


def test_a_hold_out_for_calibration_is_refused_with_what_to_set(task, quick):
    train = TrainConfig()
    train.calibration.fit_on = "holdout"
    with pytest.raises(ConfigError, match=r"a search .* train\.calibration\.fit_on=out_of_fold"):
        search(replace(task, train=train), quick())


KILLED = """
import sys, time
from pathlib import Path
from pointsman_train.tune import store
store.HEARTBEAT, store.GRACE = 1, 12
from pointsman_train.tune.bench import Bench
sys.path.insert(0, sys.argv[1])
from conftest import light
from pointsman_train.datasets import LongConfig, load
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.label import LabelConfig, label
from pointsman_train.split import GroupConfig, SplitConfig, group_near_duplicates, split
from pointsman_train.study.task import Task
from pointsman_train.tune.search import search
from pointsman_train.tune.settings import Span, TuneConfig

prompts, outcomes, folder, marker = sys.argv[2:6]
pool = sys.argv[6:]
labelled = label(load(LongConfig(outcomes=outcomes, prompts=prompts), pool, None), LabelConfig())
group = group_near_duplicates(labelled.outcomes.prompt, GroupConfig())
parts = split(labelled.outcomes.prompt_id, group, SplitConfig())
task = Task(labelled, parts, 3, GroupConfig(), light(), EvaluateConfig(resamples=60))
judged, judge = [], Bench.judge
def slow(self, k, train):
    judged.append(k)
    if marker != "-" and len(judged) == 8:
        Path(marker).write_text("in the middle of the third trial")
        time.sleep(60)
    return judge(self, k, train)
Bench.judge = slow
space = {"train.rule.caution": Span(0.0, 1.0)}
found = search(task, TuneConfig("small", folder, trials=6, folds=3, pruner="none", space=space))
print([(one.number, one.default, one.settings["train.rule.caution"], one.sought[0]) for one in found.trials])
print(len(judged))
"""


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_and_two_processes_share_the_rest(fleet, fleet_outcomes, tmp_path, environment):
    marker, here = tmp_path / "marker", Path(__file__).parent

    def start(marker):
        arguments = [here, fleet.prompts, fleet.outcomes, tmp_path / "tune", marker, *fleet_outcomes.models]
        return subprocess.Popen(
            [sys.executable, "-c", KILLED, *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    first = start(marker)
    until = time.monotonic() + 60
    while not marker.exists() and time.monotonic() < until and first.poll() is None:
        time.sleep(0.05)
    first.kill()
    _, errors = first.communicate()
    assert marker.exists(), errors
    both = [start("-"), start("-")]
    said = []
    for process in both:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        said.append(out.splitlines())
    trials = [eval(lines[0]) for lines in said]
    # Each reads all six in the end: the first two as they were, none begun twice, one of the settings as they are.
    assert trials[0] == trials[1]
    assert len(trials[0]) == 6
    assert [number for number, *_ in trials[0]][:2] == [0, 1]
    assert [default for _, default, *_ in trials[0]] == [True, *[False] * 5]
    assert len({value for _, _, value, _ in trials[0]}) == 6
    # The killed trial is number 2; four are left, of three folds each.
    assert 2 not in [number for number, *_ in trials[0]]
    assert sum(int(lines[1]) for lines in said) == 12
