from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.errors import GraderError
from pointsman_train.graders.agreement import agreement
from pointsman_train.graders.seam import Verdict


def found(both, judge_only, person_only, neither, seed=0):
    pairs = [(1.0, True)] * both + [(1.0, False)] * judge_only + [(0.0, True)] * person_only + [(0.0, False)] * neither
    return agreement([Verdict(s) for s, _ in pairs], [label for _, label in pairs], np.random.default_rng(seed))


def test_accuracy_and_kappa_equal_a_table_worked_by_hand():
    # p_o = 35 / 50 = 0.7, p_e = 0.6 * 0.5 + 0.4 * 0.5 = 0.5, kappa = 0.2 / 0.5
    result = found(20, 10, 5, 15)
    assert result.accuracy.value == pytest.approx(0.7)
    assert result.kappa.value == pytest.approx(0.4)
    assert (result.graded, result.ungraded) == (50, 0)


def test_the_intervals_are_near_the_normal_approximation():
    result = found(200, 100, 50, 150)
    half = 1.96 * np.sqrt(0.7 * 0.3 / 500)
    assert result.accuracy.low == pytest.approx(0.7 - half, abs=0.01)
    assert result.accuracy.high == pytest.approx(0.7 + half, abs=0.01)
    # se(kappa) = sqrt(p_o (1 - p_o) / n) / (1 - p_e), to first order
    assert result.kappa.high - result.kappa.low == pytest.approx(4 * half, rel=0.12)


def test_a_judge_that_always_agrees_with_chance_alone_has_kappa_zero():
    assert found(25, 25, 25, 25).kappa.value == pytest.approx(0.0)


def test_kappa_is_unknown_where_both_say_the_same_of_all():
    result = found(30, 0, 0, 0)
    assert result.accuracy.value == 1.0
    assert np.isnan(result.kappa.value)


def test_the_threshold_makes_a_score_a_success():
    verdicts = [Verdict(0.8), Verdict(0.6)]
    result = agreement(verdicts, [True, False], np.random.default_rng(0), threshold=0.7)
    assert result.accuracy.value == 1.0


def test_ungraded_answers_are_counted_apart():
    result = agreement([Verdict(1.0), Verdict(None, "no reply")], [True, True], np.random.default_rng(0))
    assert (result.graded, result.ungraded, result.accuracy.value) == (1, 1, 1.0)


def test_a_sample_that_tells_nothing_is_an_error():
    with pytest.raises(GraderError, match="1 verdicts and 2 labels"):
        agreement([Verdict(1.0)], [True, False], np.random.default_rng(0))
    with pytest.raises(GraderError, match="none of 1 labelled answers is graded"):
        agreement([Verdict(None, "lost")], [True], np.random.default_rng(0))
