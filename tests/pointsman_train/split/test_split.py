from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.split import SplitConfig, fold_of, split


def ids(n):
    return [f"q{i}" for i in range(n)]


@pytest.mark.parametrize(
    ("n", "test", "calibration", "expected"),
    [
        (10, 0.2, 0.1, (7, 1, 2)),
        (360, 0.2, 0.1, (252, 36, 72)),
        (100, 0.3, 0.3, (40, 30, 30)),
        (1000, 0.1, 0.7, (200, 700, 100)),
    ],
)
def test_single_prompts_are_split_in_the_exact_shares(n, test, calibration, expected):
    parts = split(ids(n), np.arange(n), SplitConfig(calibration=calibration, test=test))
    assert tuple(parts.counts().values()) == expected
    assert parts.rows("train", "calibration").sum() == n - expected[2]
    assert not (parts.rows("test") & parts.rows("train")).any()


@given(st.lists(st.integers(0, 30), min_size=40, max_size=120), st.integers(0, 5))
def test_a_group_is_never_in_two_parts(group, seed):
    _, group = np.unique(group, return_inverse=True)
    try:
        parts = split(ids(len(group)), group, SplitConfig(seed=seed))
    except LabelError:
        return
    for number in range(group.max() + 1):
        assert len(set(parts.part[group == number])) == 1


def test_shares_are_of_prompts_within_a_group_of_the_wanted():
    group = np.repeat(np.arange(200), np.random.default_rng(0).integers(1, 9, 200))
    for seed in range(5):
        counts = split(ids(len(group)), group, SplitConfig(seed=seed)).counts()
        assert counts["test"] == pytest.approx(0.2 * len(group), abs=8)
        assert counts["calibration"] == pytest.approx(0.1 * len(group), abs=16)


def test_the_draw_is_seeded():
    one, again, other = (split(ids(50), np.arange(50), SplitConfig(seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.part, again.part)
    assert one.fingerprint == again.fingerprint
    assert (one.part != other.part).any()
    assert one.fingerprint != other.fingerprint


def test_the_fingerprint_is_of_ids_and_parts():
    one = split(ids(50), np.arange(50), SplitConfig())
    assert re.fullmatch("[0-9a-f]{64}", one.fingerprint)
    renamed = split(["other", *ids(50)[1:]], np.arange(50), SplitConfig())
    assert one.fingerprint != renamed.fingerprint


def test_a_prompt_keeps_its_part_when_others_come_and_go():
    before = split(ids(1_000), np.arange(1_000), SplitConfig())
    fewer = np.random.default_rng(0).permutation(1_000)[:900]
    after = split([f"q{i}" for i in sorted(fewer)], np.arange(900), SplitConfig())
    moved = before.part[np.sort(fewer)] != after.part
    # What is left of a part stays there; only the edges between parts move with the shares.
    assert moved.sum() <= 25
    in_test = before.part[np.sort(fewer)] == 2
    assert (after.part[in_test] != 2).sum() <= 10


def test_a_group_is_drawn_by_the_first_of_its_ids():
    group = np.repeat(np.arange(100), 2)
    whole = split(ids(200), group, SplitConfig())
    order = np.random.default_rng(0).permutation(200)
    mixed = split([ids(200)[i] for i in order], group[order], SplitConfig())
    np.testing.assert_array_equal(whole.part[order], mixed.part)


def test_too_few_groups_leave_a_part_empty_and_that_is_an_error():
    expected = r"^9 prompts in 2 groups of near-duplicates are too few: no prompt is left for \['calibration'\]; "
    with pytest.raises(LabelError, match=expected):
        split(ids(9), np.array([0] * 4 + [1] * 5), SplitConfig())
    expected = (
        r"^3 prompts in 1 groups of near-duplicates are too few: no prompt is left for \['train', 'calibration'\]; "
    )
    with pytest.raises(LabelError, match=expected):
        split(ids(3), np.array([0, 0, 0]), SplitConfig())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test": 0.0}, "split.calibration and split.test must be above 0 and together below 1, got 0.1 and 0.0"),
        ({"calibration": -0.1}, "split.calibration and split.test must be above 0 and together below 1, got -0.1"),
        ({"test": 0.9}, "split.calibration and split.test must be above 0 and together below 1, got 0.1 and 0.9"),
        ({"folds": 1}, "split.folds must be at least 2, got 1"),
    ],
)
def test_a_setting_out_of_range_is_named(settings, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        split(ids(9), np.arange(9), SplitConfig(**settings))


def test_folds_hold_whole_groups_and_about_as_many_of_them():
    group = np.repeat(np.arange(0, 46, 2), 3)  # 23 groups, numbered with gaps
    fold = fold_of(group, 5, np.random.default_rng(0))
    assert [len(set(group[fold == k])) for k in range(5)] == [5, 5, 5, 4, 4]
    assert all(len(set(fold[group == number])) == 1 for number in group)


def test_folds_are_those_of_the_generator():
    one, again, other = (fold_of(np.arange(40), 4, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_fewer_groups_than_folds_cannot_be_dealt():
    expected = "2 groups of prompts cannot be dealt into 3 folds; give more prompts"
    with pytest.raises(LabelError, match=expected):
        fold_of(np.array([7, 7, 9]), 3, np.random.default_rng(0))


def test_a_real_split_keeps_every_group_whole(trained):
    parts = trained.result.prepared.split
    pairs = set(zip(parts.group.tolist(), parts.part.tolist(), strict=True))
    assert len(pairs) == len(set(parts.group.tolist()))
