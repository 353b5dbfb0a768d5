from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.evaluate.explain import excerpt, explain_by, unexplained
from pointsman_train.evaluate.settings import WorstConfig
from pointsman_train.evaluate.worst import worst_cases


@pytest.fixture
def asked(trained):
    """Cases of the run, with the texts and features of the judged prompts."""
    evaluation, prepared = trained.result.evaluation, trained.result.prepared
    router = evaluation.router
    cases = worst_cases(evaluation.testset, router.default, router.default_lambda, router.p_success, 4)
    labelled = prepared.labelled
    rows = np.flatnonzero(prepared.split.rows("test") & ~np.isnan(labelled.success).any(axis=1))
    prompts = [labelled.outcomes.prompt[i] for i in rows]
    return cases, prompts, trained.router.featurizer.transform(prompts)


def test_the_worst_prompts_of_a_run_are_told_with_features_and_training_prompts(trained):
    detail, prepared = trained.result.detail, trained.result.prepared
    labelled, parts = prepared.labelled, prepared.split
    where = {id_: i for i, id_ in enumerate(labelled.outcomes.prompt_id)}
    training = {excerpt(labelled.outcomes.prompt[i], 160) for i in np.flatnonzero(parts.part != 2)}
    assert detail.worst
    for one in detail.worst:
        row = where[one.prompt_id]
        assert parts.part[row] == 2
        assert labelled.label[row] == one.case.label != one.case.chosen
        assert one.excerpt == excerpt(labelled.outcomes.prompt[row], 160)
        assert one.source == labelled.outcomes.source[row]
        assert 0 < len(one.reasons) <= 5
        assert {reason.name for reason in one.reasons} <= set(trained.router.featurizer.names)
        assert len(one.neighbours) == 3
        assert {near.excerpt for near in one.neighbours} <= training
        similar = [near.similarity for near in one.neighbours]
        assert similar == sorted(similar, reverse=True)
        assert all(-1 <= near.similarity <= 1 + 1e-9 for near in one.neighbours)


def test_the_largest_loss_is_told_first(trained):
    losses = [one.case.loss for one in trained.result.detail.worst]
    assert losses == sorted(losses, reverse=True)


def test_a_training_prompt_is_its_own_nearest_neighbour(trained, asked):
    cases, _, _ = asked
    prepared = trained.result.prepared
    labelled, training = prepared.labelled, prepared.split.rows("train", "calibration")
    rows = np.flatnonzero(training)[:50].tolist()
    prompts = [labelled.outcomes.prompt[i] for i in rows]
    case = replace(cases[0], row=7)
    explain = explain_by(trained.router, labelled, training)
    found = explain([case], prompts, trained.router.featurizer.transform(prompts), WorstConfig(neighbours=1))
    ((near,),) = found.neighbours
    assert near.similarity == pytest.approx(1.0)
    assert near.excerpt == excerpt(prompts[7], 160)
    assert near.label == labelled.label[rows[7]]


def test_without_an_embedding_there_are_reasons_but_no_neighbours(trained, asked):
    prepared = trained.result.prepared
    router = replace(trained.router, featurizer=replace(trained.router.featurizer, embedding=None))
    explain = explain_by(router, prepared.labelled, prepared.split.rows("train", "calibration"))
    found = explain(*asked, WorstConfig())
    assert found.neighbours == ((),) * len(asked[0])
    assert all(found.reasons)


def test_a_bundle_explains_nothing(asked):
    found = unexplained(*asked, WorstConfig())
    assert found.reasons == found.neighbours == ((),) * len(asked[0])


@pytest.mark.parametrize(
    ("prompt", "characters", "expected"),
    [("a" * 10, 10, "a" * 10), ("a" * 11, 10, "a" * 10 + "…"), ("secret", 0, ""), (" a \n\t b ", 9, "a b")],
)
def test_an_excerpt_is_one_line_of_so_many_characters(prompt, characters, expected):
    assert excerpt(prompt, characters) == expected
