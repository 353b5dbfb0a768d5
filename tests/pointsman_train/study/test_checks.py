"""The checks of a diagnosis, each on figures that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.data import DropLog, Outcomes
from pointsman_train.evaluate.bootstrap import resample_weights
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.label import LabelConfig, label
from pointsman_train.study.balance import check_balance
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, percent, points
from pointsman_train.study.gain import check_gain, check_labels, prompts_wanted
from pointsman_train.study.headline import HEADLINE
from pointsman_train.study.headroom import check_headroom
from pointsman_train.study.learning_curve import LearningCurve
from pointsman_train.study.noise import check_noise, repeats_of

COST = np.array([1.0, 4.0])


def labelled_of(score, prompts=None, trials=None):
    score = np.asarray(score, float)
    n = len(score)
    outcomes = Outcomes(
        prompt_id=[f"q{i}" for i in range(n)],
        prompt=prompts or [f"prompt number {i}" for i in range(n)],
        source=[""] * n,
        models=("small", "large"),
        score=score,
        trials=np.where(np.isnan(score), 0, 1) if trials is None else np.asarray(trials),
        cost_usd=np.tile(COST, (n, 1)),
        cost_source="file",
        drops=DropLog(),
        fingerprint="",
    )
    return label(outcomes, LabelConfig())


def complete_of(score):
    labelled = labelled_of(score)
    return TestSet(
        labelled.models, labelled.outcomes.score, labelled.success == 1, labelled.outcomes.cost_usd, labelled.label,
        np.arange(len(labelled.label)), [""] * len(labelled.label), COST, labelled.outcomes.score.mean(axis=0),
    )  # fmt: skip


def weights(n):
    return resample_weights(np.arange(n), np.random.default_rng(0), 200)


def headroom(score):
    return check_headroom(complete_of(score), weights(len(score)), 0.01, 0.1)


def test_headroom_is_the_oracle_against_the_best_single_model():
    # Of ten prompts both are right on 5, large alone on 3, small alone on 1, neither on 1.
    score = [[1, 1]] * 5 + [[0, 1]] * 3 + [[1, 0]] + [[0, 0]]
    check = headroom(score * 40)
    found = {name: one.value for name, one in check.figures.items()}
    assert found["another_gains"] == pytest.approx(0.1)
    assert found["oracle_gain"] == pytest.approx(0.1)
    # The oracle pays 4 three times and 1 seven times of ten, large 4 each time.
    assert found["oracle_saving"] == pytest.approx(1 - 19 / 40)
    assert found["oracle_saving_usd"] == pytest.approx(2.1)
    assert found["cost_spread"] == pytest.approx(4.0)
    assert check.verdict == PAYS
    assert "USD 2.1e+03 per thousand prompts" in check.found


def test_a_model_that_is_best_and_cheapest_leaves_no_headroom():
    check = headroom(([[1, 1]] * 6 + [[1, 0]] * 2 + [[0, 0]] * 2) * 40)
    assert check.verdict == WILL_NOT
    assert check.advice.startswith("Use small for everything")
    assert check.figures["another_gains"].value == 0.0


def test_a_cheap_model_that_never_succeeds_leaves_no_headroom():
    assert headroom(([[0, 1]] * 38 + [[0, 0]] * 2) * 20).verdict == WILL_NOT


def test_headroom_that_few_prompts_cannot_tell():
    score = [[1, 0]] + [[0, 1]] * 20 + [[1, 1]] * 3
    assert headroom(score).verdict == CANNOT_TELL
    assert headroom(score * 40).verdict == PAYS


def noise_of(labelled):
    return check_noise(labelled, np.arange(len(labelled.label)), np.random.default_rng(0), 200)


def test_copies_that_disagree_are_noise():
    prompts = ["What is 2+2?", "what is  2+2?", "WHAT IS 2+2?", "Other?", "other?", "Alone?"]
    score = [[1, 1], [1, 0], [0, 0], [1, 1], [1, 1], [0, 0]]
    repeats = repeats_of(labelled_of(score, prompts), np.arange(6))
    # Of the three copies' pairs two differ, in both models; the two copies never do.
    np.testing.assert_allclose(repeats.apart, [4 / 3, 0])
    rate = np.mean(score, axis=0)
    np.testing.assert_allclose(repeats.expected, [(2 * rate * (1 - rate)).sum()] * 2)
    np.testing.assert_array_equal(repeats.models, [2, 2])
    check = noise_of(labelled_of(score, prompts))
    assert check.figures["disagreement"].value == pytest.approx(1 / 3)
    assert "over 2 texts that occur more than once" in check.found


def test_an_unknown_copy_is_left_out():
    labelled = labelled_of([[1, np.nan], [0, 1], [1, 0]], ["A?", "a?", "b?"])
    repeats = repeats_of(labelled, np.arange(3))
    np.testing.assert_allclose(repeats.apart, [1.0])
    np.testing.assert_array_equal(repeats.models, [1])


def test_trials_that_disagree_are_noise():
    score, trials = [[0.5, 1.0], [0.25, np.nan], [0.0, 1.0]], [[2, 2], [4, 0], [1, 1]]
    repeats = repeats_of(labelled_of(score, trials=trials), np.arange(3))
    # One of two right: the pair differs. One of four: 3 of 6 pairs differ.
    np.testing.assert_allclose(repeats.apart, [1.0, 0.5])
    np.testing.assert_array_equal(repeats.models, [2, 1])
    assert repeats.what == "2 prompts with several trials"


@pytest.mark.parametrize(("noise", "verdict"), [(0.0, PAYS), (0.1, PAYS), (0.5, WILL_NOT), (0.2, CANNOT_TELL)])
def test_the_verdict_on_noise_goes_by_what_two_answers_have_in_common(noise, verdict):
    rng = np.random.default_rng(1)
    truth = np.repeat(rng.integers(0, 2, (400, 2)), 2, axis=0)
    flipped = truth ^ (rng.random(truth.shape) < noise)
    prompts = [f"prompt {i // 2}" for i in range(len(truth))]
    check = noise_of(labelled_of(flipped, prompts))
    # Two flips with chance q differ with chance 2 q (1 - q), against 1/2 for unrelated answers.
    assert check.figures["noise"].value == pytest.approx(4 * noise * (1 - noise), abs=0.06)
    assert check.verdict == verdict


def test_without_repeats_noise_cannot_be_told():
    check = noise_of(labelled_of([[1, 0], [0, 1]]))
    assert (check.verdict, check.found) == (CANNOT_TELL, "No prompt was answered twice.")
    assert "trials=2" in check.advice


def balance_of(score, **changed):
    labelled = labelled_of(score)
    n = int((labelled.label >= 0).sum())
    return check_balance(labelled, changed.get("training", np.ones(len(score), bool)), weights(n))


def test_labels_that_are_nearly_all_the_same_are_too_one_sided():
    check = balance_of([[1, 1]] * 990 + [[0, 1]] * 5 + [[0, 0]] * 5)
    assert check.verdict == WILL_NOT
    assert check.advice.startswith("Use small for everything")
    assert check.parts["labels"]["small"].value == pytest.approx(0.99)
    assert balance_of([[0, 0]] * 990 + [[0, 1]] * 10).advice.startswith("Nearly every prompt is beyond every model")


def test_a_model_that_hardly_ever_fails_cannot_be_learned():
    score = [[1, 1]] * 150 + [[0, 1]] * 150 + [[0, 0]] * 12
    check = balance_of(score)
    assert check.verdict == CANNOT_TELL
    assert "Too few of a kind in training: large has 300 successes and 12 failures." in check.found
    assert balance_of([*score, *[[0, 0]] * 30]).verdict == PAYS
    # Only what is trained on counts.
    assert balance_of([*score, *[[0, 0]] * 30], training=np.arange(342) < 312).verdict == CANNOT_TELL


@pytest.fixture
def figures(an_estimate):
    def make(value, low, high, n=1_000):
        others = {"quality_gain": an_estimate(-0.004, -0.01, 0.002), "cost_saving": an_estimate(0.5, 0.4, 0.6)}
        return {"hull_gain": an_estimate(value, low, high, n), **others}

    return make


@pytest.mark.parametrize(
    ("ends", "verdict", "advice"),
    [
        ((0.2, 0.1, 0.3), PAYS, "Train, and choose the operating point"),
        ((0.0, -0.02, 0.02), WILL_NOT, "Mix the single models at random"),
        ((0.1, -0.1, 0.3), CANNOT_TELL, "Judge on about 16,000 prompts, 16.0 times these, to know HG to within 0.05"),
        ((0.02, -0.01, 0.05), CANNOT_TELL, "The interval is narrow and near 0"),
        ((0.1, np.nan, np.nan), CANNOT_TELL, "Judge on more prompts: hull gain is undefined in too many resamples"),
        ((np.nan, np.nan, np.nan), WILL_NOT, "Knowing every outcome is no better than mixing"),
    ],
)
def test_the_verdict_on_the_gain_goes_by_the_interval_of_hull_gain(figures, ends, verdict, advice):
    check = check_gain(figures(*ends), least=0.03)
    assert check.verdict == verdict
    assert check.advice.startswith(advice)
    assert "-0.4 points [-1.0, +0.2] of score against the best single model, 50.0 % [40.0, 60.0]" in check.found


def curve_of(an_estimate, labels, rises):
    gain = an_estimate(0.02, 0.01 if rises else -0.01, 0.05)
    rows = {name: (an_estimate(0.1, 0.0, 0.2),) * 3 for name in HEADLINE}
    return LearningCurve((labels // 4, labels // 2, labels), 500, rows, 0.6, 1_000, {"hull_gain": gain}, {})


@pytest.mark.parametrize(
    ("labels", "rises", "gain", "verdict", "advice"),
    [
        (150, True, (0.2, 0.1, 0.3), CANNOT_TELL, "Label 50 more training prompts"),
        (2_000, True, (0.2, 0.1, 0.3), PAYS, "More labels would help."),
        (2_000, False, (0.2, 0.1, 0.3), PAYS, "There are enough"),
        (2_000, True, (0.0, -0.1, 0.1), CANNOT_TELL, "Label more prompts: the curve still rises."),
        (2_000, False, (0.0, -0.1, 0.1), CANNOT_TELL, "Judge on about 4,000 prompts"),
        (2_000, False, (0.0, -0.03, 0.03), WILL_NOT, "Do not label more of the same"),
    ],
)
def test_the_verdict_on_the_labels_goes_by_gain_slope_and_width(an_estimate, labels, rises, gain, verdict, advice):
    check = check_labels(curve_of(an_estimate, labels, rises), an_estimate(*gain, 1_000), 200)
    assert check.verdict == verdict
    assert check.advice.startswith(advice)
    assert check.found.startswith(f"{labels:,} labelled training prompts, 500 test prompts.")


def test_where_the_slope_cannot_be_told_it_is_not_said_to_be_flat(an_estimate):
    curve = replace(curve_of(an_estimate, 500, False), gains={})
    check = check_labels(curve, an_estimate(0.2, 0.1, 0.3, 1_000), 200)
    assert (check.verdict, check.advice[:30]) == (PAYS, "There are enough to gain by; w")


def test_an_interval_half_as_wide_takes_four_times_the_prompts(an_estimate):
    assert prompts_wanted(an_estimate(0.0, -0.1, 0.1, 300)) == 1_200
    assert prompts_wanted(an_estimate(0.0, -0.05, 0.05, 300)) == 300


def test_shares_and_points_are_written_with_their_intervals(an_estimate):
    assert percent(an_estimate(0.123, 0.1, 0.15)) == "12.3 % [10.0, 15.0]"
    assert points(an_estimate(-0.012, -0.02, 0.0)) == "-1.2 points [-2.0, +0.0]"
    assert percent(an_estimate(0.5, np.nan, np.nan)) == "50.0 %"
    assert percent(an_estimate(np.nan, np.nan, np.nan)) == "undefined"
    assert percent(replace(an_estimate(1.0, 1.0, 1.0))) == "100.0 % [100.0, 100.0]"
