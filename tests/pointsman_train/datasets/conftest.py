"""Small tables in every file form, and the real ones beside the checkout."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pointsman_train.datasets import LongConfig

PROMPTS = [
    {"prompt_id": "q1", "prompt": "What is 7 + 5?", "source": "sums"},
    {"prompt_id": "q2", "prompt": 'Say "hi",\nthen stop.', "source": "chat"},
    {"prompt_id": "q3", "prompt": "Ünïcode 漢字 🚉", "source": "chat"},
]
# A score of 0.3 has no exact binary form, and the third row's cost is unknown.
OUTCOMES = [
    {"prompt_id": "q1", "model": "small", "score": 1.0, "trials": 3, "cost_usd": 1e-05},
    {"prompt_id": "q1", "model": "large", "score": 1.0, "trials": 1, "cost_usd": 0.0003},
    {"prompt_id": "q2", "model": "small", "score": 0.3, "trials": 10, "cost_usd": None},
    {"prompt_id": "q2", "model": "large", "score": 0.0, "trials": 1, "cost_usd": 0.0007},
    {"prompt_id": "q3", "model": "small", "score": 0.0, "trials": 1, "cost_usd": 3e-05},
    {"prompt_id": "q3", "model": "large", "score": 0.5, "trials": 2, "cost_usd": 0.0001},
]
Rows = list[dict[str, Any]]


def write_rows(path: Path, rows: Rows) -> str:
    """Write rows in the form that the suffix names; pandas picks gzip by itself."""
    name = path.name
    if ".jsonl" in name or ".ndjson" in name:
        opener = gzip.open if name.endswith(".gz") else open
        with opener(path, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    elif name.endswith(".parquet"):
        pd.DataFrame(rows).to_parquet(path)
    else:
        pd.DataFrame(rows).to_csv(path, index=False)
    return str(path)


@pytest.fixture
def rows(tmp_path: Path) -> Callable[[str, Rows], str]:
    """Write rows to a file of this name and return its path."""
    return lambda name, content: write_rows(tmp_path / name, content)


@pytest.fixture
def long(tmp_path: Path) -> Callable[..., LongConfig]:
    """Write the small data set, or another, in long form."""

    def build(
        outcomes: Rows = OUTCOMES, prompts: Rows | None = PROMPTS, suffix: str = ".jsonl", **settings: Any
    ) -> LongConfig:
        texts = None if prompts is None else write_rows(tmp_path / f"prompts{suffix}", prompts)
        path = write_rows(tmp_path / f"outcomes{suffix}", outcomes)
        return LongConfig(prompts=texts, outcomes=path, **settings)

    return build


def with_row(rows: Rows, at: int, **changes: Any) -> Rows:
    """Return the rows with one changed, counted from 0."""
    return [{**row, **changes} if i == at else row for i, row in enumerate(rows)]


@pytest.fixture
def small() -> tuple[Rows, Rows]:
    """Prompts and outcomes of the small data set."""
    return PROMPTS, OUTCOMES


@pytest.fixture
def changed() -> Callable[..., Rows]:
    """Change one row."""
    return with_row


@pytest.fixture
def shared_data() -> Path:
    """Folder of the real outcome data; skips where it is absent."""
    folder = Path(__file__).parents[4] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real outcome data is not beside the checkout")
    return folder
