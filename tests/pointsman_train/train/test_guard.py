from __future__ import annotations

import re

import numpy as np
import pytest

from pointsman.guard import Guard
from pointsman_train.errors import ConfigError
from pointsman_train.train.guard import GuardConfig, fit_guard

MODELS = ("small", "mid", "large")


def test_the_threshold_is_a_quantile_of_the_training_prompts_own_similarity():
    similarity = np.linspace(0, 1, 101, dtype=np.float32)
    guard = fit_guard(similarity, 2, GuardConfig())
    assert guard == Guard(pytest.approx(0.05), 2)
    # The twentieth itself is familiar.
    assert int(guard.unfamiliar(similarity).sum()) == 5


def test_a_quantile_of_0_leaves_every_training_prompt_familiar():
    similarity = np.array([0.3, 0.1, 0.2])
    assert not fit_guard(similarity, 0, GuardConfig(quantile=0.0)).unfamiliar(similarity).any()


def test_prompts_that_are_all_alike_are_all_familiar():
    similarity = np.full(50, 0.7, np.float32)
    assert not fit_guard(similarity, 0, GuardConfig()).unfamiliar(similarity).any()


def test_there_is_no_guard_where_it_is_off_or_nothing_is_measured():
    assert fit_guard(np.array([0.5]), 0, GuardConfig(enabled=False)) is None
    assert fit_guard(None, 0, GuardConfig()) is None


@pytest.mark.parametrize(
    ("fallback", "rung"), [("best_single", 1), ("cheapest", 0), ("dearest", 2), ("small", 0), ("large", 2)]
)
def test_a_fallback_is_named_by_its_place_or_by_its_name(fallback, rung):
    assert GuardConfig(fallback=fallback).rung(MODELS, best_single=1) == rung


def test_an_unknown_fallback_lists_what_there_is_with_a_near_match():
    expected = (
        "train.guard.fallback is 'larg', expected one of ['best_single', 'cheapest', 'dearest'] or a model of the "
        "pool, ['small', 'mid', 'large']; did you mean 'large'?"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(expected)}$"):
        GuardConfig(fallback="larg").rung(MODELS, 1)
    with pytest.raises(ConfigError, match=r"'large'\]$"):
        GuardConfig(fallback="zzz").rung(MODELS, 1)


@pytest.mark.parametrize("quantile", [-0.01, 1.0, 5.0])
def test_a_quantile_out_of_range_is_refused(quantile):
    with pytest.raises(ConfigError, match=f"train.guard.quantile must be from 0 to below 1, got {quantile!r}"):
        GuardConfig(quantile=quantile).check()
