"""What the long and the wide reader both give, and how they read prompts."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pointsman_train.datasets.schema import NUMBERS, PROMPTS, as_text, checked
from pointsman_train.datasets.source import Columns
from pointsman_train.datasets.table import Table, locate, pick
from pointsman_train.errors import DataError

PROMPT_FIELDS = ("prompt_id", "prompt", "source")
OUTCOME_FIELDS = ("prompt_id", "model", *NUMBERS)


@dataclass(frozen=True, slots=True)
class Tables:
    """Prompts and outcomes as read and validated, in long form, whatever form the file had.

    Attributes
    ----------
    prompts
        One row a prompt: prompt_id, prompt, source.
    outcomes
        One row per prompt and model of the pool: prompt_id, model and the numbers, NaN where unknown.
    models
        The pool.
    origin
        The outcomes' file.
    """

    prompts: pd.DataFrame
    outcomes: pd.DataFrame
    models: tuple[str, ...]
    origin: str


def prompts_of(table: Table, columns: Columns, repeated: bool = False) -> pd.DataFrame:
    """Read the prompts.

    Parameters
    ----------
    table
        A table with an id and a text in each row.
    columns
        The file's column names.
    repeated
        Whether a prompt may stand in several rows, as it does in outcomes that carry the text.

    Raises
    ------
    DataError
        When an id or a text is null, two prompts share an id, or the rows of one prompt differ in text or
        source.
    """
    names = locate(table, columns, required=("prompt_id", "prompt"), optional=("source",))
    rows = pick(table, names, PROMPT_FIELDS)
    rows["prompt_id"] = as_text(rows["prompt_id"])
    unique = rows.drop_duplicates("prompt_id") if repeated else rows
    prompts = checked(unique, PROMPTS, table.origin, lambda field, index: (index + 1, names[field]))
    if repeated:
        _same_everywhere(rows, unique, table.origin, names)
    return prompts


def _same_everywhere(rows: pd.DataFrame, unique: pd.DataFrame, origin: str, names: dict[str, str]) -> None:
    first = pd.Index(unique["prompt_id"]).get_indexer(pd.Index(rows["prompt_id"]))
    for field in ("prompt", "source"):
        here, there = (
            rows[field].astype(object),
            unique[field].astype(object).iloc[first].set_axis(rows.index),
        )
        differ = (here != there) & ~(here.isna() & there.isna())
        if differ.any():
            row = int(differ.argmax())
            earlier = int(unique.index[first[row]])
            raise DataError(
                f"{origin}: row {row + 1} gives prompt_id {rows['prompt_id'].iloc[row]!r} another "
                f"{names[field]!r} than row {earlier + 1} (data rows count from 1); one id has one prompt "
                "and one source"
            )
