from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import LabelError
from pointsman_train.evaluate.detailed import OFF, Subject, detail
from pointsman_train.evaluate.settings import LeftOutConfig, ProbeConfig, RobustnessConfig, WorstConfig
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.local_engine import predict

NOTHING = EvaluateConfig(
    resamples=60,
    slices=False,
    worst=WorstConfig(count=0),
    source_probe=ProbeConfig(enabled=False),
    robustness=RobustnessConfig(enabled=False),
    left_out=LeftOutConfig(enabled=False),
)


@pytest.fixture(scope="module")
def subject(trained):
    prepared = trained.result.prepared
    labelled = prepared.labelled
    rows = np.flatnonzero(prepared.split.rows("test") & ~np.isnan(labelled.success).any(axis=1)).tolist()
    prompts = [labelled.outcomes.prompt[i] for i in rows]
    return Subject(
        prompts=prompts,
        prompt_ids=[labelled.outcomes.prompt_id[i] for i in rows],
        features=predict(trained.onnx, prompts).features,
        predict=lambda texts: trained.router.judged(predict(trained.onnx, texts)),
    )


def test_each_part_can_be_switched_off_and_says_so(trained, subject):
    found = detail(trained.result.evaluation, subject, NOTHING)
    assert (found.slices, found.worst, found.probe, found.robustness, found.left_out) == ((), (), None, {}, None)
    assert dict(found.notes) == dict.fromkeys(("slices", "worst", "probe", "robustness", "left_out"), OFF)


def test_slices_are_by_rung_source_length_language_and_margin_and_hold_every_prompt(trained):
    evaluation, slices = trained.result.evaluation, trained.result.detail.slices
    held = {}
    for part in slices:
        held[part.by] = held.get(part.by, 0) + part.prompts
    assert held == dict.fromkeys(("label", "source", "length", "language", "margin"), len(evaluation.testset))


def test_what_the_slices_lose_adds_up_to_what_the_router_loses(trained):
    evaluation, slices = trained.result.evaluation, trained.result.detail.slices
    testset, default = evaluation.testset, evaluation.router.default
    # Of the score that the label's model would have had, all-fail prompts having nothing to lose.
    label = np.where(testset.solvable, testset.label, default.choice)
    best = np.take_along_axis(testset.score, label[:, None], axis=1)[:, 0]
    for by in ("label", "source", "length", "language", "margin"):
        lost = sum(part.figures["score_lost"].value * part.prompts for part in slices if part.by == by)
        expected = np.where(testset.solvable, np.maximum(best - default.take(testset.score), 0), 0).sum()
        assert lost == pytest.approx(expected), by


def test_robustness_asks_the_router_itself_and_may_look_at_some_prompts_only(trained, subject):
    asked = []

    def counted(texts):
        asked.append(list(texts))
        return subject.predict(texts)

    config = replace(NOTHING, robustness=RobustnessConfig(most_prompts=20))
    found = detail(trained.result.evaluation, replace(subject, predict=counted), config)
    assert [len(texts) for texts in asked] == [20] * 6
    assert set(asked[0]) <= set(subject.prompts)
    assert set(found.robustness) == {"case", "whitespace", "typos", "polite_prefix", "irrelevant_suffix", "all"}
    assert found.notes["robustness"] == f"on 20 of {len(subject.prompts)} test prompts, drawn"


def test_what_is_asked_under_noise_is_what_was_judged(trained, subject):
    chosen = subject.predict(subject.prompts).chosen()
    assert chosen.tolist() == trained.result.evaluation.router.default.choice.tolist()


def test_a_router_is_robust_where_noise_moves_nothing(trained, subject):
    still = replace(subject, predict=lambda texts: subject.predict(subject.prompts[: len(texts)]))
    config = replace(NOTHING, robustness=RobustnessConfig(most_prompts=30))
    found = detail(trained.result.evaluation, still, config).robustness
    assert {figure.value for figure in found.values()} == {1.0}


@pytest.mark.parametrize(("told", "warned"), [(True, True), (False, False)])
def test_a_probe_that_tells_the_source_is_warned_of(trained, subject, caplog, told, warned):
    testset = trained.result.evaluation.testset
    halves = ["a" if i % 2 else "b" for i in range(len(testset))]
    evaluation = replace(trained.result.evaluation, testset=replace(testset, source=halves))
    rng = np.random.default_rng(0)
    column = np.array([source == "a" for source in halves]) if told else rng.normal(size=len(halves))
    features = np.stack([column, rng.normal(size=len(halves))], axis=1).astype(np.float32)
    config = replace(NOTHING, source_probe=ProbeConfig())
    with caplog.at_level(logging.WARNING):
        found = detail(evaluation, replace(subject, features=features), config)
    assert found.probe.tells == told
    assert ("may have learnt the source" in caplog.text) == warned


def test_a_second_split_that_cannot_be_made_says_why_and_stops_nothing(trained, subject):
    def impossible(*_):
        raise LabelError("one source only")

    config = replace(NOTHING, left_out=LeftOutConfig())
    found = detail(trained.result.evaluation, replace(subject, leave_out=impossible), config)
    assert found.left_out is None
    assert found.notes["left_out"] == "one source only"


def test_the_resamples_are_those_of_the_evaluation(trained):
    evaluation, slices = trained.result.evaluation, trained.result.detail.slices
    (only,) = [part for part in slices if part.by == "language" and part.prompts == max(p.prompts for p in slices)]
    if only.prompts == len(evaluation.testset):
        np.testing.assert_allclose(
            only.figures["quality"].resampled, evaluation.figures["quality"].resampled, atol=1e-12
        )
    assert len(only.figures["quality"].resampled) == 61
