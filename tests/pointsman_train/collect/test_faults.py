"""What can go wrong between us and an endpoint, over a real socket."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pandas as pd
import pytest
from fake_endpoint import Reply, always, in_turn

from pointsman_train.collect.client import MAX_TRIES
from pointsman_train.collect.stage import collect

pytestmark = pytest.mark.usefixtures("quick")

GOOD = Reply()


def by_prompt(scripts):
    return lambda seen, before: scripts.get(seen.prompt, always(GOOD))(seen, before)


def table(config) -> pd.DataFrame:
    return pd.read_parquet(config.out).set_index("prompt_id")


# What an endpoint sends once before it answers well.
PASSING = {
    "too many": Reply(status=429, headers={"Retry-After": "0.1"}),
    "too many, unsaid": Reply(status=429),
    "own trouble": Reply(status=500),
    "bad gateway": Reply(status=502),
    "unavailable": Reply(status=503, headers={"Retry-After": "0.1"}),
    "gateway timeout": Reply(status=504),
    "hang": Reply(delay=30),
    "half a JSON": Reply(raw=b'{"choices": [{"mess'),
    "no choices": Reply(raw=b'{"choices": []}'),
    "a list": Reply(raw=b"[1]"),
    "deep": Reply(raw=b"[" * 100_000),
    "text is a number": Reply(raw=b'{"choices": [{"message": {"content": 7}}]}'),
    "tokens below zero": Reply(usage=(-5, 1)),
    "tokens beyond the store": Reply(usage=(2**70, 1)),
    "finish is a list": Reply(raw=b'{"choices": [{"message": {"content": "7"}, "finish_reason": ["stop"]}]}'),
    "a web page": Reply(raw=b"<html>Log in</html>", content_type="text/html"),
    "not text": Reply(raw=b"\xff\xfe\x00", content_type="application/octet-stream"),
    "dies in the head": Reply(cut=9),
    "dies in the body": Reply(cut=150),
}


def test_what_passes_is_asked_again_and_nothing_is_lost(serve, configure):
    endpoint = serve(by_prompt({name: in_turn(reply, GOOD) for name, reply in PASSING.items()}))
    config = configure({"m": endpoint.url}, [*PASSING, "fine"], timeout_s=1.5)
    collected = collect(config)
    found = table(config)
    assert found["score"].tolist() == [1.0] * len(found)
    assert found["error"].isna().all()
    assert endpoint.prompts() == {**dict.fromkeys(PASSING, 2), "fine": 1}
    assert collected.progress.asked == len(found)


# What does not pass: the reply, the reason in the table, and how often it may be tried.
STAYING = {
    "busy": (Reply(status=429, headers={"Retry-After": "0.02"}), "http 429", MAX_TRIES),
    "broken": (Reply(status=500), "http 500", MAX_TRIES),
    "garbage": (Reply(raw=b"{"), "the answer is not a chat completion", MAX_TRIES),
    "dying": (Reply(cut=150), "the connection broke", MAX_TRIES),
    "cut off": (Reply(finish="length"), "cut off by the token limit", 1),
    "filtered": (Reply(finish="content_filter"), "refused by a filter", 1),
    "silent": (Reply(raw=b'{"choices": [{"message": {"content": null}}]}'), "no text", 1),
    "bad request": (Reply(status=400), "http 400", 1),
    "too large": (Reply(status=413), "http 413", 1),
    "cannot be done": (Reply(status=422), "http 422", 1),
}


def test_what_stays_is_unknown_with_its_reason_and_never_a_failure(serve, configure):
    endpoint = serve(by_prompt({name: always(reply) for name, (reply, _, _) in STAYING.items()}))
    config = configure({"m": endpoint.url}, [*STAYING, "fine"])
    collected = collect(config)
    found = table(config)
    expected = [f"{reason} (1 of 1)" for _, reason, _ in STAYING.values()]
    assert found["error"].fillna("").tolist() == [*expected, ""]
    assert found["score"].isna().tolist() == [True] * len(STAYING) + [False]
    assert found["trials"].tolist() == [0] * len(STAYING) + [1]
    assert endpoint.prompts() == {**{name: tries for name, (_, _, tries) in STAYING.items()}, "fine": 1}
    assert collected.progress.unknown == len(STAYING)


def test_a_later_run_asks_only_for_what_may_come_out_otherwise(serve, configure):
    endpoint = serve(by_prompt({name: always(reply) for name, (reply, _, _) in STAYING.items()}))
    config = configure({"m": endpoint.url}, [*STAYING, "fine"])
    collect(config)
    endpoint.script = always(GOOD)
    endpoint.seen.clear()
    collect(config)
    final = {"cut off", "filtered", "silent", "bad request", "too large", "cannot be done"}
    assert endpoint.prompts() == dict.fromkeys(STAYING.keys() - final, 1)
    assert table(config)["score"].isna().sum() == len(final)


def test_a_hang_is_unknown_in_time(serve, configure):
    endpoint = serve(always(Reply(delay=30)))
    config = configure({"m": endpoint.url}, ["x"], timeout_s=0.1)
    started = time.monotonic()
    collect(config)
    assert time.monotonic() - started < 5
    assert table(config)["error"].tolist() == ["no answer in time (1 of 1)"]
    assert len(endpoint.seen) == MAX_TRIES


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404])
def test_an_endpoint_that_refuses_is_asked_no_more_and_can_be_asked_again_later(serve, configure, status):
    endpoint = serve(always(Reply(status=status, delay=0.01)))
    config = configure({"m": endpoint.url}, [f"prompt {i}" for i in range(100)], {"concurrency": 4})
    collect(config)
    assert len(endpoint.seen) <= 4
    assert set(table(config)["error"]) == {f"http {status} (1 of 1)"}
    endpoint.script = always(GOOD)
    collect(config)
    assert table(config)["score"].tolist() == [1.0] * 100


def test_a_used_up_quota_is_no_rush_to_wait_for(serve, configure):
    spent = json.dumps({"error": {"message": "pay", "code": "insufficient_quota"}}).encode()
    endpoint = serve(always(Reply(status=429, raw=spent)))
    config = configure({"m": endpoint.url}, [str(i) for i in range(30)], {"concurrency": 3})
    collect(config)
    assert len(endpoint.seen) <= 3
    assert set(table(config)["error"]) == {"http 429, the quota is used up (1 of 1)"}


def test_a_wait_of_hours_ends_the_run_for_that_endpoint(serve, configure):
    endpoint = serve(always(Reply(status=429, headers={"Retry-After": "7200"})))
    config = configure({"m": endpoint.url}, [str(i) for i in range(30)], {"concurrency": 3})
    collect(config)
    assert len(endpoint.seen) <= 3
    assert set(table(config)["error"]) == {"http 429, asks to wait 7200 s (1 of 1)"}


def test_nobody_listens(configure):
    config = configure({"m": "http://127.0.0.1:9/v1"}, ["x"])
    collected = collect(config)
    assert table(config)["error"].tolist() == ["the connection failed (1 of 1)"]
    assert collected.progress.ledger.spent_usd == 0


def test_an_address_where_nobody_is_does_not_hold_up_each_prompt(serve, configure, monkeypatch, caplog):
    monkeypatch.setattr("pointsman_train.collect.reach.NEVER_ANSWERED_S", 0.05)
    gone, there = "http://127.0.0.1:9/v1", serve()
    config = configure({"gone": gone, "there": there.url}, [str(i) for i in range(200)], {"concurrency": 2})
    collect(config)
    tried = [message for message in caplog.messages if message.startswith("gone")]
    assert tried == [
        f"gone cannot be reached at {gone}; trying on",
        "gone: the connection failed; nothing more is asked of it in this run",
    ]
    found = table(config)
    assert set(found.error[found.model == "gone"]) == {"the connection failed (1 of 1)"}
    assert found.score[found.model == "there"].tolist() == [1.0] * 200


def test_a_host_that_takes_no_connection_is_told_from_one_that_is_slow_to_answer(serve, configure):
    """Its backlog is full, as that of a firewall that drops packets: nothing was sent, so nothing was lost."""
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        config = configure({"m": f"http://127.0.0.1:{full.getsockname()[1]}/v1"}, ["x"], timeout_s=0.4)
        collected = collect(config)
    assert table(config)["error"].tolist() == ["the connection failed (1 of 1)"]
    assert collected.progress.ledger.spent_usd == 0


def date_in(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(("asked_for", "at_least"), [(lambda: "1.0", 1.0), (lambda: date_in(1.9), 0.85)])
def test_after_retry_after_no_request_comes_earlier_than_asked_and_none_too_many(serve, configure, asked_for, at_least):
    """The third request is refused; whatever is sent afterwards waits, whichever prompt it is for."""

    def script(seen, before):
        if len(endpoint.seen) == 3:
            return Reply(status=429, headers={"Retry-After": asked_for()})
        return Reply(delay=0.01)

    endpoint = serve(script)
    config = configure({"m": endpoint.url}, [f"p{i}" for i in range(40)], {"concurrency": 4})
    collect(config)
    assert table(config)["score"].tolist() == [1.0] * 40
    assert len(endpoint.seen) == 41
    refused = next(at for at, reply in endpoint.replied if reply.status == 429)
    # What left before the refusal was read cannot be called back.
    later = [seen.at - refused for seen in endpoint.seen if seen.at > refused + 0.05]
    assert len(later) >= 41 - 4 - 3
    assert min(later) >= at_least


def test_an_endpoint_that_is_down_is_not_stormed(serve, configure, monkeypatch):
    monkeypatch.setattr("pointsman_train.collect.client.FIRST_BACKOFF_S", 0.05)
    endpoint = serve(always(Reply(status=503)))
    config = configure({"m": endpoint.url}, [f"p{i}" for i in range(8)], {"concurrency": 8})
    collect(config)
    assert len(endpoint.seen) == 8 * MAX_TRIES
    rounds = sorted(seen.at for seen in endpoint.seen)
    # Waits of 0.025 to 0.05 s that double: five of them take 0.775 s at the least, and each round is of 8 requests.
    assert rounds[-1] - rounds[0] >= 0.77
    assert rounds[8] - rounds[0] >= 0.025


def test_trouble_with_one_prompt_does_not_hold_up_the_others(serve, configure, monkeypatch):
    monkeypatch.setattr("pointsman_train.collect.client.FIRST_BACKOFF_S", 0.05)
    endpoint = serve(by_prompt({"poison": always(Reply(status=500))}))
    config = configure({"m": endpoint.url}, ["poison", *(f"p{i}" for i in range(50))], {"concurrency": 4})
    collect(config)
    others = [seen.at for seen in endpoint.seen if seen.prompt != "poison"]
    poison = [seen.at for seen in endpoint.seen if seen.prompt == "poison"]
    assert max(others) < poison[-1]
    assert max(others) - min(others) < poison[-1] - poison[0]


def test_text_that_no_database_holds_is_mended_and_kept(serve, configure):
    raw = b'{"choices": [{"message": {"content": "4\\ud8002\\u0000"}, "finish_reason": "stop"}]}'
    endpoint = serve(always(Reply(raw=raw)))
    config = configure({"m": endpoint.url}, pd.DataFrame({"prompt_id": ["p"], "prompt": ["x"], "reference": ["4�2�"]}))
    collect(config)
    assert table(config)["error"].tolist() == [None]
    assert len(endpoint.seen) == 1
