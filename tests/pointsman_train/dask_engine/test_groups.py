from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from pointsman_train.dask_engine.buckets import buckets_of, pairs_in
from pointsman_train.dask_engine.groups import (
    BINS,
    JoinPairs,
    count_hashes,
    crossed,
    fold_by_hash,
    groups_of,
    hashes_of,
    in_bins,
    threshold,
)
from pointsman_train.dask_engine.rows import Borders
from pointsman_train.dask_engine.store import Step, write_table
from pointsman_train.errors import LabelError
from pointsman_train.split import GroupConfig, SplitConfig, group_near_duplicates, split

TEMPLATE = (
    "Please read the following passage with care and then say in one short word what the number {} stands for in it"
)


def grouped(prompts, tmp_path, similarity=0.9, parts=3):
    """Group prompts that are dealt into parts; returns the name of each one's group."""
    ids = [f"q{i:04d}" for i in range(len(prompts))]
    rows = [list(range(part, len(prompts), parts)) for part in range(parts)]
    tables = [
        buckets_of(part, [ids[i] for i in own], [prompts[i] for i in own], similarity) for part, own in enumerate(rows)
    ]
    pairs, step = Step(str(tmp_path / "pairs")), Step(str(tmp_path / "groups"))
    # All buckets of all parts: which part a bucket is in changes nothing.
    write_table(pairs.file(0), pairs_in(pa.concat_tables(tables), similarity))
    for part in range(1, parts):
        write_table(pairs.file(part), pairs_in(tables[0].slice(0, 0), similarity))
    JoinPairs(step, pairs, parts)(0)
    names = {}
    for part, own in enumerate(rows):
        names |= dict(zip(own, groups_of(step, part, [ids[i] for i in own]), strict=True))
    return [names[i] for i in range(len(prompts))]


def numbered(names):
    return [list(dict.fromkeys(names)).index(name) for name in names]


@pytest.mark.parametrize("similarity", [0.5, 0.9, 1.0])
def test_groups_are_those_of_one_machine(tmp_path, similarity, fleet_outcomes):
    prompts = [*fleet_outcomes.prompt, *(TEMPLATE.format(i) for i in range(12)), "What is 2+2?", "what is  2+2?"]
    prompts += [prompts[3].upper(), prompts[5] + " Thank you.", ""]
    expected = group_near_duplicates(prompts, GroupConfig(similarity))
    assert numbered(grouped(prompts, tmp_path, similarity)) == expected.tolist()
    assert len(set(expected.tolist())) < len(prompts)


def test_a_group_is_named_by_the_first_of_its_ids_whatever_part_they_are_in(tmp_path):
    assert grouped(["b", "a", "B", "c", "b "], tmp_path) == ["q0000", "q0001", "q0000", "q0003", "q0000"]


def test_prompts_of_one_long_template_are_compared_with_few(tmp_path):
    prompts = [TEMPLATE.format(i % 7) + "." * (i % 3) for i in range(600)]
    assert len(set(grouped(prompts, tmp_path, 0.7))) <= len(set(prompts)) // 3


@settings(max_examples=40)
@given(sizes=st.lists(st.integers(1, 9), min_size=12, max_size=80), seed=st.integers(0, 5))
def test_the_split_is_the_draw_of_one_machine(sizes, seed):
    ids = [f"p{g:03d}-{i}" for g, size in enumerate(sizes) for i in range(size)]
    group = np.repeat(np.arange(len(sizes)), sizes)
    names = [f"p{g:03d}-0" for g in group]
    config = SplitConfig(calibration=0.2, test=0.3, seed=seed)
    try:
        expected = split(ids, group, config).part.tolist()
    except LabelError:
        reject()  # a large group across both borders leaves a part empty, which one machine refuses
    hashes = hashes_of(names, seed)
    counts = count_hashes(hashes)
    shares = [round(share * len(ids), 6) for share in (config.test, config.test + config.calibration)]
    bins = [crossed(counts, share) for share in shares]
    ends = [threshold(counts, b, i, s) for b, i, s in zip(bins, in_bins(hashes, bins), shares, strict=True)]
    assert Borders(seed, *ends).part_of(names).tolist() == expected


def test_bins_beyond_the_last_group_hold_nothing():
    counts = np.zeros(BINS, np.int64)
    assert crossed(counts, 5.0) == BINS - 1
    assert threshold(counts, BINS - 1, np.array([], np.uint64), 5.0) == 2**64


def test_folds_by_hash_are_of_about_one_size_and_keep_groups_whole():
    folds = fold_by_hash([f"g{i // 2}" for i in range(6_000)], 0, 5)
    assert np.array_equal(folds[::2], folds[1::2])
    assert np.ptp(np.bincount(folds)) < 300
