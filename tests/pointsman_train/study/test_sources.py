from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT
from pointsman_train.study.sources import check_sources
from pointsman_train.study.traffic import check_traffic


def with_sources(task, source):
    outcomes = replace(task.labelled.outcomes, source=list(source))
    return replace(task, labelled=replace(task.labelled, outcomes=outcomes))


@pytest.fixture(scope="module")
def halves(task):
    """The prompts in two sources of about the same size."""
    return with_sources(task, ["even" if group % 2 == 0 else "odd" for group in task.split.group])


def test_each_source_is_judged_by_a_router_that_saw_nothing_of_it(halves, an_estimate):
    check = check_sources(halves, 0.02, 6, an_estimate(0.05, 0.03, 0.08))
    assert set(check.parts["quality_gain"]) == {"even", "odd"}
    complete = ~np.isnan(halves.labelled.success).any(axis=1) & (halves.labelled.label >= 0)
    assert check.figures["quality_gain"].n == complete.sum()
    assert check.parts["quality_gain"]["odd"].n == (complete & (halves.split.group % 2 == 1)).sum()
    assert "(on prompts like the training prompts: 5.0 % [3.0, 8.0])" in check.found
    # The same kind of prompts on either side: the guard fires about as often as it is set to.
    assert 0.0 < check.figures["unfamiliar_share"].value < 0.2
    # With nothing allowed, what loses anything is not safe; with everything allowed, all is.
    assert check_sources(halves, 1.0, 6, None).verdict == PAYS


def test_only_the_largest_sources_are_left_out(halves):
    named = np.array(halves.labelled.outcomes.source)
    named[:40] = "rare"
    check = check_sources(with_sources(halves, named), 0.02, 2, None)
    assert set(check.parts["quality_gain"]) == {"even", "odd"}


def test_without_sources_it_cannot_be_told(task):
    check = check_sources(with_sources(task, [""] * len(task.labelled.label)), 0.02, 6, None)
    assert check.verdict == CANNOT_TELL
    assert "dataset.columns.source" in check.advice


def test_prompts_like_the_training_prompts_are_familiar_and_others_are_not(task):
    test = task.split.rows("test")
    home = [prompt for prompt, kept in zip(task.labelled.outcomes.prompt, test, strict=True) if kept]
    like = check_traffic(task, home)
    assert like.verdict == PAYS
    assert like.figures["unfamiliar_share_traffic"] == like.figures["unfamiliar_share_test"]
    assert "No drift" in like.found
    rng = np.random.default_rng(0)
    odd = ["".join(chr(c) for c in rng.integers(0x4E00, 0x9FFF, 200)) for _ in range(60)]
    far = check_traffic(task, odd)
    assert far.verdict == WILL_NOT
    assert far.figures["unfamiliar_share_traffic"].value > 0.9
    assert "of 60 prompts of the traffic" in far.found
    assert "Drift in " in far.found


def test_a_traffic_file_needs_the_guard(task):
    off = replace(task, train=replace(task.train, guard=replace(task.train.guard, enabled=False)))
    with pytest.raises(ConfigError, match=r"there is none; set train\.guard\.enabled=true"):
        check_traffic(off, ["What is 2+2?"])
