from __future__ import annotations

from dataclasses import replace

import pytest
from samples import A, B, Clock, P, Q, R

from pointsman.dispatch.controls import Preferences
from pointsman.dispatch.health import Health
from pointsman.dispatch.order import ordered
from pointsman.dispatch.settings import Breaker

PRICED = [
    replace(P, input_per_m=3.0, output_per_m=1.0),
    Q,
    replace(R, input_per_m=1.0, output_per_m=1.0),
]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def health(clock):
    return Health(Breaker(failures=2, cooldown_s=10.0, longest_rest_s=60.0), clock)


def test_failures_in_a_row_open_the_circuit_and_one_try_may_close_it(health, clock):
    health.failed(A)
    assert health.admits(A)
    health.failed(A)
    assert not health.admits(A)
    assert health.status(A).open
    assert health.opens_in(A) == 10.0
    clock.now = 10.0
    assert [health.admits(A), health.admits(A)] == [True, False]
    health.succeeded(A, 0.5)
    assert health.admits(A)
    assert health.status(A).failures == 0


def test_a_success_between_failures_keeps_the_circuit_closed(health):
    for _ in range(5):
        health.failed(A)
        health.succeeded(A, None)
    assert health.admits(A)


def test_a_trial_that_fails_or_is_never_heard_of_starts_another_cooldown(health, clock):
    health.failed(A), health.failed(A)
    clock.now = 10.0
    assert health.admits(A)
    health.failed(A)
    clock.now = 19.9
    assert not health.admits(A)
    clock.now = 20.0
    assert health.admits(A)
    clock.now = 30.0
    assert health.admits(A)


def test_a_rest_that_was_asked_for_is_kept_within_reason(health, clock):
    health.rest(A, 5.0)
    assert not health.admits(A)
    assert health.admits(B)
    clock.now = 5.0
    assert health.admits(A)
    health.rest(A, 1e12)
    assert health.opens_in(A) == 60.0


def test_averages_move_and_are_unknown_until_measured(health):
    assert (health.status(A).latency_s, health.status(A).throughput) == (None, None)
    health.succeeded(A, 1.0)
    health.succeeded(A, 2.0)
    health.succeeded(A, None)
    assert health.status(A).latency_s == pytest.approx(0.8 * 1.0 + 0.2 * 2.0)
    health.produced(A, 30, 2.0)
    health.produced(A, 0, 2.0)
    assert health.status(A).throughput == 15.0


def providers(groups):
    return ["".join(endpoint.provider for endpoint in group) for group in groups]


@pytest.mark.parametrize(
    ("wish", "provider", "expected"),
    [
        (Preferences(), None, "pqr"),
        (Preferences(), "r", "rpq"),
        (Preferences(order=("r", "q")), "p", "rqp"),
        (Preferences(sort="price"), None, "rpq"),
        (Preferences(sort="latency"), None, "rqp"),
        (Preferences(sort="throughput"), None, "qpr"),
    ],
)
def test_endpoints_are_sorted_as_asked(health, wish, provider, expected):
    # r was never measured for latency, q not for throughput: those come first, to be measured.
    health.succeeded(P, 2.0), health.succeeded(Q, 1.0)
    health.produced(P, 20, 1.0), health.produced(R, 10, 1.0)
    assert providers(ordered(["a"], {"a": PRICED}, wish, health, provider)) == [expected]


def test_what_is_left_alone_comes_last(health):
    health.rest(P, 5.0)
    assert providers(ordered(["a"], {"a": PRICED}, Preferences(order=("p",)), health)) == ["qrp"]


def test_models_come_in_the_rankings_order_and_one_endpoint_alone_without_fallbacks(health):
    endpoints = {"a": [P, Q], "b": [B]}
    assert ordered(["b", "a"], endpoints, Preferences(), health) == ((B,), (P, Q))
    assert ordered(["a", "b"], endpoints, Preferences(allow_fallbacks=False), health) == ((P,),)


def test_what_was_measured_long_ago_is_forgotten_so_that_the_endpoint_is_tried_again(health, clock):
    health.succeeded(P, 5.0)
    health.produced(P, 100, 10.0)
    health.succeeded(Q, 1.0)
    assert [one.provider for one in ordered_by_latency(health)] == ["q", "p"]
    clock.now += 300.0
    assert health.status(P).latency_s == 5.0
    clock.now += 1.0
    assert (health.status(P).latency_s, health.status(P).throughput) == (None, None)
    health.succeeded(Q, 1.0)
    assert [one.provider for one in ordered_by_latency(health)] == ["p", "q"]
    health.succeeded(P, 0.5)
    assert (health.status(P).latency_s, health.status(P).throughput) == (0.5, None)


def ordered_by_latency(health):
    (group,) = ordered(("a",), {"a": (P, Q)}, Preferences(sort="latency"), health, None)
    return group
