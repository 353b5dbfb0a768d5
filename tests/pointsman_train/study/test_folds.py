from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.errors import LabelError
from pointsman_train.study.folds import hold_out, k_fold, sources_left_out

GROUPS = st.lists(st.integers(0, 12), min_size=40, max_size=80).filter(lambda ids: len(set(ids)) >= 5)


@given(GROUPS, st.integers(0, 99))
def test_every_prompt_is_judged_once_and_no_group_is_on_both_sides(ids, seed):
    group = np.array(ids)
    rounds = k_fold(group, 5, np.random.default_rng(seed))
    np.testing.assert_array_equal(sum(fold.test.astype(int) for fold in rounds), np.ones(len(ids)))
    for fold in rounds:
        np.testing.assert_array_equal(fold.train, ~fold.test)
        assert not set(group[fold.train]) & set(group[fold.test])


def test_a_share_of_the_groups_is_held_out():
    group = np.repeat(np.arange(50), 2)
    (fold,) = hold_out(group, 0.2, np.random.default_rng(0))
    assert fold.test.sum() == 20
    assert not set(group[fold.train]) & set(group[fold.test])


def test_a_left_out_source_takes_its_near_duplicates_in_other_sources_out_of_training():
    source, group = ["a", "a", "b", "b", "c"], np.array([0, 1, 1, 2, 3])
    rounds = {fold.name: fold for fold in sources_left_out(source, group)}
    assert list(rounds) == ["a", "b", "c"]
    assert rounds["a"].test.tolist() == [True, True, False, False, False]
    assert rounds["a"].train.tolist() == [False, False, False, True, True]


def test_one_source_alone_cannot_be_left_out():
    with pytest.raises(LabelError, match=re.escape("1 source(s), ['a']; leaving a source out takes two")):
        sources_left_out(["a", "a"], np.array([0, 1]))
