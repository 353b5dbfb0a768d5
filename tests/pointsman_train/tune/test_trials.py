from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.evaluate.bootstrap import estimate
from pointsman_train.tune.report import told, tune_figures, tune_json, verdict
from pointsman_train.tune.trials import COMPLETE, STOPPED, Found, Trial, simultaneous

RNG = np.random.default_rng(0)
NOISE = RNG.normal(0, 0.02, 400)


def trial(number, value, own=0.0, state=COMPLETE):
    sought = np.append(value, value + NOISE + RNG.normal(0, own, 400)) if state == COMPLETE else np.array([])
    figures = {"hull_gain": value} if state == COMPLETE else {}
    return Trial(number, number == 0, {"train.rule.caution": number / 10}, state, "", (), figures, sought, 1.0)


def found(*trials, metric="hull_gain"):
    return Found(metric, 500, trials, {})


def test_the_best_is_the_best_in_the_sense_of_the_metric():
    three = trial(0, 0.5), trial(1, 0.6), trial(2, 0.4)
    assert found(*three).best.number == 1
    assert found(*three, metric="log_loss").best.number == 2
    assert found(*three, metric="log_loss").gain(three[2]).value == pytest.approx(0.1)
    assert found(*three, trial(3, 0.0, state=STOPPED)).best.number == 1


def test_of_equals_the_settings_as_they_are_stay():
    both = found(trial(0, 0.5), trial(1, 0.5))
    assert both.best.default
    assert not both.clear
    assert verdict(both).startswith("None of 1 other settings")


def test_a_large_gain_is_clear_and_one_within_noise_is_not():
    assert found(trial(0, 0.5), trial(1, 0.6, 0.01)).clear
    doubtful = found(trial(0, 0.5), trial(1, 0.51, 0.01))
    assert not doubtful.clear
    assert "that can be chance" in verdict(doubtful)
    assert "Keep the settings as they are" in told(doubtful, __import__("pathlib").Path("runs/x"))


def test_the_best_of_many_has_a_wider_interval_than_one_alone():
    one = trial(1, 0.52, 0.01)
    many = [trial(k, 0.5, 0.01) for k in range(2, 40)]
    alone, among = found(trial(0, 0.5), one), found(trial(0, 0.5), one, *many)
    assert among.best.number == 1
    assert alone.picked_gain.low > 0 > among.picked_gain.low
    assert among.gain(one).low > 0


def test_the_best_of_equals_is_called_better_in_one_case_of_twenty():
    rng, wrong, naive = np.random.default_rng(1), 0, 0
    for _ in range(400):
        # 20 settings that are truly equal: each difference and its resamples have the same spread, as a bootstrap has.
        values = rng.normal(0, 1, 20)
        gains = [np.append(value, value + rng.normal(0, 1, 300)) for value in values]
        best = int(np.argmax(values))
        wrong += simultaneous(gains, best, 9).low > 0
        naive += estimate(gains[best], 9).low > 0
    assert wrong / 400 < 0.06
    assert naive / 400 > 0.2


def test_a_difference_that_never_varies_is_no_news():
    same = np.zeros(41)
    assert simultaneous([same, np.append(0.1, RNG.normal(0.1, 0.01, 40))], 0, 9).low == 0


def test_what_is_undefined_is_null_in_json_and_left_to_tracking():
    one = found(trial(0, 0.5), trial(1, 0.6, 0.01), trial(2, 0.0, state=STOPPED))
    written = tune_json(one)
    assert [each["gain"] is None for each in written["trials"]] == [False, False, True]
    assert written["best"] == 1
    assert written["clear_of_noise"] is True
    assert tune_figures(one)["tune/gain"] == pytest.approx(0.1)
