from __future__ import annotations

from bench.moved import moved


def of(ratio, **rest):
    return {"routers": {"r": {"decision": {"20": {"us": {"p50": 9e9}, "ratio": {"p50": ratio}}}, **rest}}}


def test_a_ratio_that_moved_is_told_with_both_figures_and_the_worst_comes_first():
    before = of(10.0) | {"short": {"20 words": 8.0}}
    now = of(20.0) | {"short": {"20 words": 4.0}}
    assert moved(before, now) == [
        "r / 20 / p50: 10.0 before, 20.0 now, 100 % more",
        "short / 20 words: 8.0 before, 4.0 now, 50 % less",
    ]


def test_a_small_difference_an_absolute_time_and_what_one_side_lacks_are_left_out():
    before = of(10.0, footprint={"ratio": {"first_s": 1.5}, "router": {"first_s": 0.1}})
    now = of(12.0, footprint={"router": {"first_s": 9.9}}, batch={"256": {"per_second": 1, "ratio": 3.0}})
    assert moved(before, now) == []


def test_a_bundle_that_grew_is_told():
    assert moved({"footprint": {"bundle_mb": 2.0}}, {"footprint": {"bundle_mb": 3.0}}) == [
        "footprint / bundle_mb: 2.0 before, 3.0 now, 50 % more"
    ]


def test_tails_may_swing_more_than_medians():
    assert moved({"x": {"ratio": {"p99": 1.0, "p50": 1.0}}}, {"x": {"ratio": {"p99": 1.9, "p50": 1.0}}}) == []
