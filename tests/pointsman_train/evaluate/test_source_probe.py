from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.errors import DataError
from pointsman_train.evaluate.source_probe import probe_source

N = 600


def _probe(features, source, group=None, **settings):
    group = np.arange(len(source)) if group is None else group
    return probe_source(features, source, group, np.random.default_rng(0), resamples=200, **settings)


def _told(strength, n_sources=3):
    rng = np.random.default_rng(1)
    source = rng.integers(n_sources, size=N)
    features = rng.normal(size=(N, 8))
    features[np.arange(N), source] += strength
    return features, [f"s{k}" for k in source]


def test_features_that_name_the_source_raise_the_warning():
    found = _probe(*_told(8.0))

    assert found.sources == 3
    assert found.accuracy.low > 0.95
    assert found.balanced_accuracy.low > 0.95
    assert found.recovered.value == pytest.approx((found.balanced_accuracy.value - 1 / 3) / (2 / 3))
    assert found.tells
    assert "may have learnt the source instead of the difficulty" in found.verdict


def test_features_that_know_nothing_of_the_source_do_no_better_than_guessing():
    found = _probe(*_told(0.0))

    assert found.recovered.low < 0.05
    assert found.recovered.high < 0.2
    assert not found.tells
    assert "hardly tell" in found.verdict


def test_features_that_half_know_the_source_hint_at_it():
    found = _probe(*_told(1.0))

    assert 0.1 < found.recovered.low < 0.5
    assert not found.tells
    assert "hint" in found.verdict


def test_a_large_source_is_named_right_by_always_naming_it_and_that_is_not_knowing():
    rng = np.random.default_rng(2)
    source = ["large" if large else "small" for large in rng.random(N) < 0.9]
    found = _probe(rng.normal(size=(N, 5)), source)

    assert found.majority_share.value == pytest.approx(source.count("large") / N)
    assert found.accuracy.value > 0.85
    assert found.recovered.high < 0.1
    assert not found.tells


def test_near_duplicates_never_straddle_a_fold():
    rng = np.random.default_rng(3)
    # Each of 60 texts ten times over: whoever has seen one copy knows the source of the others.
    group = np.repeat(np.arange(60), 10)
    features, source = rng.normal(size=(60, 40))[group], rng.integers(2, size=60)[group]
    straddling = _probe(features, [f"s{k}" for k in source])
    kept = _probe(features, [f"s{k}" for k in source], group)

    assert straddling.recovered.low > 0.5
    assert kept.recovered.low < 0.2
    assert kept.recovered.high - kept.recovered.low > 2 * (straddling.recovered.high - straddling.recovered.low)


def test_sources_of_a_few_groups_are_left_out_and_counted():
    features, source = _told(8.0)
    source[:9] = ["rare"] * 9
    source[9:40] = ["copies"] * 31
    group = np.arange(N)
    group[9:40] = 9
    found = _probe(features, source, group)

    assert (found.sources, found.left_out) == (3, 40)
    assert found.accuracy.n == N - 40


@pytest.mark.parametrize("source", [["only"] * N, [f"s{k}" for k in range(N)]])
def test_without_two_sources_there_is_nothing_to_learn(source):
    found = _probe(np.ones((N, 2)), source)

    assert found.sources < 2
    assert np.isnan(found.recovered.value)
    assert not found.tells
    assert "fewer than two sources" in found.verdict


def test_of_many_prompts_whole_groups_are_drawn():
    features, source = _told(8.0)
    found = _probe(features, source, most_prompts=200)

    assert found.accuracy.n == 200
    assert found.tells


def test_the_same_seed_gives_the_same_probe():
    one, two = (_probe(*_told(1.0)) for _ in range(2))

    assert one == two


def test_a_feature_that_is_not_a_number_is_named():
    features, source = _told(1.0)
    features[5, 3] = np.nan
    with pytest.raises(DataError, match="column 3 of the features"):
        _probe(features, source)
