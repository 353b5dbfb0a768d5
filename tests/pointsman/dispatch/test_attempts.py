from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import B, Clock, P, Q

from pointsman.dispatch.attempts import CallerGone, Ended, Send, Wait, attempts
from pointsman.dispatch.health import Health
from pointsman.dispatch.settings import Breaker, Retries
from pointsman.dispatch.verdict import Fault, Reply, Then, first_event_is_error, judged, retry_after, verdict_on

RETRIES = Retries(tries=2, first_backoff_s=1.0, longest_backoff_s=4.0, longest_retry_after_s=20.0, deadline_s=100.0)
OK, BAD, BUSY = Reply(200, body=b"{}"), Reply(500), Reply(429, (("retry-after", "3"),))
LOST = Reply(fault=Fault.LOST)


class Played:
    """Plays replies to a state machine, on a clock that only it moves."""

    def __init__(self, groups, replies, retries=RETRIES, breaker=Breaker(), seconds=0.0, read_s=None, early=0.0):  # noqa: B008
        self.clock = Clock()
        self.health = Health(breaker, self.clock)
        self.steps, self.asked, self.waits = [], [], []
        rng = np.random.default_rng(0)
        running = attempts(groups, retries, self.health, self.clock, rng, deadline=retries.deadline_s, read_s=read_s)
        replies, reply = iter(replies), None
        try:
            while True:
                step = running.send(reply)
                self.steps.append(step)
                reply = None
                if isinstance(step, Wait):
                    self.waits.append(step.seconds)
                    # A timer may fire early, but not for ever.
                    self.clock.now += step.seconds - (early if len(self.waits) == 1 else 0.0)
                else:
                    self.asked.append(step.endpoint.provider if step.endpoint.model == "a" else step.endpoint.model)
                    self.clock.now += seconds
                    reply = next(replies)
        except StopIteration as stop:
            self.ended: Ended = stop.value

    @property
    def outcomes(self):
        return [one.outcome for one in self.ended.tries]


def test_the_first_answer_ends_it():
    played = Played(((P, Q), (B,)), [OK])
    assert (played.asked, played.ended.endpoint, played.ended.reply) == (["p"], P, OK)
    assert played.outcomes == ["answered"]


def test_all_endpoints_of_a_model_come_before_a_second_try_and_that_before_the_next_model():
    played = Played(((P, Q), (B,)), [BAD] * 4 + [OK])
    # Which of the two is asked again first is up to the random part of their waits.
    assert [played.asked[:2], sorted(played.asked[2:4]), played.asked[4:]] == [["p", "q"], ["p", "q"], ["b"]]
    assert played.ended.endpoint == B
    assert 0.5 <= played.waits[0] <= sum(played.waits) <= 1.0


def test_a_wait_that_the_endpoint_asked_for_is_kept():
    played = Played(((P,),), [BUSY, OK])
    assert (played.asked, played.waits) == (["p", "p"], [3.0])
    assert played.ended.reply == OK


def test_a_timer_that_fires_early_does_not_cost_the_endpoint_its_second_try():
    played = Played(((P,),), [BUSY, OK], early=0.001)
    assert (played.asked, played.outcomes) == (["p", "p"], ["status 429", "answered"])
    assert played.waits == [3.0, pytest.approx(0.001)]


def test_a_stream_that_has_begun_is_measured_and_no_success_yet():
    played = Played(((P,),), [BAD, Reply(200, stream=object())], seconds=0.5)
    status = played.health.status(P)
    assert (status.failures, status.latency_s) == (1, 0.5)
    assert played.ended.reply.stream is not None


def test_an_endpoint_that_asks_for_too_long_a_wait_is_left_for_the_next():
    played = Played(((P,), (B,)), [Reply(503, (("retry-after", "21"),)), OK])
    assert (played.asked, played.waits) == (["p", "b"], [])
    assert not played.health.admits(P)


def test_a_refusal_is_not_tried_again_and_the_callers_own_error_is_returned():
    assert Played(((P,), (B,)), [Reply(401), OK]).asked == ["p", "b"]
    mine = Played(((P,), (B,)), [Reply(400)])
    assert (mine.asked, mine.ended.reply.status) == (["p"], 400)
    assert mine.health.status(P).latency_s is None


def test_waits_double_up_to_the_longest():
    played = Played(((P,),), [BAD] * 5, replace(RETRIES, tries=5))
    assert [wait > 0 for wait in played.waits] == [True] * 4
    for wait, whole in zip(played.waits, [1.0, 2.0, 4.0, 4.0], strict=True):
        assert whole / 2 <= wait <= whole


def test_nobody_answers_and_the_tries_tell_why():
    played = Played(((P,), (B,)), [LOST, BAD, Reply(fault=Fault.TIMEOUT), Reply(403)])
    assert played.ended.reply is None
    assert played.outcomes == ["connection lost", "status 500", "timed out", "status 403"]
    assert [one.status for one in played.ended.tries] == [None, 500, None, 403]


