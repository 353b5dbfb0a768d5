from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import LabelError
from pointsman_train.evaluate.bootstrap import resample_weights
from pointsman_train.evaluate.detail import GAPS
from pointsman_train.evaluate.figures import evaluate
from pointsman_train.evaluate.settings import LeftOutConfig
from pointsman_train.evaluate.slicing import UNKNOWN_SOURCE
from pointsman_train.split import deal_sources
from pointsman_train.study import left_out
from pointsman_train.study.left_out import PER_SOURCE, leave_sources_out


@pytest.fixture(scope="module")
def weights(trained):
    settings = trained.config.evaluate
    group = trained.result.evaluation.testset.group
    return resample_weights(group, np.random.default_rng(settings.seed), settings.resamples)


def test_every_judged_prompt_is_judged_once_by_a_router_that_saw_nothing_of_its_source(
    trained, task, weights, monkeypatch
):
    seen = []

    def spy(labelled, split, folds, config):
        seen.append(split)
        return trained.router

    monkeypatch.setattr(left_out, "train", spy)
    found = leave_sources_out(task, trained.result.evaluation, weights, LeftOutConfig(folds=3))
    source = np.array(task.labelled.outcomes.source)
    assert len(seen) == len(found.folds) == 3
    assert sorted(name for fold in found.folds for name in fold.sources) == sorted(
        set(trained.result.evaluation.testset.source)
    )
    for split, fold in zip(seen, found.folds, strict=True):
        trained_on = set(source[split.rows("train", "calibration")])
        assert trained_on == set(source[task.split.rows("train", "calibration")]) - set(fold.sources)
        groups = set(split.group[split.rows("train", "calibration")])
        assert not groups & set(split.group[split.rows("test")])
    assert found.prompts == len(trained.result.evaluation.testset) == sum(fold.prompts for fold in found.folds)


def test_of_many_training_prompts_a_draw_is_trained_on_and_that_is_said(trained, task, weights, monkeypatch):
    seen = []

    def spy(labelled, split, folds, config):
        seen.append(int(split.rows("train", "calibration").sum()))
        return trained.router

    monkeypatch.setattr(left_out, "train", spy)
    found = leave_sources_out(task, trained.result.evaluation, weights, LeftOutConfig(folds=3, most_prompts=100))
    assert all(90 <= prompts <= 100 for prompts in seen)
    assert "trained on 100 prompts, drawn from up to" in found.note


def test_a_router_that_loses_nothing_without_a_source_has_no_gap(trained, task, weights, monkeypatch):
    monkeypatch.setattr(left_out, "train", lambda *_: trained.router)
    evaluation = trained.result.evaluation
    found = leave_sources_out(task, evaluation, weights, LeftOutConfig(folds=3))
    for name, figure in found.figures.items():
        assert figure.value == pytest.approx(evaluation.figures[name].value, nan_ok=True), name
    assert [(gap.value, gap.low, gap.high) for gap in found.gap.values()] == [(pytest.approx(0, abs=1e-9),) * 3] * 3
    for figures in found.per_source.values():
        assert all(figures[f"{name}_gap"].value in (0.0,) or np.isnan(figures[name].value) for name in PER_SOURCE)


def test_the_gap_is_the_random_split_less_the_sources_left_out_paired(trained, weights):
    evaluation, found = trained.result.evaluation, trained.result.detail.left_out
    assert tuple(found.gap) == GAPS
    for name in GAPS:
        expected = evaluation.figures[name].resampled - found.figures[name].resampled
        np.testing.assert_allclose(found.gap[name].resampled, expected)
    assert found.random is evaluation.figures
    assert found.guard_share == found.figures["unfamiliar_share"]
    # The guard fires on what it has not seen, far more often than on its own traffic.
    assert found.guard_share.value > evaluation.figures["unfamiliar_share"].value


