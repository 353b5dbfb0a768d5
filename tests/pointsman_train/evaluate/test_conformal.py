from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.decide import Rule
from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.conformal import bound, controlled, under_routing_loss
from pointsman_train.evaluate.rates import routed_rate, under_routed
from pointsman_train.evaluate.ratio import estimate_ratios
from pointsman_train.evaluate.router import Choice
from pointsman_train.evaluate.sweep import lambda_grid, serve

# Settings 0 to 100: at setting k a prompt of difficulty u is lost where u < k / 100, so that the risk is k / 100.
GRID = np.arange(101) / 100


def _losses(difficulty):
    return (difficulty[:, None] < GRID).astype(float)


def _risk(k):
    """Expected loss at the setting that was found; none found is a choice without loss."""
    return 0.0 if k is None else GRID[k]


def _mean_risk(draw, draws, seed, target, find=controlled):
    rng = np.random.default_rng(seed)
    risks = np.array([_risk(find(*draw(rng, target))) for _ in range(draws)])
    return risks.mean(), risks.std() / np.sqrt(draws)


def _independent(n):
    return lambda rng, target: (_losses(rng.random(n)), target)


def _in_copies(n_groups):
    """Groups of one to eight prompts that are all of one difficulty; the larger groups are harder."""

    def draw(rng, target):
        size, difficulty = _groups(rng, n_groups)
        group = np.repeat(np.arange(n_groups), size)
        return _losses(np.repeat(difficulty, size)), target, group

    return draw


def _groups(rng, n_groups):
    size = rng.integers(1, 9, n_groups)
    return size, rng.random(n_groups) ** (1 + size / 4)


def _copies_risk(rng=None):
    """Share of prompts of such groups that are lost at each setting: sum of size times P(loss), over mean size."""
    size = np.arange(1, 9)
    lost = GRID[:, None] ** (1 / (1 + size / 4))
    return (lost * size).sum(axis=1) / size.sum()


def test_the_bound_counts_one_prompt_more_which_is_lost():
    loss = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], float)

    assert bound(loss).tolist() == [1 / 4, 2 / 4, 3 / 4]


def test_the_last_setting_within_the_target_is_found():
    loss = np.zeros((99, 4))
    loss[:1, 1:] = 1
    loss[:5, 2:] = 1
    loss[:60, 3:] = 1

    # The bounds are 0.01, 0.02, 0.06 and 0.61.
    assert [controlled(loss, target) for target in (0.009, 0.01, 0.02, 0.05, 0.06, 0.7)] == [None, 0, 1, 1, 2, 3]


def test_a_loss_that_falls_again_counts_at_its_highest():
    loss = np.tile([0.0, 1.0, 0.0], (9, 1))

    assert bound(loss).tolist() == [0.1, 1.0, 1.0]
    assert controlled(loss, 0.5) == 0


def test_few_prompts_cannot_show_a_small_rate():
    assert controlled(np.zeros((48, 3)), 0.02) is None
    assert controlled(np.zeros((49, 3)), 0.02) == 2
    assert controlled(np.zeros((0, 3)), 0.02) is None


