from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from pointsman_train.cores import on_all_cores
from pointsman_train.train.booster import BoosterConfig, fit_booster, margins_of


def test_results_come_in_the_order_of_the_items_and_from_other_threads():
    found = on_all_cores(lambda i: (i * i, threading.current_thread().name), range(50))
    assert [square for square, _ in found] == [i * i for i in range(50)]
    assert threading.current_thread().name not in {name for _, name in found}


def test_the_first_error_is_raised_and_what_was_not_begun_is_left():
    begun = []

    def fail(i):
        begun.append(i)
        time.sleep(0.002 if i else 0)  # all that waits would take ten seconds of two threads
        raise ValueError(f"item {i}")

    with pytest.raises(ValueError, match="item 0"):
        on_all_cores(fail, range(10_000))
    assert len(begun) < 10_000


def test_boosters_that_are_fitted_side_by_side_are_those_that_are_fitted_in_turn():
    rng = np.random.default_rng(0)
    columns, targets = rng.random((2_000, 20)), rng.integers(0, 2, (8, 2_000)).astype(float)

    def fit(target):
        return margins_of(fit_booster(columns, target, 2_000, BoosterConfig(trees=20)), columns)

    for _ in range(5):
        np.testing.assert_array_equal(on_all_cores(fit, targets), [fit(target) for target in targets])


def test_calls_that_start_threads_of_their_own_take_turns():
    found = on_all_cores(lambda _: threading.current_thread().name, range(5), own_threads=2)
    assert set(found) == {threading.current_thread().name}
