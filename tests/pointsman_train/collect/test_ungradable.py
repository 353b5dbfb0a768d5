"""Prompts of which no answer could be graded: told beforehand, and nobody is paid for them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pointsman_train.collect.stage import collect
from pointsman_train.errors import GraderError


def table(config) -> pd.DataFrame:
    return pd.read_parquet(config.out)


def asked(endpoint) -> set[str]:
    return set(endpoint.prompts())


def test_one_reference_that_cannot_be_asked_is_unknown_and_stops_nobody(serve, configure):
    endpoint = serve()
    prompts = pd.DataFrame(
        {"prompt_id": ["bad", "good"], "prompt": ["a", "b"], "reference": ["{}", "42"], "grader": ["choice", "exact"]}
    )
    config = configure({"m": endpoint.url}, prompts)
    assert collect(config).progress.unknown == 1
    found = table(config).set_index("prompt_id")
    assert found.error["bad"].startswith("cannot be asked: the reference is no JSON object with options and answer")
    assert found.score["good"] == 1.0
    assert asked(endpoint) == {"b"}


def test_a_grader_that_adds_options_does_not_grade_a_conversation_that_never_showed_them(serve, configure):
    reference = json.dumps({"options": ["a", "b"], "answer": "a"})
    messages = json.dumps([{"role": "user", "content": "which?"}])
    prompts = pd.DataFrame({"prompt_id": ["c"], "prompt": [messages], "reference": [reference], "grader": ["choice"]})
    endpoint = serve()
    with pytest.raises(GraderError, match="which chat messages leave no place for"):
        collect(configure({"m": endpoint.url}, prompts))
    assert not endpoint.seen


def test_prompts_without_a_reference_that_their_grader_needs_are_told_and_not_paid_for(serve, configure, caplog):
    endpoint = serve()
    references = ["42", "", "", "", "", "1/2"]
    graders = ["exact", "exact", "number", "unit_tests", "regex", "plain"]
    prompts = pd.DataFrame({"prompt_id": list("abcdef"), "prompt": list("abcdef"), "reference": references})
    plain = {"plain": {"kind": "number", "latex": False}}
    config = configure({"m": endpoint.url}, prompts.assign(grader=graders), grader_settings=plain)
    collect(config)
    assert asked(endpoint) == {"a"}
    found = table(config).set_index("prompt_id")
    assert found.error["b"].startswith("cannot be asked: the reference '' cannot be read by this grader")
    (told,) = [message for message in caplog.messages if "cannot be graded" in message]
    assert told.startswith("5 of 6 prompts of ")
    assert "prompts.default_grader=judge judge.model=NAME" in told
    rest = prompts.assign(grader=graders)[1:]
    config = configure({"m": endpoint.url}, rest, dry_run=True, grader_settings=plain)
    with pytest.raises(GraderError, match=r"^5 of 5 prompts of .* cannot be graded"):
        collect(config)
