from __future__ import annotations

import json
import os
from pathlib import Path

from bench.paths import MEASURED
from bench.prompts import read_embedded

from bench import short


def test_no_decision_takes_more_than_twice_as_many_times_the_floor_as_committed(router):
    corpus = read_embedded()

    def measure():
        return short.ratios(router.route, router.route_many, corpus)

    if short.RECORD in os.environ:
        Path(os.environ[short.RECORD]).write_text(json.dumps(measure()))
        return
    assert short.worse(json.loads(MEASURED.read_text())["short"], measure) == []


def test_one_slow_try_is_noise_and_slow_tries_alone_are_not():
    committed = {"20 words": 10.0, "batch of 256": 100.0}
    tries = iter([{"20 words": 90.0, "batch of 256": 210.0}, {"20 words": 11.0, "batch of 256": 250.0}])

    def measure():
        return next(tries)

    assert short.worse(committed, measure, tries=2) == ["batch of 256: 210.0 times the floor, committed are 100.0"]


def test_what_is_as_fast_as_committed_is_measured_once():
    assert short.worse({"20 words": 10.0}, iter([{"20 words": 19.9}]).__next__) == []