def test_an_open_circuit_is_passed_over_and_the_caller_told_when_it_closes():
    played = Played(((P, Q),), [LOST] * 4, breaker=Breaker(failures=1, cooldown_s=15.0))
    assert played.asked == ["p", "q"]
    assert played.outcomes[2:] == ["left alone: it failed or asked for rest"] * 2
    assert 13.0 < played.ended.wait_s <= 15.0


def test_the_deadline_ends_it_before_a_wait_that_would_pass_it():
    played = Played(((P,), (B,)), [BUSY, BAD, BAD], replace(RETRIES, deadline_s=2.0))
    assert (played.asked, played.waits) == (["p", "b", "b"], played.waits)
    late = Played(((P,), (B,)), [LOST] * 4, replace(RETRIES, deadline_s=2.0), seconds=2.5)
    assert (late.asked, late.ended.timed_out) == (["p"], True)


def test_a_try_gets_no_more_time_than_is_left():
    slow = replace(P, timeout_s=300.0, connect_timeout_s=5.0)
    played = Played(((slow,),), [BAD, OK], replace(RETRIES, deadline_s=10.0), seconds=6.0)
    first, second = [step for step in played.steps if isinstance(step, Send)]
    assert (first.connect_timeout_s, first.timeout_s) == (5.0, 10.0)
    assert second.timeout_s == pytest.approx(10.0 - 6.0 - played.waits[0])
    assert Played(((slow,),), [OK], read_s=7.0).steps[0].timeout_s == 7.0


def test_a_success_is_measured_and_a_failure_counted():
    played = Played(((P, Q),), [LOST, OK], seconds=0.5)
    assert played.health.status(P).failures == 1
    assert played.health.status(Q).latency_s == 0.5


REPLIES = st.sampled_from(
    [
        OK,
        BAD,
        BUSY,
        LOST,
        Reply(400),
        Reply(401),
        Reply(301),
        Reply(fault=Fault.KEY),
        Reply(503, (("retry-after", "99"),)),
    ]
)


@given(st.lists(REPLIES, min_size=12, max_size=12), st.integers(1, 3))
def test_whatever_happens_it_ends_in_time_and_asks_nobody_too_often(replies, tries):
    played = Played(((P, Q), (B,)), replies, replace(RETRIES, tries=tries), seconds=1.0)
    assert len(played.asked) <= 3 * tries
    assert all(played.asked.count(name) <= tries for name in ("p", "q", "b"))
    assert played.clock.now <= RETRIES.deadline_s + 1.0
    returned = [verdict_on(reply).then is Then.RETURN for reply in replies[: len(played.asked)]]
    # Nothing is asked after an answer, and an answer is never thrown away.
    assert returned == [False] * (len(returned) - 1) + [played.ended.reply is not None]


@pytest.mark.parametrize(
    ("code", "then", "healthy"),
    [(200, "RETURN", True), (204, "RETURN", True), (400, "RETURN", True), (413, "RETURN", True), (422, "RETURN", True),
     (301, "LEAVE", False), (401, "LEAVE", False), (402, "LEAVE", False), (403, "LEAVE", False), (404, "LEAVE", None),
     (408, "RETRY", False), (409, "RETRY", None), (429, "RETRY", None), (500, "RETRY", False), (529, "RETRY", False)],
)  # fmt: skip
def test_every_status_has_a_verdict(code, then, healthy):
    verdict = verdict_on(Reply(code))
    assert (verdict.then, verdict.healthy) == (Then[then], healthy)


@pytest.mark.parametrize(
    ("body", "fault"),
    [(b"[]", Fault.MALFORMED), (b'{"choices": []}', Fault.HOLLOW), (b"{}", Fault.HOLLOW), (b"", Fault.EMPTY),
     (b'{"choices": [{}]}', None), (b'{"choices": null, "base_resp": {"status_code": 1002}}', Fault.HOLLOW),
     (b'{"object": "error", "message": "busy"}', Fault.HOLLOW), (b'{"object": "response", "status": "queued"}', None),
     (b"<html>", Fault.MALFORMED), (b'{"choices": [', Fault.MALFORMED), (b"\xff", Fault.MALFORMED),
     (b"[" * 100_000, Fault.MALFORMED),
     (b'{"error": {"code": 429}}', Fault.ERROR), (b'{"error": null, "output": []}', None),
     (b'{"error": {}, "output": []}', None), (b'{"error": {"code": 1}, "output": [{}]}', None),
     (b'{"status": "failed", "error": {"code": "server_error"}, "output": []}', Fault.ERROR)],
)  # fmt: skip
def test_an_answer_of_status_200_must_be_one(body, fault):
    assert judged(200, (), body).fault is fault


