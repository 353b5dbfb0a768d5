from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from samples import MADE, A, Clock

from pointsman.dispatch.session_file import SessionFile
from pointsman.dispatch.sessions import Session, Sessions, cache_worth, held


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", "file"])
def table(request, clock, tmp_path):
    """Make a table of sessions, in memory or in a file."""
    if request.param == "memory":
        return lambda idle_s, most: Sessions(idle_s, most, clock)
    return lambda idle_s, most: SessionFile(tmp_path / "sessions.sqlite", "session", idle_s, most, clock)


def test_a_session_is_forgotten_when_idle(clock, table):
    sessions = table(10.0, 5)
    sessions.answered("s", A)
    clock.now = 10.0
    assert sessions.get("s") == Session("a", "p")
    sessions.answered("s", A)
    clock.now = 20.1
    assert sessions.get("s") is None
    assert len(sessions) == 0


def test_memory_is_bounded_and_the_least_recently_used_go_first(clock, table):
    sessions = table(10.0, 2)
    for key in ("s", "t", "s", "u"):
        clock.now += 1.0
        sessions.answered(key, A)
    assert [key for key in "stu" if sessions.get(key)] == ["s", "u"]


def test_a_new_session_takes_what_is_wanted_and_a_known_one_may_move(clock, table):
    sessions = table(10.0, 5)
    assert sessions.settle("s", None, Session("a")) == Session("a")
    sessions.answered("s", A)
    assert sessions.settle("s", Session("a"), Session("b")) == Session("b")


def test_of_two_requests_at_once_the_faster_decides_for_both(clock, table):
    sessions = table(10.0, 5)
    assert sessions.settle("s", None, Session("a")).model == "a"
    assert sessions.settle("s", None, Session("b")).model == "a"


def test_many_threads_on_one_session_agree(clock, table):
    sessions, found, barrier = table(10.0, 5), [], threading.Barrier(8)

    def ask(model):
        barrier.wait()
        found.append(sessions.settle("s", None, Session(model)).model)

    threads = [threading.Thread(target=ask, args=(model,)) for model in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("session", "margin", "worth", "model"),
    [
        ("b", 0.0, 0.0, "b"),
        ("a", 0.05, 0.0, "b"),
        ("a", 0.11, 0.0, "a"),
        ("a", 0.05, 0.06, "a"),
        ("c", 0.15, 0.04, "b"),
        ("c", 0.15, 0.06, "c"),
        ("gone", 9.0, 9.0, "b"),
    ],
)
def test_a_switch_needs_a_lead_beyond_the_margin_and_the_cache(session, margin, worth, model):
    # b leads a by 0.1 and c by 0.2.
    found = held(MADE, Session(session), margin, worth)
    assert found.model == model == found.ranking[0]
    assert (found.probability is None) == (model == session != "b")


def test_a_turn_without_a_signal_is_no_reason_to_switch():
    found = held(replace(MADE, signal=False, utilities={}), Session("a"), 0.0, 0.0)
    assert (found.model, found.reason) == ("a", "utility; held by the session")


@pytest.mark.parametrize(
    ("prices", "expected"),
    [((2.0, 0.5), 0.2 * 10_000 * 1.5e-6 / 0.05), ((2.0, None), 0.2 * 10_000 * 1e-6 / 0.05), ((None, None), 0.0),
     ((1.0, 3.0), 0.0)],
)  # fmt: skip
def test_a_cache_is_worth_the_discount_that_it_gives(prices, expected):
    endpoint = replace(A, input_per_m=prices[0], cached_per_m=prices[1])
    assert cache_worth(endpoint, 10_000, 0.2, 0.05) == pytest.approx(expected)
    assert cache_worth(endpoint, 10_000, 0.2, 0.0) == 0.0
