from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.errors import DataError
from pointsman_train.evaluate.bootstrap import paired_difference, resample_weights
from pointsman_train.evaluate.noise import NOISES
from pointsman_train.evaluate.robustness import robustness

PROMPTS = [f"What is {a} plus {b}?" for a in range(20) for b in range(10)]
WEIGHTS = resample_weights(np.arange(200), np.random.default_rng(0), 300)


def _robustness(choose, prompts=PROMPTS, weights=WEIGHTS, **settings):
    return robustness(prompts, choose, weights, np.random.default_rng(1), **settings)


def test_a_constant_choice_is_robust_against_everything():
    found = _robustness(lambda prompts: np.zeros(len(prompts), int))

    assert set(found) == {"robustness", *(f"robustness_{kind}" for kind in NOISES)}
    assert [figure.value for figure in found.values()] == [1.0] * 6


def test_a_choice_by_the_first_letters_case_changes_under_noise_of_case_alone():
    noises = {"case": NOISES["case"], "suffix": NOISES["irrelevant_suffix"]}
    found = _robustness(lambda prompts: np.array([prompt[0].isupper() for prompt in prompts]), noises=noises)

    assert {name: figure.value for name, figure in found.items()} == {
        "robustness_case": 0.0,
        "robustness_suffix": 1.0,
        "robustness": 0.5,
    }


def test_a_share_of_changed_choices_has_an_interval_that_knows_of_duplicates():
    sensitive = {prompt for k, prompt in enumerate(PROMPTS) if (k // 10) % 2}

    def choose(prompts):
        return np.array([prompt in sensitive for prompt in prompts])

    alone = _robustness(choose)["robustness_case"]
    grouped = _robustness(choose, weights=resample_weights(np.arange(200) // 10, np.random.default_rng(0), 300))

    assert alone.value == grouped["robustness_case"].value == 0.5
    assert alone.low < 0.5 < alone.high
    assert grouped["robustness_case"].high - grouped["robustness_case"].low > 2 * (alone.high - alone.low)


def test_the_router_is_asked_once_for_the_prompts_and_once_for_each_kind():
    asked = []

    def choose(prompts):
        asked.append(list(prompts))
        return np.zeros(len(prompts), int)

    _robustness(choose)

    assert asked[0] == PROMPTS
    assert len(asked) == 1 + len(NOISES)
    assert all(len(prompts) == len(PROMPTS) and prompts != PROMPTS for prompts in asked[1:])


def test_permuting_prompts_changes_nothing():
    def choose(prompts):
        return np.array([sum(map(ord, prompt)) % 3 for prompt in prompts])

    shuffle = np.random.default_rng(5).permutation(200)
    there = _robustness(choose)
    here = _robustness(choose, [PROMPTS[k] for k in shuffle], WEIGHTS[:, shuffle])

    assert {name: figure.value for name, figure in here.items()} == pytest.approx(
        {name: figure.value for name, figure in there.items()}
    )


def test_two_routers_are_disturbed_alike_and_can_be_compared():
    one = _robustness(lambda prompts: np.array([len(prompt) % 2 for prompt in prompts]))
    two = _robustness(lambda prompts: np.array([len(prompt) % 2 for prompt in prompts]))
    difference = paired_difference(one["robustness_typos"], two["robustness_typos"])

    assert 0 < one["robustness_typos"].value < 1
    assert (difference.low, difference.high) == (0.0, 0.0)


def test_one_choice_is_wanted_for_each_prompt():
    with pytest.raises(DataError, match=r"shape \(3,\), expected one for each of 200 prompts"):
        _robustness(lambda prompts: np.zeros(3, int))
