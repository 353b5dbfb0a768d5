"""Make the embedded data set: write its prompts; after ``pointsman-collect``, add the responses and the counts.

::

    python -m pointsman_train.embedded.build prompts 2090 data/fleet
    pointsman-collect prompts.path=data/fleet/prompts.parquet catalog=data/fleet/catalog.yaml plan=full max_tokens=160
    python -m pointsman_train.embedded.build pack collected/outcomes.parquet collected/answers.sqlite data/fleet
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from pointsman_train.collect.collect import Request, ask_of
from pointsman_train.collect.config import PromptsConfig
from pointsman_train.collect.items import read_items, trial_seed
from pointsman_train.collect.rows import read_answers
from pointsman_train.collect.write import write_table
from pointsman_train.embedded.card import measured, write_card
from pointsman_train.embedded.generate import generate
from pointsman_train.errors import DataError
from pointsman_train.graders import GradeItem, make_grader

SEED = 20_260
"""Seed of the prompts."""

MODELS = ("SmolLM2-135M-Instruct", "Qwen2.5-Coder-0.5B-Instruct", "Qwen2.5-Coder-1.5B-Instruct")
"""The fleet, cheapest first."""

PROMPTS, OUTCOMES, CARD = "prompts.parquet", "outcomes.parquet", "README.md"

_COLUMNS = ["prompt_id", "prompt", "source", "reference", "grader", "level", "max_tokens"]


def write_prompts(count: int, folder: Path) -> None:
    """Write the first ``count`` prompts of the generator as a table that ``pointsman-collect`` reads."""
    table = pd.DataFrame([asdict(item) for item in generate(count, SEED)]).rename(columns={"family": "source"})
    write_table(table[_COLUMNS], folder / PROMPTS)


def pack(outcomes: Path, store: Path, folder: Path) -> None:
    """Put the outcomes of a full run beside the prompts, with each answer's text, and count them in the card.

    Parameters
    ----------
    outcomes, store
        What ``pointsman-collect`` wrote for the folder's prompts, at its default seed.
    folder
        Has the prompts and the card.

    Raises
    ------
    DataError
        Where a model was not asked for a prompt.
    """
    table = pd.read_parquet(outcomes)
    prompts = pd.read_parquet(folder / PROMPTS)
    if len(table) != len(prompts) * len(MODELS) or set(table["model"]) != set(MODELS):
        raise DataError(f"{outcomes.name} has {len(table)} outcomes, expected {len(MODELS)} of each of {len(prompts)}")
    texts = _texts(store, folder / PROMPTS)
    table["response"] = [texts[row] for row in zip(table["prompt_id"], table["model"], strict=True)]
    write_table(table, folder / OUTCOMES)
    write_card(folder / CARD, measured(prompts, table, MODELS))


def _texts(store: Path, prompts: Path) -> dict[tuple[str, str], str | None]:
    """Text of each answer, by prompt and model: the requests are made again to know their keys."""
    answers, request = dict(read_answers(store)), Request()
    texts: dict[tuple[str, str], str | None] = {}
    for item in read_items(PromptsConfig(path=str(prompts))):
        graded = GradeItem(item.prompt, item.reference, trial_seed(request.seed, item.prompt_id, 0))
        for model in MODELS:
            key = ask_of(item, make_grader(item.grader), model, graded, request).key
            texts[item.prompt_id, model] = answers[key].text if key in answers else None
    return texts


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Make the embedded data set.")
    commands = parser.add_subparsers(required=True)
    prompts = commands.add_parser("prompts", help="write the prompts")
    prompts.add_argument("count", type=int)
    prompts.add_argument("folder", type=Path)
    prompts.set_defaults(run=lambda given: write_prompts(given.count, given.folder))
    packing = commands.add_parser("pack", help="add the outcomes of a run and count them in the card")
    packing.add_argument("outcomes", type=Path)
    packing.add_argument("store", type=Path)
    packing.add_argument("folder", type=Path)
    packing.set_defaults(run=lambda given: pack(given.outcomes, given.store, given.folder))
    given = parser.parse_args(argv)
    given.run(given)


if __name__ == "__main__":
    main()
