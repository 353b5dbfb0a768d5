from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.split.split import Split
from pointsman_train.study.enough import curve_so_far, refuse_too_few
from pointsman_train.study.task import Task
from pointsman_train.train.stage import TrainConfig


def part_of(task: Task, n: int) -> Task:
    """The first n labelled prompts train, the other labelled ones are the test."""
    known = np.flatnonzero(task.labelled.label >= 0)
    part = np.full(len(task.labelled.label), -1)
    part[known] = 2
    part[known[:n]] = 0
    return replace(task, split=Split(part, task.split.group, ""))


def test_enough_labels_pass(task):
    refuse_too_few(task)
    few = part_of(task, 90)
    refuse_too_few(replace(few, train=replace(few.train, min_prompts=90)))
    refuse_too_few(replace(few, train=replace(few.train, min_prompts=0)))


def test_too_few_are_refused_with_the_curve_so_far_and_the_way_out(task):
    few = part_of(task, 90)
    with pytest.raises(LabelError) as refused:
        refuse_too_few(few)
    said = str(refused.value)
    assert said.startswith(
        "90 labelled training prompts, expected 200 or more (train.min_prompts): 110 more are needed (about "
    )
    assert said.endswith("or train on what there is with train.min_prompts=0")
    rows = re.findall(r"^ +(\d+) +(0\.\d{3}) +(\d\.\d{3}) +(0\.\d{3})$", said, re.MULTILINE)
    assert [int(size) for size, *_ in rows] == [22, 45, 90]
    assert 0.4 < float(rows[-1][1]) < 0.9, said
    assert {guess for *_, guess in rows} != {"0.000"}


def test_what_cannot_be_measured_is_said_and_does_not_hide_the_refusal(task, with_scores):
    score = np.zeros(task.labelled.success.shape)
    with pytest.raises(LabelError) as refused:
        refuse_too_few(part_of(with_scores(score), 40))
    assert "40 labelled training prompts, expected 200" in str(refused.value)
    assert str(refused.value).count("cannot be measured: the training prompts have one label only, 'all-fail'") == 3


def test_a_handful_and_none_are_refused_all_the_same(task):
    assert "cannot be dealt into 3 folds" in curve_so_far(part_of(task, 4))
    with pytest.raises(LabelError, match=r"^0 labelled training prompts(.|\n)*no labelled prompt at all"):
        refuse_too_few(part_of(task, 0))


def test_a_negative_minimum_is_refused():
    with pytest.raises(ConfigError, match=re.escape("train.min_prompts must not be negative, got -1")):
        TrainConfig(min_prompts=-1).check()
