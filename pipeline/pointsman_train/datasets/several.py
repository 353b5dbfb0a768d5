"""Tables of one kind, from one file or from several, put together."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pointsman_train.data import DropLog
from pointsman_train.datasets.schema import as_numbers
from pointsman_train.errors import DataError

PROMPT_KEY, OUTCOME_KEY = ["prompt_id"], ["prompt_id", "model"]
_ONE_TEXT = "a prompt has one text and one source"
_ONE_ROW = "aggregate repeated trials to one row, keep one of two collections, or mark a log's rows in a column logged"


def outcomes_together(tables: Sequence[pd.DataFrame], origin: str, drops: DropLog) -> pd.DataFrame:
    """Put validated outcomes together.

    Raises
    ------
    DataError
        When a prompt has two outcomes of one model, and not one of them alone was asked for.
    """
    rows = asked_before_logged(_stacked(tables), drops)
    refuse_repeats(rows, OUTCOME_KEY, origin, _ONE_ROW)
    return rows


def prompts_together(tables: Sequence[pd.DataFrame], origin: str) -> pd.DataFrame:
    """Put validated prompts together; one that says the same in two files counts once.

    Raises
    ------
    DataError
        When two differ in text or source, and share an id.
    """
    rows = _stacked(tables)
    if not rows.duplicated(PROMPT_KEY).any():
        return rows
    # One that is given without its source is no other prompt.
    told = rows.groupby(["prompt_id", "prompt"])["source"].transform("first")
    rows = rows.assign(source=rows["source"].where(rows["source"].notna(), told)).drop_duplicates()
    refuse_repeats(rows, PROMPT_KEY, origin, _ONE_TEXT)
    return rows


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def asked_before_logged(rows: pd.DataFrame, drops: DropLog) -> pd.DataFrame:
    """Leave out what a service's log says of a prompt and a model where the model was asked as well, and answered.

    The two are of two collections, and must not be averaged: a router chose the one, and a plan the other.

    Examples
    --------
    >>> rows = pd.DataFrame({"prompt_id": ["a", "a", "b"], "model": "m", "score": 1.0, "logged": [1.0, None, 1.0]})
    >>> asked_before_logged(rows.assign(trials=1), DropLog()).index.tolist()
    [1, 2]
    """
    logged = as_numbers(rows["logged"]) == 1
    if not logged.any():
        return rows
    keys = pd.MultiIndex.from_frame(rows[OUTCOME_KEY])
    answered = ~logged & rows["score"].notna() & (as_numbers(rows["trials"]) != 0)
    twice = logged & keys.isin(keys[answered.to_numpy()])
    drops.add("outcome of a log where the model was asked as well", int(twice.sum()))
    lost = ~logged & ~answered & keys.isin(keys[(logged & ~twice).to_numpy()])
    drops.add("asked without an answer, where a log has one", int(lost.sum()))
    return rows[~twice & ~lost]


def refuse_repeats(rows: pd.DataFrame, keys: list[str], origin: str, mend: str) -> None:
    """Raise :class:`DataError` where two rows have the same key; ``mend`` says what to do."""
    twice = rows.duplicated(keys)
    if twice.any():
        first = ", ".join(f"{key} {rows[key][twice].iloc[0]!r}" for key in keys)
        raise DataError(f"{origin}: more than one row has {first}, in one file or in two; {mend}")