def test_what_cannot_be_read_is_not_judged():
    assert judged(200, (("content-encoding", "gzip"),), b"\x1f\x8b").fault is None
    both = (("content-encoding", "Identity"), ("content-encoding", "gzip"))
    assert judged(200, both, b"\x1f\x8b").fault is None
    assert judged(200, both[:1], b"\x1f\x8b").fault is Fault.MALFORMED
    assert judged(500, (), b"<html>").fault is None


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [(b'data: {"error": {"message": "x"}}\n\n', True), (b': hello\n\ndata: {"error": "x"}\n\n', True),
     (b'event: error\ndata: {"type": "error", "message": "x"}\n\n', True),
     (b'data: {"type": "response.failed", "response": {"error": {"code": "server_error"}}}\n\n', True),
     (b'data: {"choices": []}\n\n', False), (b'data: {"err', False), (b": ping\n\n", False), (b"", False)],
)  # fmt: skip
def test_a_stream_that_begins_with_an_error_is_known(chunk, expected):
    assert first_event_is_error(chunk) is expected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("0", 0.0), ("-4", 0.0), ("nan", None), ("inf", None), ("", None), ("Fri, 99 Foo", None),
     ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0)],
)  # fmt: skip
def test_a_retry_after_that_makes_no_sense_is_none(value, seconds):
    assert retry_after(value, 60.0) == seconds


@pytest.mark.parametrize("zone", ["", " GMT", " -0000", " +0000"])
def test_the_date_of_a_retry_after_is_of_gmt_wherever_the_service_runs(monkeypatch, zone):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert retry_after(f"Thu, 01 Jan 1970 00:01:00{zone}", 50.0) == 10.0
    finally:
        monkeypatch.undo()
        time.tzset()


def left_after(seconds, read_s=None):
    """A try that its caller leaves after so many seconds: how it ends, and how its endpoint stands."""
    clock = Clock()
    health = Health(Breaker(), clock)
    running = attempts(((P,),), RETRIES, health, clock, np.random.default_rng(0), deadline=100.0, read_s=read_s)
    assert isinstance(running.send(None), Send)
    clock.now += seconds
    with pytest.raises(StopIteration) as stop:
        running.throw(CallerGone)
    return stop.value.value, health.status(P)


@pytest.mark.parametrize(("seconds", "read_s"), [(18.0, 20.0), (30.0, None), (30.0, 600.0), (10.0, 2.0)])
def test_an_endpoint_that_a_caller_waited_for_in_vain_has_failed(seconds, read_s):
    ended, health = left_after(seconds, read_s)
    assert [(one.outcome, one.provider, one.seconds) for one in ended.tries] == [
        ("no answer when the caller left", "p", seconds)
    ]
    assert (health.failures, health.latency_s) == (1, seconds)


@pytest.mark.parametrize(("seconds", "read_s"), [(9.0, 20.0), (29.0, None), (1.5, 1.5), (9.5, 10.0)])
def test_a_caller_that_changes_its_mind_says_nothing_of_the_endpoint(seconds, read_s):
    ended, health = left_after(seconds, read_s)
    assert len(ended.tries) == 1
    assert (health.failures, health.latency_s) == (0, None)


def test_an_endpoint_that_timed_out_is_as_slow_as_that():
    played = Played(((P,),), [Reply(fault=Fault.TIMEOUT), OK], seconds=7.0)
    assert played.health.status(P).latency_s > 6.9


@pytest.mark.parametrize(("seconds", "read_s", "failures"), [(1.5, 1.5, 0), (11.0, 11.0, 1), (1.5, None, 1)])
def test_no_hasty_caller_has_an_endpoint_left_alone(seconds, read_s, failures):
    retries = replace(RETRIES, tries=1)
    played = Played(((P,),), [Reply(fault=Fault.TIMEOUT)], retries, seconds=seconds, read_s=read_s)
    assert played.health.status(P).failures == failures


def test_a_caller_that_leaves_while_a_wait_lasts_leaves_the_tries_behind():
    clock = Clock()
    running = attempts(((P,),), RETRIES, Health(Breaker(), clock), clock, np.random.default_rng(0), deadline=100.0)
    running.send(None)
    assert isinstance(running.send(BAD), Wait)
    with pytest.raises(StopIteration) as stop:
        running.throw(CallerGone)
    assert [one.outcome for one in stop.value.value.tries] == ["status 500"]


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [(b'event: error\ndata: {"type": "overloaded_error"}\n\n', True), (b"event: error\ndata: x\n\n", True),
     (b'event: response.created\ndata: {"response": {"error": null}}\n\n', False)],
)  # fmt: skip
def test_an_event_that_calls_itself_an_error_is_one(chunk, expected):
    assert first_event_is_error(chunk) is expected
