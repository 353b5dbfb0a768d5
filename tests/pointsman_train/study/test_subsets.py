from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.study.subsets import nested_subsets, sizes_up_to


@given(st.lists(st.integers(0, 12), min_size=8, max_size=60), st.integers(0, 99))
def test_subsets_are_nested_made_of_whole_groups_and_just_large_enough(group, seed):
    group = np.array(group)
    mask = np.arange(len(group)) % 5 > 0
    counted = mask & (np.arange(len(group)) % 2 == 0)
    mask &= ~np.isin(group, group[~mask])
    counted &= mask
    total = int(counted.sum())
    sizes = sorted({max(1, total // 4), max(1, total // 2), total}) if total else []
    subsets = nested_subsets(mask, counted, group, sizes, np.random.default_rng(seed))
    for size, subset in zip(sizes, subsets, strict=True):
        assert (subset <= mask).all()
        assert not set(group[subset]) & set(group[mask & ~subset])
        got = int((subset & counted).sum())
        biggest = max(int((counted & (group == g)).sum()) for g in set(group[subset]))
        assert size <= got < size + biggest
    assert all((a <= b).all() for a, b in pairwise(subsets))


def test_the_same_seed_draws_the_same_prompts():
    every, group = np.ones(50, bool), np.arange(50)
    draws = [nested_subsets(every, every, group, [20], np.random.default_rng(seed))[0] for seed in (0, 0, 1)]
    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any()


@pytest.mark.parametrize(
    ("sizes", "total", "kept"),
    [([200, 400, 800], 1_000, [200, 400, 800, 1_000]), ([400, 200, 200], 480, [200, 480]), ([200], 100, [100])],
)
def test_sizes_end_with_all_there_is(sizes, total, kept):
    assert sizes_up_to(sizes, total) == kept