def test_a_fold_that_cannot_be_trained_is_told_and_the_others_are_judged_on_their_own_prompts(
    trained, task, weights, monkeypatch, caplog
):
    evaluation = trained.result.evaluation
    calls = []

    def fails_once(*_):
        calls.append(1)
        if len(calls) == 1:
            raise LabelError("one label only")
        return trained.router

    monkeypatch.setattr(left_out, "train", fails_once)
    found = leave_sources_out(task, evaluation, weights, LeftOutConfig(folds=3))
    assert set(found.not_measured.values()) == {"one label only"}
    assert "not left out" in caplog.text
    at = np.flatnonzero([source not in found.not_measured for source in evaluation.testset.source])
    assert found.prompts == len(at) < len(evaluation.testset)
    own = left_out.reordered(evaluation.router, at)
    expected = evaluate(evaluation.testset.take(at), own, weights[:, at])
    for name in GAPS:
        assert found.random[name] == expected[name]
    assert not set(found.per_source) & set(found.not_measured)


def test_where_no_fold_can_be_trained_the_reason_is_given(trained, task, weights, monkeypatch):
    def fails(*_):
        raise LabelError("one label only")

    monkeypatch.setattr(left_out, "train", fails)
    with pytest.raises(LabelError, match=r"^no source could be left out: one label only$"):
        leave_sources_out(task, trained.result.evaluation, weights, LeftOutConfig(folds=2))


def test_one_source_cannot_be_left_out(trained, task, weights):
    one = replace(task.labelled.outcomes, source=("a",) * len(task.labelled.label))
    alone = replace(task, labelled=replace(task.labelled, outcomes=one))
    with pytest.raises(LabelError, match=r"have 1 source\(s\), \['a'\]; leaving a source out takes two or more: name"):
        leave_sources_out(alone, trained.result.evaluation, weights, LeftOutConfig(folds=2))


def test_sources_are_dealt_by_size_one_by_one_while_there_are_few():
    few = ["a"] * 3 + ["b"] * 2 + ["c"]
    assert deal_sources(few, 5) == [("a",), ("b",), ("c",)]
    many = [name for k, name in enumerate("abcdefgh") for _ in range(k + 1)]
    folds = deal_sources(many, 3)
    sizes = [sum("abcdefgh".index(name) + 1 for name in fold) for fold in folds]
    assert sorted(sizes) == [11, 12, 13]
    assert sorted(name for fold in folds for name in fold) == list("abcdefgh")


def test_prompts_of_unknown_source_are_neither_left_out_nor_trained_on(trained, task, weights, monkeypatch):
    outcomes = task.labelled.outcomes
    unknown = np.random.default_rng(0).random(len(outcomes.source)) < 0.3
    source = ["" if lost else name for lost, name in zip(unknown, outcomes.source, strict=True)]
    apart = replace(task, labelled=replace(task.labelled, outcomes=replace(outcomes, source=source)))
    seen = []
    real = left_out.train

    def note(labelled, split, *rest):
        seen.append(split.rows("train", "calibration"))
        return real(labelled, split, *rest)

    monkeypatch.setattr(left_out, "train", note)
    found = leave_sources_out(apart, trained.result.evaluation, weights, LeftOutConfig(folds=2))
    assert len(seen) == 2
    assert not np.any(seen, axis=0)[unknown].any()
    judged = task.split.rows("test") & ~np.isnan(task.labelled.success).any(axis=1)
    assert found.prompts == int((judged & ~unknown).sum())
    assert found.not_measured == {UNKNOWN_SOURCE: "where these prompts come from is not known"}


def test_a_source_that_is_an_id_of_each_prompt_says_nothing(trained, task, weights):
    outcomes = replace(task.labelled.outcomes, source=list(task.labelled.outcomes.prompt_id))
    apart = replace(task, labelled=replace(task.labelled, outcomes=outcomes))
    with pytest.raises(LabelError, match="100% of the test prompts are of a source that no training prompt is of"):
        leave_sources_out(apart, trained.result.evaluation, weights, LeftOutConfig())
