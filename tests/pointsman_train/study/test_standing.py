"""Studies of outcomes that stand for others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.bootstrap import resample_weights, weights_of
from pointsman_train.evaluate.figures import evaluate
from pointsman_train.study.anchors import AnchorsConfig, anchors
from pointsman_train.study.crossfit import join_testsets, run_round
from pointsman_train.study.diagnose import complete_testset
from pointsman_train.study.folds import Fold
from pointsman_train.study.guess import guess_log_loss
from pointsman_train.study.headline import HEADLINE, headline
from pointsman_train.study.learning_curve import LearningCurveConfig, measure_curve
from pointsman_train.tune.bench import figures_of, fingerprint


@pytest.fixture(scope="module")
def judged(climbed):
    """What a router of all training prompts does on the test prompts."""
    fold = Fold("test", climbed.training, climbed.split.rows("test"))
    return next(run_round(climbed.labelled, climbed.split.group, fold, {"": climbed.train}, climbed.folds))[1]


def test_a_learning_curve_counts_what_prompts_stand_for(climbed, judged, tmp_path):
    curve = measure_curve(climbed, LearningCurveConfig([10_000], repeats=1), tmp_path)
    expected = evaluate(judged.testset, judged.router, weights_of(judged.testset))
    plain = replace(judged.testset, stands_for=None)
    for name in HEADLINE:
        assert curve.figures[name][0].value == pytest.approx(expected[name].value), name
    assert expected["log_loss"].value != evaluate(plain, judged.router, weights_of(plain))["log_loss"].value


def test_guessing_is_as_bad_as_where_everything_was_asked(task, climbed):
    rows = task.training & ~np.isnan(task.labelled.success).any(axis=1)
    some = climbed.training & ~np.isnan(climbed.labelled.success).any(axis=1)
    whole, told = guess_log_loss(task.labelled, rows, rows), guess_log_loss(climbed.labelled, climbed.training, some)
    outcomes = replace(climbed.labelled.outcomes, stands_for=None)
    plain = guess_log_loss(replace(climbed.labelled, outcomes=outcomes), climbed.training, some)
    assert abs(told - whole) < 0.03 < abs(plain - whole)


def test_a_fold_of_a_search_is_judged_with_them_and_other_counts_are_another_search(climbed, judged):
    alone = evaluate(judged.testset, judged.router, weights_of(judged.testset, resamples=1))
    assert figures_of(judged) == pytest.approx({name: alone[name].value for name in HEADLINE})
    outcomes = climbed.labelled.outcomes
    others = replace(outcomes, stands_for=np.where(outcomes.stands_for > 1, 5.0, 1.0))
    tasks = [replace(climbed, labelled=replace(climbed.labelled, outcomes=one)) for one in (outcomes, others)]
    assert len({fingerprint(task) for task in tasks}) == 2


def test_weights_that_do_not_count_them_are_refused_by_every_study(judged):
    plain = resample_weights(judged.testset.group, np.random.default_rng(0), 5)
    with pytest.raises(ConfigError, match="what each prompt stands for"):
        headline(judged.testset, judged.router, plain)


def test_test_sets_are_joined_with_their_counts(climbed):
    testset = complete_testset(climbed)
    both = join_testsets([testset, testset.take(np.arange(5))])
    assert both.stands_for.tolist() == [*testset.stands_for.tolist(), *testset.stands_for[:5].tolist()]
    assert both.stands_for.max() == pytest.approx(1 / 0.3)


def test_anchors_are_like_all_prompts_and_not_like_the_hard_ones(climbed, tmp_path):
    labelled = climbed.labelled
    cheap = dict(zip(labelled.outcomes.prompt_id, labelled.success[:, 0], strict=True))
    shares = []
    for seed in range(30):
        path = anchors(climbed, AnchorsConfig(train=50, test=0, seed=seed), tmp_path).files[0]
        shares.append(np.nanmean([cheap[name] for name in pd.read_parquet(path).prompt_id]))
    complete = climbed.training & ~np.isnan(labelled.success).any(axis=1)
    everywhere, hard = np.nanmean(labelled.success[climbed.training, 0]), labelled.success[complete, 0].mean()
    # A third of all complete prompts cannot be quite like all, but nearer to them than to what they are drawn from.
    assert np.mean(shares) > (everywhere + hard) / 2
