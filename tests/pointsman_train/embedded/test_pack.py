from __future__ import annotations

import pandas as pd
import pytest

from pointsman_train.embedded.card import MARKS, label, measured, write_card
from pointsman_train.embedded.item import Item
from pointsman_train.embedded.pack import OFFICIAL, pack
from pointsman_train.errors import DataError

ITEMS = [Item(f"sum-{n}", f"What is {n} + 1?", "sum", 2, "number", str(n + 1), 16) for n in range(3)]
SMALL, MID, LARGE = OFFICIAL.values()


def answer(prompt_id, model, response="1", error=None, tokens=(100, 10)):
    return {
        "prompt_id": prompt_id,
        "model": model,
        "response": response,
        "error": error,
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "latency_ms": 5.0,
    }


ANSWERS = [
    answer("sum-0", "small", "1"),
    answer("sum-0", "mid", "2"),
    answer("sum-0", "large", "1"),
    answer("sum-1", "small", "thinking", error="finish_reason length"),
    answer("sum-1", "mid", "2"),
    {"prompt_id": "sum-1", "model": "large", "error": "APITimeoutError"},
    answer("sum-2", "small"),
]


@pytest.fixture
def folder(tmp_path):
    prices = {SMALL: (1, 2), MID: (3, 4), LARGE: (5, 6)}
    lines = [f"{name}: {{input_per_m: {i}, output_per_m: {o}, source: made up}}" for name, (i, o) in prices.items()]
    (tmp_path / "catalog.yaml").write_text("\n".join(lines))
    return tmp_path


def test_only_prompts_that_every_model_was_asked_are_packed(folder):
    pack(ITEMS, ANSWERS, folder)
    prompts = pd.read_parquet(folder / "prompts.parquet")
    assert prompts.to_dict("records") == [
        {
            "prompt_id": f"sum-{n}",
            "prompt": f"What is {n} + 1?",
            "source": "sum",
            "reference": str(n + 1),
            "grader": "number",
            "level": 2,
        }
        for n in (0, 1)
    ]


def test_outcomes_have_official_names_scores_and_costs(folder):
    pack(ITEMS, ANSWERS, folder)
    outcomes = pd.read_parquet(folder / "outcomes.parquet").set_index(["prompt_id", "model"])
    assert len(outcomes) == 6
    assert outcomes.loc[("sum-0", SMALL), "score"] == 1.0
    assert outcomes.loc[("sum-0", MID), "score"] == 0.0
    assert outcomes.loc[("sum-0", LARGE), "cost_usd"] == pytest.approx((100 * 5 + 10 * 6) / 1e6)
    assert outcomes.loc[("sum-0", LARGE), "trials"] == 1


def test_an_unknown_outcome_is_null_with_its_reason_and_never_a_failure(folder):
    pack(ITEMS, ANSWERS, folder)
    outcomes = pd.read_parquet(folder / "outcomes.parquet").set_index(["prompt_id", "model"])
    cut, lost = outcomes.loc[("sum-1", SMALL)], outcomes.loc[("sum-1", LARGE)]
    assert pd.isna(cut["score"])
    assert (cut["trials"], cut["error"], cut["response"]) == (0, "finish_reason length", "thinking")
    assert cut["cost_usd"] == pytest.approx(120 / 1e6)
    assert pd.isna(lost["score"])
    assert pd.isna(lost["cost_usd"])
    assert pd.isna(lost["input_tokens"])
    assert lost["error"] == "APITimeoutError"


def test_a_later_answer_replaces_an_earlier_one(folder):
    pack(ITEMS, [*ANSWERS, answer("sum-0", "small", "7")], folder)
    outcomes = pd.read_parquet(folder / "outcomes.parquet").set_index(["prompt_id", "model"])
    assert outcomes.loc[("sum-0", SMALL), "score"] == 0.0


def test_a_reference_that_cannot_be_read_leaves_the_answer_ungraded(folder):
    item = Item("sum-0", "What is 0 + 1?", "sum", 2, "number", "one", 16)
    pack([item], ANSWERS, folder)
    outcomes = pd.read_parquet(folder / "outcomes.parquet")
    assert set(outcomes["error"]) == {"ungraded"}
    assert outcomes["score"].isna().all()


def test_packing_needs_answers(folder):
    with pytest.raises(DataError, match="no prompt has answers of all of"):
        pack(ITEMS, ANSWERS[-1:], folder)


def test_packing_needs_the_price_of_every_model(folder):
    (folder / "catalog.yaml").write_text(f"{SMALL}: {{input_per_m: 1, output_per_m: 1}}")
    with pytest.raises(DataError, match=r"catalog\.yaml lacks \['Qwen2.5-Coder-0.5B-Instruct'"):
        pack(ITEMS, ANSWERS, folder)


def test_the_card_counts_labels_and_families(folder):
    (folder / "README.md").write_text(f"# Card\n{MARKS[0]}\nold\n{MARKS[1]}\nend\n")
    pack(ITEMS, ANSWERS, folder)
    card = (folder / "README.md").read_text()
    assert "2 prompts, 6 outcomes." in card
    assert f"| {SMALL} | 1 | 50.0% |" in card
    assert "| unknown | 1 | 50.0% |" in card
    assert "| sum | 2 | 1 | 0 | 0 | 0 | 1 |" in card
    assert f"| {SMALL} | 1.000 | 1 | 100.0 | 10.0 | 120.00 | 5 |" in card
    assert "old" not in card
    assert card.startswith("# Card\n")
    assert card.endswith("end\n")


def test_a_card_without_marks_is_not_written_over(tmp_path):
    card = tmp_path / "README.md"
    card.write_text("# Card\n")
    with pytest.raises(DataError, match=r"README\.md has no <!-- measured: begin -->"):
        write_card(card, "counts")
    assert card.read_text() == "# Card\n"


def test_a_label_is_unknown_only_where_a_cheaper_outcome_is():
    models = ("a", "b", "c")
    assert label([0.4, 0.5, None], models) == "b"
    assert label([None, 1.0, 1.0], models) == "unknown"
    assert label([0.0, 0.0, float("nan")], models) == "unknown"
    assert label([0.0, 0.0, 0.49], models) == "all-fail"


def test_measured_counts_every_prompt_once():
    prompts = pd.DataFrame({"prompt_id": ["p", "q"], "source": ["x", "y"]})
    rows = [("p", "a", 0.0), ("p", "b", 1.0), ("q", "a", 0.0), ("q", "b", 0.0)]
    outcomes = pd.DataFrame(rows, columns=["prompt_id", "model", "score"]).assign(
        input_tokens=1, output_tokens=1, cost_usd=1e-6, latency_ms=1.0
    )
    text = measured(prompts, outcomes, ["a", "b"])
    assert "| x | 1 | 0 | 1 | 0 | 0 |" in text
    assert "| y | 1 | 0 | 0 | 1 | 0 |" in text
