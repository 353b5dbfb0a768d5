from __future__ import annotations

import re
import time

import numpy as np
import pandas as pd
import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.paths import data_dir
from pointsman_train.split import GroupConfig, group_near_duplicates
from pointsman_train.split.groups import normalise

WORDS = [f"w{i}" for i in range(400)]


def text(first, last, *changed):
    return " ".join("other" if i in changed else word for i, word in enumerate(WORDS[first:last], first))


def groups(*prompts, similarity=0.9):
    return group_near_duplicates(prompts, GroupConfig(similarity)).tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 2+2?", "what  IS 2+2? \n"),
        ("ﬁne \uff21", "fine a"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_case_white_space_and_unicode_form_do_not_make_another_prompt(one, other):
    assert normalise(one) == normalise(other)
    assert groups(one, "Name a colour.", other) == [0, 1, 0]
    assert groups(one, "Name a colour.", other, similarity=1.0) == [0, 1, 0]


def test_one_word_of_a_long_prompt_makes_no_other_prompt_and_one_of_a_short_prompt_does():
    # 398 shingles of which 3 differ; then 1 shingle that differs.
    assert groups(text(0, 400), text(0, 400, 200)) == [0, 0]
    assert groups("What is Paris?", "What is Rome?") == [0, 1]


def test_similarity_is_the_share_of_shingles_in_common():
    # 98 shingles each; every word changed in the middle changes 3 of each: 95 / 101 and 80 / 116.
    one, near, far = text(0, 100), text(0, 100, 50), text(0, 100, 10, 20, 30, 40, 50, 60)
    assert groups(one, near, similarity=0.94) == [0, 0]
    assert groups(one, near, similarity=0.95) == [0, 1]
    assert groups(one, far, similarity=0.68) == [0, 0]
    assert groups(one, far, similarity=0.70) == [0, 1]


def test_chains_are_one_group():
    # Each is 0.9 or more like the next, the ends are not alike.
    chain = [text(0 + shift, 200 + shift) for shift in range(0, 60, 6)]
    assert groups(*chain) == [0] * 10
    assert groups(chain[0], chain[-1]) == [0, 1]
    assert groups(chain[0], chain[-1], *chain[1:-1]) == [0] * 10


def test_groups_are_numbered_by_first_appearance():
    assert groups("b", "a", "B", "c", "A") == [0, 1, 0, 2, 1]


def test_the_same_prompts_in_another_order_fall_into_the_same_groups():
    prompts = [text(i, i + 100) for i in range(0, 60, 3)] + ["x", "X", "y"]
    order = np.random.default_rng(0).permutation(len(prompts))
    one = group_near_duplicates(prompts, GroupConfig(0.8))
    other = group_near_duplicates([prompts[i] for i in order], GroupConfig(0.8))
    together = one[order][:, None] == one[order]
    np.testing.assert_array_equal(together, other[:, None] == other)


def test_prompts_without_a_word_are_told_apart_by_their_marks():
    assert groups("", " ", "?", "??", "🙂") == [0, 0, 1, 2, 3]


@pytest.mark.parametrize("similarity", [0.0, -1.0, 1.1])
def test_a_similarity_out_of_range_is_named(similarity):
    with pytest.raises(ConfigError, match=re.escape(f"group.similarity must be in (0, 1], got {similarity!r}")):
        groups("a", similarity=similarity)


def test_the_embedded_prompts_hold_few_near_duplicates():
    prompts = pd.read_parquet(data_dir() / "fleet" / "prompts.parquet").prompt.tolist()
    found = group_near_duplicates(prompts, GroupConfig())
    assert len(found) == len(prompts)
    assert found.max() + 1 > 0.9 * len(prompts)


@pytest.mark.shared
def test_every_leaked_test_prompt_of_llmrouter_is_grouped_with_its_copy_in_train(shared_data):
    table = pd.read_parquet(shared_data / "llmrouter" / "prompts.parquet")
    start = time.process_time()
    table["group"] = group_near_duplicates(table.prompt.tolist(), GroupConfig())
    # 2 s on an idle machine.
    assert time.process_time() - start < 30
    leaked = table[table.leaked_in_train.fillna(False).astype(bool) & (table.split == "test")]
    assert len(leaked) == 119
    assert leaked.group.isin(table.group[table.split == "train"]).all()


def test_many_prompts_from_one_long_template_are_one_group():
    prompts = [f"{' '.join(f'w{i}' for i in range(200))} number {i}" for i in range(200)]
    assert groups(*prompts) == [0] * 200
