from __future__ import annotations

import pytest

from pointsman_train.datasets import HubConfig
from pointsman_train.inputs import fresh_input, inputs_of


@pytest.fixture(scope="module")
def prepared(trained):
    return trained.result.prepared


def test_what_was_trained_on_and_what_was_judged_on_are_two_inputs_with_fingerprints(trained, prepared):
    training, judged = inputs_of(trained.config.dataset, prepared.labelled, prepared.split)
    assert (training.context, judged.context) == ("training", "evaluation")
    counts = prepared.split.counts()
    assert len(training.table) == counts["train"] + counts["calibration"]
    assert len(judged.table) == counts["test"]
    assert not set(training.table.prompt_id) & set(judged.table.prompt_id)
    assert training.fingerprint == judged.fingerprint == prepared.labelled.outcomes.fingerprint
    assert judged.tags["split_sha256"] == prepared.split.fingerprint
    assert training.source == trained.config.dataset.outcomes


def test_an_input_holds_no_text_of_a_prompt(trained, prepared):
    for each in inputs_of(trained.config.dataset, prepared.labelled, prepared.split):
        assert list(each.table)[:3] == ["prompt_id", "source", "label"]
        assert not set(each.table.to_numpy().ravel().tolist()) & set(prepared.labelled.outcomes.prompt)


def test_a_data_set_of_the_hub_is_named_by_its_owner(prepared):
    found = fresh_input(HubConfig(path="owner/name"), prepared.labelled)
    assert (found.name, found.source, found.context) == ("owner/name: evaluation", "owner/name", "evaluation")
    assert len(found.table) == len(prepared.labelled.label)
