from __future__ import annotations

import numpy as np

from pointsman_train.split import Split, judged_part, sample_groups

GROUP = np.repeat(np.arange(40), np.arange(40) % 3 + 1)
ALL = np.ones(len(GROUP), bool)


def test_a_draw_holds_whole_groups_and_no_more_prompts_than_asked_for():
    drawn = sample_groups(GROUP, ALL, 30, seed=0)
    assert 25 <= drawn.sum() <= 30
    assert not set(GROUP[drawn]) & set(GROUP[~drawn])


def test_a_draw_keeps_to_its_mask_and_hangs_on_the_seed():
    within = GROUP % 2 == 0
    one, again, other = (sample_groups(GROUP, within, 10, seed) for seed in (1, 1, 2))
    assert not (one & ~within).any()
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_where_there_are_no_more_all_are_taken():
    within = GROUP < 5
    np.testing.assert_array_equal(sample_groups(GROUP, within, int(within.sum()), seed=0), within)


def test_test_prompts_that_are_not_judged_are_in_no_part_and_the_others_stay():
    parts = Split(np.where(GROUP < 20, 0, 2), GROUP, "f")
    every = np.ones(len(GROUP), bool)
    judged = judged_part(parts, 15, 0, every)
    assert 10 <= judged.rows("test").sum() <= 15
    np.testing.assert_array_equal(judged.rows("train"), parts.rows("train"))
    assert judged_part(parts, 1_000, 0, every) is parts


def test_of_the_test_prompts_those_that_cannot_be_judged_take_no_place():
    parts, asked = Split(np.where(GROUP < 20, 0, 2), GROUP, "f"), GROUP % 2 == 0
    judged = judged_part(parts, 15, 0, asked).rows("test")
    assert 10 <= judged.sum() <= 15
    assert asked[judged].all()
    few = int((parts.rows("test") & asked).sum())
    assert judged_part(parts, few, 0, asked) is parts
