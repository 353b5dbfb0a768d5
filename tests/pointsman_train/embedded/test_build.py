"""Making the embedded data set, on a few prompts."""

from __future__ import annotations

import asyncio
import re
import shutil

import pandas as pd
import pytest

from pointsman_train.collect.ask import Answer
from pointsman_train.collect.collect import Request, ask_of
from pointsman_train.collect.config import PromptsConfig
from pointsman_train.collect.items import read_items, trial_seed
from pointsman_train.collect.store import Store
from pointsman_train.embedded.build import MODELS, SEED, main, pack
from pointsman_train.embedded.card import MARKS
from pointsman_train.embedded.generate import generate
from pointsman_train.errors import DataError
from pointsman_train.graders import GradeItem, make_grader


@pytest.fixture
def folder(tmp_path):
    """Three prompts with a card, and a full run of made-up answers."""
    main(["prompts", "3", str(tmp_path / "set")])
    (tmp_path / "set/README.md").write_text("Counts\n" + "\n".join(MARKS))
    items = read_items(PromptsConfig(path=str(tmp_path / "set/prompts.parquet")))

    async def fill():
        with Store(tmp_path / "answers.sqlite") as store:
            for item in items:
                graded = GradeItem(item.prompt, item.reference, trial_seed(0, item.prompt_id, 0))
                for model in MODELS:
                    ask = ask_of(item, make_grader(item.grader), model, graded, Request())
                    await store.put(ask, Answer(f"{model} on {item.prompt_id}", "stop", 10, 2, 1e-6, latency_ms=5.0))

    asyncio.run(fill())
    rows = [(item.prompt_id, model) for item in items for model in MODELS]
    table = pd.DataFrame(rows, columns=["prompt_id", "model"])
    table["score"], table["input_tokens"], table["output_tokens"] = 1.0, 10.0, 2.0
    table["cost_usd"], table["latency_ms"] = 1e-6, 5.0
    table.to_parquet(tmp_path / "outcomes.parquet")
    return tmp_path


def test_the_prompts_are_those_of_the_generator_with_their_token_limits(folder):
    items = read_items(PromptsConfig(path=str(folder / "set/prompts.parquet")))
    written = generate(3, SEED)
    assert [(i.prompt_id, i.prompt, i.max_tokens) for i in items] == [
        (w.prompt_id, w.prompt, w.max_tokens) for w in written
    ]


def test_packing_puts_each_answer_beside_its_outcome_and_counts_in_the_card(folder):
    main(["pack", str(folder / "outcomes.parquet"), str(folder / "answers.sqlite"), str(folder / "set")])
    packed = pd.read_parquet(folder / "set/outcomes.parquet")
    assert list(packed["response"]) == [f"{row.model} on {row.prompt_id}" for row in packed.itertuples()]
    card = (folder / "set/README.md").read_text()
    assert "3 prompts, 9 outcomes." in card
    assert f"| {MODELS[0]} | 3 | 100.0% |" in card


def test_packing_a_run_that_is_not_full_is_refused(folder):
    pd.read_parquet(folder / "outcomes.parquet")[:-1].to_parquet(folder / "outcomes.parquet")
    shutil.copy(folder / "set/README.md", folder / "before.md")
    with pytest.raises(DataError, match=re.escape("outcomes.parquet has 8 outcomes, expected 3 of each of 3")):
        pack(folder / "outcomes.parquet", folder / "answers.sqlite", folder / "set")
    assert (folder / "set/README.md").read_text() == (folder / "before.md").read_text()