def test_near_duplicates_count_as_one_more_group_of_the_largest_size():
    loss = np.zeros((20, 2))
    loss[:2, 1] = 1

    assert bound(loss, np.arange(20) // 4).tolist() == [4 / 24, 6 / 24]
    assert bound(loss, np.arange(20)).tolist() == bound(loss).tolist() == [1 / 21, 3 / 21]


@given(seed=st.integers(0, 999), target=st.floats(0.01, 0.99))
def test_the_setting_found_is_that_of_the_papers_formula(seed, target):
    rng = np.random.default_rng(seed)
    loss = np.maximum.accumulate(rng.random((15, 8)), axis=1)
    within = [k for k in range(8) if 15 / 16 * loss[:, k].mean() + 1 / 16 <= target]

    assert controlled(loss, target) == (max(within) if within else None)


@given(seed=st.integers(0, 999))
def test_permuting_prompts_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    loss, group, shuffle = rng.integers(0, 2, (30, 6)) * 1.0, rng.integers(0, 20, 30), rng.permutation(30)

    np.testing.assert_allclose(bound(loss[shuffle], group[shuffle]), bound(loss, group))


@pytest.mark.parametrize("n", [30, 150])
@pytest.mark.parametrize("target", [0.05, 0.2])
def test_the_expected_loss_is_at_most_the_target(n, target):
    risk, error = _mean_risk(_independent(n), 2000, seed=1, target=target)

    assert risk <= target + 3 * error
    # And not for being timid: the rule is at most 1 / (n + 1) and a step of the grid below the target.
    assert risk >= target - 1 / (n + 1) - 0.01 - 3 * error


def test_without_the_one_prompt_more_the_target_is_missed():
    def naive(loss, target):
        return int(np.sum(loss.mean(axis=0) <= target)) - 1

    risk, error = _mean_risk(_independent(30), 2000, seed=1, target=0.2, find=naive)

    assert risk > 0.2 + 3 * error


@pytest.mark.parametrize("target", [0.3, 0.5])
def test_the_target_holds_for_prompts_in_groups_of_copies(target):
    by_setting, rng = _copies_risk(), np.random.default_rng(2)
    found = [controlled(*_in_copies(40)(rng, target)) for _ in range(2000)]
    risks = np.array([0.0 if k is None else by_setting[k] for k in found])

    assert risks.mean() <= target + 3 * risks.std() / np.sqrt(2000)
    assert risks.mean() >= target - 0.1


def test_copies_that_are_taken_for_independent_prompts_miss_the_target():
    group, rng, risks = np.repeat(np.arange(5), 8), np.random.default_rng(3), []
    for _ in range(2000):
        loss = _losses(rng.random(5)[group])
        risks.append([_risk(controlled(loss, 0.45, told)) for told in (None, group)])
    hidden, told = np.mean(risks, axis=0)

    # With 40 prompts two groups of eight may be lost: the third of five thresholds is at 3/6. Told, one may: 2/6.
    assert hidden == pytest.approx(3 / 6, abs=0.02)
    assert told == pytest.approx(2 / 6, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("target", [0.02, 0.1, 0.3])
def test_the_expected_loss_is_at_most_the_target_in_many_draws(target):
    risk, error = _mean_risk(_independent(200), 40_000, seed=4, target=target)

    assert error < 2e-4
    assert target - 1 / 201 - 0.01 - 3 * error <= risk <= target + 3 * error


@pytest.mark.slow
def test_the_target_holds_for_copies_in_many_draws():
    by_setting, rng = _copies_risk(), np.random.default_rng(5)
    for n_groups, target in ((20, 0.5), (100, 0.2)):
        found = [controlled(*_in_copies(n_groups)(rng, target)) for _ in range(30_000)]
        risks = np.array([0.0 if k is None else by_setting[k] for k in found])
        assert risks.mean() <= target + 3 * risks.std() / np.sqrt(30_000)


def _fitted(testset, p_success, rows, target):
    """Under-routing on the other prompts, at the dearest lambda that these allow; the dearest model where none is."""
    lambdas = lambda_grid(testset.train_mean_cost, 40)
    chosen = np.stack([serve(testset, p_success, Rule("utility", lam)).choice for lam in lambdas], axis=1)
    solvable = testset.success[rows].any(axis=1)
    loss = under_routing_loss(testset.success[rows], chosen[rows])
    found = controlled(loss, target, testset.group[rows][solvable])
    choice = np.full(len(testset), testset.dearest) if found is None else chosen[:, found]
    rest = np.setdiff1d(np.arange(len(testset)), rows)
    under = np.take_along_axis(under_routed(testset.success), choice[:, None], axis=1)[rest, 0]
    return under.sum(), testset.solvable[rest].sum(), found


def test_the_under_routing_of_a_router_is_kept_at_its_target_on_fresh_prompts(make):
    testset, p_success = make(n_prompts=3000, n_models=4)
    _, member = np.unique(testset.group, return_inverse=True)
    rng, sums, settings = np.random.default_rng(6), np.zeros(2), set()
    for _ in range(60):
        drawn = rng.permutation(member.max() + 1) < 250
        under, solvable, found = _fitted(testset, p_success, np.flatnonzero(drawn[member]), 0.2)
        sums += under, solvable
        settings.add(found)

    assert 0.16 < sums[0] / sums[1] <= 0.205
    assert len(settings) > 1


def test_the_loss_is_the_under_routing_of_the_rates(make):
    testset, _ = make(n_prompts=200, n_models=4)
    choice = np.random.default_rng(0).integers(4, size=(200, 3))
    loss = under_routing_loss(testset.success, choice)

    assert loss.shape == (int(testset.solvable.sum()), 3)
    for k in range(3):
        ratio = routed_rate(testset, Choice(choice[:, k]), under_routed(testset.success))
        rate = estimate_ratios({"rate": ratio}, np.ones((2, 200), dtype=np.float32))["rate"].value
        assert loss[:, k].mean() == pytest.approx(rate)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, np.nan])
def test_a_target_that_cannot_be_is_refused(target):
    with pytest.raises(ConfigError, match="expected a rate above 0 and below 1"):
        controlled(np.zeros((5, 2)), target)


@pytest.mark.parametrize("value", [1.5, np.nan])
def test_a_loss_above_one_or_unknown_is_refused(value):
    with pytest.raises(DataError, match=f"a loss is {value}, expected a known value of at most 1"):
        controlled(np.array([[0.0, value]]), 0.1)
