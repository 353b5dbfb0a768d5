from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from pointsman_train.featurize.source_rates import source_rates
from pointsman_train.featurize.stack import fit_scores, last_fit
from pointsman_train.featurize.vocabulary import Vocabulary

EVERY = np.ones(40, bool)
SOURCE = ["exam"] * 20 + ["forum"] * 20
SUCCESS = np.r_[np.ones(15), np.zeros(5), np.ones(4), np.zeros(16)]


def test_targets_are_rates_of_the_prompts_own_source():
    targets = source_rates(SOURCE).of(EVERY, SUCCESS, None)
    # Of 20 outcomes the rate counts half: half-way from the outcome to .75 and to .2.
    np.testing.assert_allclose(targets, np.r_[np.full(15, 0.875), np.full(5, 0.375), np.full(4, 0.6), np.full(16, 0.1)])


def test_all_targets_have_the_mean_of_all_outcomes():
    assert source_rates(SOURCE).of(EVERY, SUCCESS, None).mean() == pytest.approx(SUCCESS.mean())


def test_where_a_source_is_one_prompt_or_not_known_the_target_is_the_outcome():
    for source in ([f"q{i}" for i in range(40)], [""] * 40):
        np.testing.assert_allclose(source_rates(source).of(EVERY, SUCCESS, None), SUCCESS)
    partly = source_rates([*SOURCE[:-1], ""]).of(EVERY, SUCCESS, None)
    assert partly[-1] == SUCCESS[-1]
    assert partly[-2] != SUCCESS[-2]


@pytest.mark.parametrize(
    ("source", "enough"),
    [
        (SOURCE, True),
        (["exam"] * 40, False),
        ([""] * 20 + ["exam"] * 20, False),
        ([f"q{i}" for i in range(40)], False),
        (["exam"] * 21 + ["forum"] * 19, False),
    ],
)
def test_two_sources_of_twenty_prompts_are_enough(source, enough):
    assert source_rates(source).enough(np.stack([SUCCESS, np.full(40, np.nan)], axis=1)) is enough


def test_prompts_without_an_outcome_do_not_count():
    success = np.where(np.arange(40) == 39, np.nan, SUCCESS)[:, None]
    assert not source_rates(SOURCE).enough(success)


@pytest.mark.parametrize("rows", [np.arange(40) < 20, np.zeros(40, bool)])
def test_a_fit_that_sees_one_source_or_none_learns_from_the_outcomes(rows):
    np.testing.assert_array_equal(source_rates(SOURCE).of(rows, SUCCESS[rows], None), SUCCESS[rows])


def test_rates_are_of_the_prompts_that_a_fit_sees():
    rows = np.arange(40) % 2 == 0
    seen = source_rates(SOURCE).of(rows, SUCCESS[rows], None)
    alone = source_rates(np.array(SOURCE)[rows].tolist()).of(EVERY[rows], SUCCESS[rows], None)
    np.testing.assert_array_equal(seen, alone)


def test_rates_weigh_outcomes_and_what_stands_for_many_is_no_more_evidence():
    count = np.r_[np.full(15, 3.0), np.ones(25)]
    targets = source_rates(SOURCE).of(EVERY, SUCCESS, count)
    told = 50**2 / (15 * 9 + 5)
    share = told / (told + 20)
    np.testing.assert_allclose(targets[[0, 15]], [1 - share * 0.1, share * 0.9])
    alike = source_rates(SOURCE).of(EVERY, SUCCESS, np.full(40, 50.0))
    np.testing.assert_allclose(alike, source_rates(SOURCE).of(EVERY, SUCCESS, None))


@pytest.fixture
def kinds():
    """Two sources of 200 prompts, told by many words; each prompt has four, and success has a rate of its source."""
    rng = np.random.default_rng(0)
    source = np.repeat([0, 1], 200)
    word = 40 * source[:, None] + rng.permuted(np.tile(np.arange(40), (400, 1)), axis=1)[:, :4]
    presence = np.zeros((400, 80))
    np.put_along_axis(presence, word, 1.0, axis=1)
    vocabulary = Vocabulary(tuple(map(str, range(80))), {str(i): i + 1 for i in range(80)}, (), np.ones(80))
    success = (rng.random((400, 1)) < np.array([0.75, 0.35])[source][:, None]).astype(float)
    return sp.csr_array(presence), vocabulary, success, source_rates([f"kind {s}" for s in source])


def test_word_weights_have_less_noise_than_outcomes_give_them(kinds):
    presence, vocabulary, success, rates = kinds
    spread = []
    for learned_from in (None, rates):
        model = fit_scores(presence, vocabulary, success, np.arange(400) % 2, 1.0, rates=learned_from)
        easy, hard = last_fit(model, 1).weights[:, 0].reshape(2, 40)
        # Words of one source are alike in truth: what sets them apart is noise, beside what sets the sources apart.
        spread.append((easy.std() + hard.std()) / (easy.mean() - hard.mean()))
    assert spread[1] < spread[0] / 3


def test_a_fold_is_not_seen_by_its_own_fit_through_the_rates(kinds):
    presence, vocabulary, success, rates = kinds
    fold = np.arange(400) % 2
    other = np.where((fold == 1)[:, None], 1 - success, success)
    one, changed = (fit_scores(presence, vocabulary, s, fold, 1.0, rates=rates).weights for s in (success, other))
    np.testing.assert_array_equal(one[:, 1], changed[:, 1])  # without fold 1
    assert np.abs(one[:, 0] - changed[:, 0]).max() > 0.1
