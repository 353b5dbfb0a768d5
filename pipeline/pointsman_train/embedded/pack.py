"""Grade the kept answers and write the embedded data set: two tables and the counts in its card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from pointsman_train.data import ModelSpec
from pointsman_train.datasets.catalog import read_catalog
from pointsman_train.embedded.card import measured, write_card
from pointsman_train.embedded.item import Item
from pointsman_train.errors import DataError
from pointsman_train.graders import GRADERS

OFFICIAL = {
    "small": "SmolLM2-135M-Instruct",
    "mid": "Qwen2.5-Coder-0.5B-Instruct",
    "large": "Qwen2.5-Coder-1.5B-Instruct",
}
"""The models' names in the tables by their alias on the servers, cheapest first."""

CARD, CATALOG = "README.md", "catalog.yaml"

Answer: TypeAlias = Mapping[str, Any]
"""A record of ``extract``: one model's answer to one prompt."""


def cost(answer: Answer, spec: ModelSpec) -> float | None:
    """Return an answer's cost in USD at list price; None where its tokens or the price are unknown."""
    parts = (
        (answer.get("input_tokens"), spec.input_per_m),
        (answer.get("output_tokens"), spec.output_per_m),
    )
    known = [tokens * price for tokens, price in parts if tokens is not None and price is not None]
    return sum(known) / 1e6 if len(known) == len(parts) else None


def outcome_row(item: Item, answer: Answer, spec: ModelSpec) -> dict[str, Any]:
    """Return one row of the outcomes table; where ``score`` is unknown it is None and ``error`` says why."""
    error = answer["error"]
    score = None if error else GRADERS[item.grader](answer["response"], item.reference)
    return {
        "prompt_id": item.prompt_id,
        "model": spec.name,
        "score": score,
        "trials": int(score is not None),
        "input_tokens": answer.get("input_tokens"),
        "output_tokens": answer.get("output_tokens"),
        "cost_usd": cost(answer, spec),
        "latency_ms": answer.get("latency_ms"),
        "error": error or (None if score is not None else "ungraded"),
        "response": answer.get("response"),
    }


def complete(items: Iterable[Item], answers: Iterable[Answer]) -> list[tuple[Item, list[Answer]]]:
    """Pair each item that every model was asked for with its latest answers, cheapest model first."""
    latest = {(answer["prompt_id"], answer["model"]): answer for answer in answers}
    rows = ((item, [latest.get((item.prompt_id, alias)) for alias in OFFICIAL]) for item in items)
    return [(item, [a for a in row if a is not None]) for item, row in rows if None not in row]


def pack(items: Sequence[Item], answers: Iterable[Answer], folder: Path) -> None:
    """Write ``prompts.parquet`` and ``outcomes.parquet`` and the counts in the card.

    Parameters
    ----------
    items
        The generated prompts; one that a model was not asked for yet is left out.
    answers
        The records that ``extract`` kept.
    folder
        Where ``catalog.yaml`` stands and the tables go.

    Raises
    ------
    DataError
        Where no prompt has an answer of every model, or the catalog lacks a model.
    """
    catalog = read_catalog(str(folder / CATALOG))
    missing = [name for name in OFFICIAL.values() if name not in catalog]
    if missing:
        raise DataError(f"{CATALOG} lacks {missing}; add input_per_m and output_per_m of each")
    rows = complete(items, answers)
    if not rows:
        raise DataError(f"no prompt has answers of all of {list(OFFICIAL)}; run the collection first")
    prompts = pd.DataFrame([asdict(item) for item, _ in rows]).rename(columns={"family": "source"})
    outcomes = pd.DataFrame(
        [outcome_row(item, answer, catalog[OFFICIAL[answer["model"]]]) for item, of_item in rows for answer in of_item]
    ).astype({"score": "float64", "input_tokens": "Int64", "output_tokens": "Int64", "cost_usd": "float64"})
    columns = ["prompt_id", "prompt", "source", "reference", "grader", "level"]
    for name, table in (("prompts", prompts[columns]), ("outcomes", outcomes)):
        partial = folder / f"{name}.parquet.partial"
        table.to_parquet(partial, compression="zstd", index=False)
        partial.replace(folder / f"{name}.parquet")
    write_card(folder / CARD, measured(prompts, outcomes, list(OFFICIAL.values())))
