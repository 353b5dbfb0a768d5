"""Limits are those of the endpoint as it sees them."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
from fake_endpoint import Reply, always
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.collect.endpoints import Limits
from pointsman_train.collect.pace import Bucket, Pace
from pointsman_train.collect.stage import collect


@given(
    per_minute=st.integers(1, 10_000),
    steps=st.lists(st.tuples(st.integers(1, 500), st.floats(0, 30)), min_size=1, max_size=60),
)
def test_no_minute_sees_more_than_its_limit_and_one_request(per_minute, steps):
    """However requests of whatever size come: what goes out in any minute fits the limit, but for a single giant."""
    now = [0.0]
    bucket = Bucket(per_minute, clock=lambda: now[0])
    sent = []
    for amount, later in steps:
        now[0] += later
        sent.append((now[0] + bucket.delay(amount), amount))
    for start, _ in sent:
        inside = [amount for at, amount in sent if start <= at < start + 60 - 1e-6]
        assert sum(inside) - max(inside) <= per_minute + 1e-6


def test_a_bucket_refills_to_its_burst_and_no_further():
    now = [0.0]
    bucket = Bucket(600, clock=lambda: now[0])
    now[0] = 3600.0
    assert [bucket.delay(1) for _ in range(20)] == [0.0] * 20
    assert bucket.delay(1) > 0


def test_what_was_not_used_is_given_back():
    now = [0.0]
    bucket = Bucket(3000, clock=lambda: now[0])
    bucket.delay(100)
    bucket.give_back(90)
    assert bucket.delay(90) == 0.0
    assert bucket.delay(1) > 0


def test_requests_a_minute_are_kept_to(serve, configure):
    endpoint = serve()
    config = configure(
        {"m": endpoint.url}, [f"p{i}" for i in range(60)], {"requests_per_minute": 1200, "concurrency": 8}
    )
    begun = time.monotonic()
    collect(config)
    times = [seen.at for seen in endpoint.seen]
    assert len(times) == 60
    # Twenty a second and a burst of forty, so the last of sixty goes after one second. Between two machines' turns
    # requests may bunch: how many go in any time is the bucket's own tests' to say.
    assert max(times) - begun >= 1.0


def test_tokens_a_minute_are_kept_to(serve, configure):
    """A request is expected to take 18 tokens and takes 12; 36,000 a minute are 600 a second after 1,200 at once."""
    endpoint = serve(always(Reply(usage=(30, 10))))
    config = configure(
        {"m": endpoint.url}, [f"p{i}" for i in range(60)], {"tokens_per_minute": 36_000, "concurrency": 4}
    )
    collect(config)
    times = sorted(seen.at for seen in endpoint.seen)
    # 60 answers of 40 tokens are 2,400: the last of them waits for the second 1,200, save those in flight.
    assert times[-1] - times[0] >= (56 * 40 - 1200) / 600 * 0.9


@pytest.mark.parametrize("concurrency", [1, 5, 20])
def test_no_more_are_in_flight_than_may_be(serve, configure, concurrency):
    # Answers take longer than a busy machine needs to send all that may be in flight.
    endpoint = serve(always(Reply(delay=0.02 if concurrency == 1 else 0.3)))
    config = configure(
        {"m": endpoint.url}, [f"p{i}" for i in range(20)], {"concurrency": concurrency}, trials=2, temperature=0.5
    )
    collect(config)
    assert endpoint.most_in_flight == concurrency


def test_an_endpoint_that_waits_does_not_hold_up_another(serve, configure):
    slow = serve(lambda seen, before: Reply(status=429, headers={"Retry-After": "1"}) if not before else Reply())
    quick = serve()
    config = configure({"quick": quick.url, "slow": slow.url}, [f"p{i}" for i in range(8)])
    collect(config)
    assert max(seen.at for seen in quick.seen) < max(seen.at for seen in slow.seen) - 0.9


def test_after_a_pause_the_limit_still_holds():
    """Those who waited for the pause to end do not all go in the moment that it does."""

    async def times() -> list[float]:
        pace = Pace(Limits(concurrency=10, requests_per_minute=600))
        sent: list[float] = []

        async def one() -> None:
            await pace.turn(0)
            sent.append(time.monotonic())

        await asyncio.gather(*(one() for _ in range(20)))
        sent.clear()
        pace.pause(0.3)
        await asyncio.gather(*(one() for _ in range(10)))
        return sent

    sent = sorted(asyncio.run(times()))
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert sent[-1] - sent[0] >= 0.5
    assert max(gaps) < 0.5
