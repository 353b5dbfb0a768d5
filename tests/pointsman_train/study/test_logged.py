"""Studies on outcomes of which a part is of a service's log."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import LabelError
from pointsman_train.evaluate.settings import LeftOutConfig
from pointsman_train.label import LabelConfig, label
from pointsman_train.split.split import Split
from pointsman_train.study import left_out, sources
from pointsman_train.study.check import Check
from pointsman_train.study.enough import refuse_too_few
from pointsman_train.study.learning_curve import subset_of
from pointsman_train.study.points import Points
from pointsman_train.study.task import Task
from pointsman_train.train import stage
from pointsman_train.tune.bench import fingerprint


@pytest.fixture(scope="module")
def served(task) -> Task:
    """Of each second prompt only a log has an outcome, of the cheapest model."""
    outcomes = task.labelled.outcomes
    score = outcomes.score.copy()
    of_log = (np.arange(len(score)) % 2 == 1) & ~np.isnan(score[:, 0])
    score[of_log, 1:] = np.nan
    logged = of_log[:, None] & ~np.isnan(score)
    found = label(replace(outcomes, score=score, logged=logged), LabelConfig(ladder=list(task.labelled.models)))
    return replace(task, labelled=found, train=replace(task.train, min_prompts=0))


@pytest.fixture
def other(served) -> Task:
    """The same with other outcomes in the log."""
    return replace(served, labelled=replace(served.labelled, logged=1 - served.labelled.logged))


def test_a_subset_of_labels_has_all_of_the_log(served):
    asked, training = served.labelled.asked, served.training
    for size in (20, 60):
        subset = subset_of(served, size, np.random.default_rng(0))
        assert int((subset & served.labelled_training).sum()) == size
        np.testing.assert_array_equal(subset & ~asked, training & ~asked)


def test_a_point_of_another_log_is_another_one(served, other, tmp_path):
    Points(tmp_path, served).get("a", lambda: {"x": np.zeros(1)})
    assert Points(tmp_path, other).get("a", lambda: {"x": np.ones(1)})["x"] == 1
    assert Points(tmp_path, served).get("a", lambda: {"x": np.ones(1)})["x"] == 0


def test_a_search_on_another_log_is_another_one(served, other):
    assert len({fingerprint(one) for one in (served, other, served)}) == 2


def test_how_many_more_prompts_it_takes_is_told_by_those_that_were_asked(served):
    few = replace(served, train=replace(served.train, min_prompts=400))
    with pytest.raises(LabelError) as refused:
        refuse_too_few(few)
    got, asked = int(served.labelled_training.sum()), int(served.labelled.asked.sum())
    assert f"(about {int(np.ceil((400 - got) / (got / asked))):,} more prompts in all" in str(refused.value)


def trained_on(monkeypatch, module, name) -> list[np.ndarray]:
    """Note what is trained on, and train nothing."""
    seen: list[np.ndarray] = []

    def note(*args):
        seen.append(args[-1] if name == "run_round" else args[1].part >= 0)
        raise LabelError("enough seen")

    monkeypatch.setattr(module, name, note)
    return seen


def test_no_prompt_of_a_log_is_trained_on_where_sources_are_left_out(served, trained, monkeypatch):
    seen = trained_on(monkeypatch, left_out, "train")
    evaluation, weights = trained.result.evaluation, np.ones((1, 1))
    with pytest.raises(LabelError, match="no source could be left out: enough seen"):
        left_out.leave_sources_out(served, evaluation, weights, LeftOutConfig(folds=2))
    trained_rows = np.any(seen, axis=0) & ~served.split.rows("test")
    assert trained_rows.sum() > 50
    assert not (trained_rows & ~served.labelled.asked).any()


def test_nor_where_a_diagnosis_leaves_them_out(served, monkeypatch):
    folds = []

    def note(labelled, group, fold, *rest):
        folds.append(fold)
        raise LabelError("enough seen")

    monkeypatch.setattr(sources, "run_round", note)
    monkeypatch.setattr(sources, "_LEAST_PROMPTS", 5)
    assert isinstance(sources.check_sources(served, 0.01, 4, None), Check)
    assert len(folds) == 4
    for fold in folds:
        assert fold.train.any()
        assert not (fold.train & ~served.labelled.asked).any()


def test_a_calibration_on_prompts_apart_reads_none_of_a_log(served, monkeypatch):
    seen = []

    def note(heads, calibrate, fitted, rows, others):
        seen.extend([rows, others])
        raise LabelError("enough seen")

    monkeypatch.setattr(stage, "fit_heads_apart", note)
    calibration = replace(served.train.calibration, fit_on="holdout")
    split = Split(served.split.part, served.split.group, "")
    with pytest.raises(LabelError, match="enough seen"):
        stage.train(served.labelled, split, 2, replace(served.train, calibration=calibration))
    for rows in seen:
        assert rows.logged is None
        assert not np.isnan(rows.targets.success).all(axis=1).any()


def test_where_features_are_learned_from_a_part_what_was_asked_keeps_its_place(served, monkeypatch):
    """Of a log as many again are drawn, however large it is."""
    drawn = []

    def note(prompts, taught, config, ground=None):
        drawn.append(taught)
        raise LabelError("enough seen")

    features = replace(served.train.features, most_prompts=40)
    with pytest.raises(LabelError, match="enough seen"):
        stage.train(served.labelled, served.split, 2, replace(served.train, features=features), featurize=note)
    [taught] = drawn
    for rows in (taught.asked, ~taught.asked):
        assert 30 <= (taught.drawn & rows).sum() <= 40 < rows.sum()
