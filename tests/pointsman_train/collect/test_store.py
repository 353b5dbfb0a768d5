"""The store, by itself and shared."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from fake_endpoint import Reply

from pointsman_train.collect.ask import Answer, Ask
from pointsman_train.collect.rows import Ledger, read_answers
from pointsman_train.collect.stage import collect
from pointsman_train.collect.store import Claim, Store
from pointsman_train.errors import CollectError


def ask(name: str) -> Ask:
    return Ask("m", [{"role": "user", "content": name}], {"max_tokens": 1})


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "answers.sqlite"


def test_a_claim_is_held_until_its_answer_is_there(path):
    async def steps():
        with Store(path) as one, Store(path) as two:
            assert (await one.claim(ask("a"), 0.1, None)).state is Claim.MINE
            assert (await two.claim(ask("a"), 0.1, None)).state is Claim.HELD
            assert (await one.claim(ask("a"), 0.1, None)).state is Claim.HELD
            assert await two.ledger() == Ledger(0.0, 0.1)
            await one.put(ask("a"), Answer("yes", "stop", cost_usd=0.03))
            have = await two.claim(ask("a"), 0.1, None)
            assert (have.state, have.answer) == (Claim.HAVE, Answer("yes", "stop", cost_usd=0.03))
            assert await two.ledger() == Ledger(0.03, 0.0)

    asyncio.run(steps())
    assert list(read_answers(path)) == [(ask("a").key, Answer("yes", "stop", cost_usd=0.03))]


def test_an_answer_that_is_not_final_may_be_asked_again_and_its_losses_add_up(path):
    async def steps():
        with Store(path) as store:
            for _ in range(2):
                assert (await store.claim(ask("a"), 0.1, None)).state is Claim.MINE
                await store.put(ask("a"), Answer(error="no answer in time", lost_usd=0.1, final=False, tries=2))
            assert await store.missing([ask("a").key, ask("b").key]) == 2
            await store.claim(ask("a"), 0.1, None)
            await store.put(ask("a"), Answer("yes", cost_usd=0.05))
            assert await store.missing([ask("a").key, ask("b").key]) == 1
            assert (await store.ledger()).spent_usd == pytest.approx(0.25)

    asyncio.run(steps())
    ((_, answer),) = read_answers(path)
    assert (answer.lost_usd, answer.tries, answer.error) == (0.2, 5, None)


def test_money_in_flight_makes_others_wait_and_money_gone_makes_them_stop(path):
    async def steps():
        with Store(path) as one, Store(path) as two:
            await one.claim(ask("a"), 0.6, 1.0)
            assert (await two.claim(ask("b"), 0.6, 1.0)).state is Claim.TIGHT
            assert (await two.claim(ask("b"), 1.1, 1.0)).state is Claim.OVER_BUDGET
            await one.put(ask("a"), Answer("x", cost_usd=0.5))
            assert (await two.claim(ask("b"), 0.6, 1.0)).state is Claim.OVER_BUDGET
            # To the cent, although tenths have no exact form.
            assert (await two.claim(ask("b"), 0.5, 1.0)).state is Claim.MINE

    asyncio.run(steps())


def test_what_is_left_claimed_on_leaving_counts_as_spent_and_is_free(path):
    async def steps():
        with Store(path) as one:
            await one.claim(ask("a"), 0.25, None)
        with Store(path) as two:
            assert await two.ledger() == Ledger(0.25, 0.0)
            assert (await two.claim(ask("a"), 0.25, None)).state is Claim.MINE

    asyncio.run(steps())


def test_an_answer_is_written_though_whoever_waits_for_it_is_interrupted(path):
    async def steps():
        with Store(path) as store:
            for number in range(200):
                task = asyncio.create_task(store.put(ask(str(number)), Answer("kept")))
                await asyncio.sleep(0)
                if number % 3:
                    await asyncio.sleep(0.0005 * (number % 5))
                task.cancel()
            await store.put(ask("last"), Answer("kept"))

    asyncio.run(asyncio.wait_for(steps(), 30))
    assert len(list(read_answers(path))) == 201


def test_what_cannot_be_written_is_an_error_and_the_store_lives_on(path):
    async def steps():
        with Store(path) as store:
            for bad in ("\ud800", 2**70):
                answer = Answer(bad) if isinstance(bad, str) else Answer("x", input_tokens=bad)
                with pytest.raises(CollectError, match="cannot be written"):
                    await store.put(ask("a"), answer)
            await store.put(ask("a"), Answer("good"))

    asyncio.run(asyncio.wait_for(steps(), 30))


def test_a_store_that_cannot_give_back_its_claims_still_lets_go_of_them(path):
    def change(statement):
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(statement)

    async def steps():
        one = Store(path).__enter__()
        await one.claim(ask("a"), 0.25, None)
        change("CREATE TRIGGER refuse BEFORE DELETE ON claim BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        with pytest.raises(CollectError, match="the disk is full"):
            one.__exit__()
        change("DROP TRIGGER refuse")
        with Store(path) as two:
            assert (await two.claim(ask("a"), 0.25, None)).state is Claim.MINE

    asyncio.run(asyncio.wait_for(steps(), 30))
    assert "store" not in [thread.name for thread in threading.enumerate()]


def test_there_is_nothing_to_read_where_there_is_no_store(path):
    with pytest.raises(CollectError, match="there is no store of answers here"):
        list(read_answers(path))


def test_a_path_with_signs_that_addresses_use_is_a_path(tmp_path):
    path = tmp_path / "what? 100%#1.sqlite"
    with Store(path) as store:
        asyncio.run(store.put(ask("a"), Answer("x")))
    assert len(list(read_answers(path))) == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("budget", [None, 900e-6])
def test_two_runs_on_one_store_at_once_ask_nothing_twice_and_end_alike(serve, configure, tmp_path, budget):
    endpoint = serve(lambda seen, before: Reply(delay=0.005))
    limits = {"concurrency": 4}
    texts = [f"prompt {i}" for i in range(150)]
    outs = [str(tmp_path / f"{name}.parquet") for name in "ab"]
    configs = [configure({"m": endpoint.url}, texts, limits, out=out, budget_usd=budget) for out in outs]
    runs = [threading.Thread(target=collect, args=(config,)) for config in configs]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert set(endpoint.keys().values()) == {1}
    if budget is None:
        assert len(endpoint.seen) == 150
        pd.testing.assert_frame_equal(*(pd.read_parquet(out) for out in outs))
    else:
        assert (budget - 170e-6) / 12e-6 <= len(endpoint.seen) <= budget / 12e-6


def test_many_open_a_new_store_at_once(tmp_path):
    failed = []

    def opened(path: Path, gate: threading.Barrier) -> None:
        gate.wait()
        try:
            with Store(path) as store:
                asyncio.run(store.put(ask("a"), Answer("x")))
        except CollectError as error:
            failed.append(error)

    for number in range(10):
        gate = threading.Barrier(8)
        threads = [threading.Thread(target=opened, args=(tmp_path / f"{number}.sqlite", gate)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert not failed
