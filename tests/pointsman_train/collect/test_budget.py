"""The budget is never passed, and what it covers is asked."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pandas as pd
import pytest
from fake_endpoint import Reply, always

from pointsman_train.collect.ask import Answer, Ask
from pointsman_train.collect.endpoints import Endpoint, most_tokens
from pointsman_train.collect.stage import collect, summarise

pytestmark = pytest.mark.usefixtures("quick")

# A prompt of one character is 5 + 16 + 128 tokens at the most, and 10 come back at the most.
WORST = 159e-6
PROMPTS = [chr(97 + i) for i in range(20)]


def billed(endpoint, each: float) -> float:
    return each * len(endpoint.seen)


def unknown(config) -> dict[str, int]:
    return pd.read_parquet(config.out)["error"].value_counts().to_dict()


def test_the_worst_case_is_counted_by_hand():
    messages = [{"role": "user", "content": "é"}]
    assert most_tokens(messages) == 4 + 2 + 16 + 128
    endpoint = Endpoint("m", "http://x/v1", "m", None, 2.0, 3.0)
    assert endpoint.worst_cost(messages, 10) == pytest.approx((150 * 2 + 10 * 3) / 1e6)
    # What else a message carries is read by the model as well.
    assert most_tokens([{**messages[0], "name": "abc"}]) == 153


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_budget_is_used_to_its_end_and_not_beyond(serve, configure, concurrency):
    """An answer costs 12 millionths and may cost 159: after n answers another is asked while 12 n + 159 fits."""
    endpoint = serve()
    config = configure({"m": endpoint.url}, PROMPTS, {"concurrency": concurrency}, budget_usd=300e-6)
    collected = collect(config)
    assert len(endpoint.seen) == 12
    assert collected.progress.ledger.spent_usd == pytest.approx(12 * 12e-6)
    assert collected.progress.ledger.reserved_usd == 0
    assert unknown(config) == {"over the budget (1 of 1)": 8}
    assert "raise budget_usd and run again to go on" in summarise(collected, config)


def test_a_budget_is_of_the_store_and_not_of_the_run(serve, configure):
    endpoint = serve()
    config = configure({"m": endpoint.url}, PROMPTS, budget_usd=300e-6)
    for _ in range(3):
        collect(config)
    assert len(endpoint.seen) == 12
    config.budget_usd = 400e-6
    collect(config)
    assert len(endpoint.seen) == 20
    assert unknown(config) == {}


def test_a_budget_of_nothing_asks_nothing(serve, configure):
    endpoint = serve()
    config = configure({"m": endpoint.url}, PROMPTS, budget_usd=0.0)
    collect(config)
    assert not endpoint.seen


@pytest.mark.parametrize(
    "reply",
    [Reply(delay=5), Reply(cut=90), Reply(raw=b"{"), Reply(status=504), Reply(usage=None), Reply(usage=(149, 10))],
    ids=["hang", "cut", "garbage", "gateway", "no usage", "dearest"],
)
def test_what_may_have_been_billed_counts_as_dear_as_it_may_be(serve, configure, reply):
    """Ten requests at their dearest, retries included, restarts included."""
    endpoint = serve(always(reply))
    config = configure({"m": endpoint.url}, PROMPTS, {"concurrency": 4}, budget_usd=10.5 * WORST, timeout_s=0.2)
    for _ in range(2):
        ledger = collect(config).progress.ledger
    assert len(endpoint.seen) == 10
    assert ledger.spent_usd == pytest.approx(10 * WORST)


def test_what_was_refused_costs_nothing(serve, configure):
    endpoint = serve(lambda seen, before: Reply(status=500) if before < 2 else Reply())
    config = configure({"m": endpoint.url}, PROMPTS, budget_usd=600e-6)
    assert collect(config).progress.ledger.spent_usd == pytest.approx(20 * 12e-6)
    assert unknown(config) == {}


def test_a_cost_that_is_not_told_is_unknown_in_the_table_and_not_nothing(serve, configure):
    config = configure({"m": serve(always(Reply(usage=None))).url}, ["a"])
    collect(config)
    row = pd.read_parquet(config.out).iloc[0]
    assert row.score == 1.0
    assert pd.isna([row.cost_usd, row.input_tokens, row.output_tokens]).all()


def test_a_judge_keeps_to_the_budget_as_well(serve, configure):
    judge = serve(always(Reply(text="Score: 1", usage=(10, 1))))
    prompts = pd.DataFrame({"prompt_id": PROMPTS, "prompt": PROMPTS, "grader": "judge"})
    config = configure({"m": serve().url, "j": judge.url}, prompts, pool=["m"], budget_usd=WORST + 19 * 12e-6)
    config.judge.model = "j"
    assert collect(config).progress.ledger.spent_usd == pytest.approx(20 * 12e-6)
    assert not judge.seen
    assert unknown(config) == {"the judge gave no reply: no judgement: over the budget (1 of 1)": 20}


def test_a_dry_run_asks_nothing_and_its_worst_is_no_less_than_what_is_then_spent(serve, configure):
    dear = serve(always(Reply(usage=(149, 10))))
    config = configure({"a": serve().url, "b": dear.url}, PROMPTS, trials=2, temperature=0.5, dry_run=True)
    dry = collect(config)
    assert not dear.seen
    assert [(e.model, e.asks) for e in dry.estimates] == [("a", 40), ("b", 40)]
    assert [e.worst_usd for e in dry.estimates] == pytest.approx([40 * WORST, 400 * WORST])
    assert all(e.likely_usd < e.worst_usd for e in dry.estimates)
    assert "nothing was asked" in summarise(dry, config)
    config.dry_run = False
    spent = collect(config).progress.ledger.spent_usd
    assert spent == pytest.approx(40 * 12e-6 + 400 * WORST)
    assert spent <= sum(e.worst_usd for e in dry.estimates)
    config.dry_run = True
    assert [e.asks for e in collect(config).estimates] == [0, 0]


KILLED = """
import asyncio, os, sys
from pathlib import Path
from pointsman_train.collect.ask import Ask
from pointsman_train.collect.store import Store

async def main():
    with Store(Path(sys.argv[1])) as store:
        print((await store.claim(Ask("m", [], {}), 0.25, None)).state.name, flush=True)
        os._exit(9)

asyncio.run(main())
"""


def test_money_set_aside_by_a_process_that_died_counts_as_spent(serve, configure, tmp_path, environment):
    endpoint = serve()
    config = configure({"m": endpoint.url}, PROMPTS, budget_usd=0.25 + 300e-6)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, config.store], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("MINE\n", 9)
    ledger = collect(config).progress.ledger
    assert len(endpoint.seen) == 12
    assert (ledger.spent_usd, ledger.reserved_usd) == (pytest.approx(0.25 + 12 * 12e-6), 0)


def test_the_ledger_is_the_sum_of_the_answers(serve, configure):
    endpoint = serve(lambda seen, before: Reply(cut=90) if before == 0 and seen.prompt in "abc" else Reply())
    config = configure({"m": endpoint.url}, PROMPTS)
    spent = collect(config).progress.ledger.spent_usd
    with closing(sqlite3.connect(config.store)) as db:
        kept = db.execute("SELECT total(cost_usd), total(lost_usd), sum(tries) FROM answer").fetchone()
    assert kept == (pytest.approx(20 * 12e-6), pytest.approx(3 * WORST), 23)
    assert spent == pytest.approx(20 * 12e-6 + 3 * WORST)


def test_an_unknown_answer_says_why():
    assert Answer("x", "stop").unknown is None
    assert Ask("m", [], {}).key != Ask("n", [], {}).key
