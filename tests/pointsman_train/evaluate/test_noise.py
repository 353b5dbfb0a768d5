from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.evaluate.noise import NOISES, case, disturb, irrelevant_suffix, polite_prefix, typos, whitespace

TEXT = "Name the three largest rivers of Europe, and say where each of them ends. " * 30


def _rng(seed=0):
    return np.random.default_rng(seed)


def _distance(one, two):
    """Edits from one text to the other, a swap of neighbours counting as one."""
    rows = {0: list(range(len(two) + 1))}
    for i, a in enumerate(one, start=1):
        rows[i] = [i]
        for j, b in enumerate(two, start=1):
            best = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and (a, one[i - 2]) == (two[j - 2], b):
                best = min(best, rows[i - 2][j - 2] + 1)
            rows[i].append(best)
    return rows[len(one)][-1]


def test_the_kinds_are_those_of_the_metric_definitions():
    assert list(NOISES) == ["case", "whitespace", "typos", "polite_prefix", "irrelevant_suffix"]


def test_case_changes_letters_and_nothing_else():
    assert case("Is DNA in E. coli?", _rng()) == "is dna in e. coli?"
    assert case("is dna?", _rng()) == "IS DNA?"


def test_white_space_changes_nothing_but_white_space():
    changed = whitespace(TEXT, _rng())

    assert changed != TEXT
    assert changed.split() == TEXT.split()
    doubled = changed.count("  ") / TEXT.count(" ")
    assert 0.15 < doubled < 0.25


def test_two_letters_in_a_hundred_are_mistyped():
    letters = sum(character.isalpha() for character in TEXT)
    rates = [_distance(TEXT[:300], typos(TEXT[:300], _rng(seed))) for seed in range(30)]

    assert np.mean(rates) / sum(c.isalpha() for c in TEXT[:300]) == pytest.approx(0.02, abs=0.004)
    assert abs(len(typos(TEXT, _rng())) - len(TEXT)) < 0.02 * letters


def test_a_short_prompt_is_mistyped_once():
    for seed in range(50):
        assert _distance("aab", typos("aab", _rng(seed))) == 1


def test_what_has_no_letters_is_left_alone_by_typos_and_case():
    assert typos("2 + 2 = ?", _rng()) == "2 + 2 = ?"
    assert case("2 + 2 = ?", _rng()) == "2 + 2 = ?"


def test_the_prompt_itself_stands_unchanged_behind_a_prefix_and_before_a_suffix():
    for seed in range(10):
        before, after = polite_prefix("2+2?", _rng(seed)), irrelevant_suffix("2+2?", _rng(seed))
        assert before.endswith("2+2?")
        assert after.startswith("2+2?")
        assert min(len(before), len(after)) > 10


@given(prompts=st.lists(st.text(), max_size=5), seed=st.integers(0, 2**63 - 1))
def test_what_happens_to_a_prompt_does_not_hang_on_the_others(prompts, seed):
    for noise in NOISES.values():
        together = disturb(prompts, noise, seed)
        assert together == [disturb([prompt], noise, seed)[0] for prompt in prompts]
        assert together[::-1] == disturb(prompts[::-1], noise, seed)


def test_another_seed_is_another_noise():
    assert disturb([TEXT], typos, 1) != disturb([TEXT], typos, 2)
    assert disturb([TEXT], typos, 1) == disturb([TEXT], typos, 1)


def test_half_a_character_does_not_stop_the_noise():
    for noise in NOISES.values():
        assert len(disturb(["a \ud800"], noise, 0)) == 1
