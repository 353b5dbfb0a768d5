"""What a table of prompts and a table of outcomes must be like, whatever file they came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from pointsman.text import sanitise
from pointsman_train.data import LEAST_PROBABILITY
from pointsman_train.datasets.failures import Place, explain
from pointsman_train.errors import DataError

NUMBERS = ("score", "trials", "input_tokens", "output_tokens", "cost_usd", "selection_probability", "logged")

# What spreadsheets and databases write into a text file's number columns.
_WORDS = {"": None, "na": None, "n/a": None, "null": None, "none": None, "true": 1.0, "false": 0.0}


def _is_text(values: pd.Series[Any]) -> pd.Series[bool]:
    if isinstance(values.dtype, pd.StringDtype):
        return values.notna()
    return values.map(lambda value: isinstance(value, str)).astype(bool)


def _is_share(values: pd.Series[Any]) -> pd.Series[bool]:
    return _floats(values).between(0, 1)


def _is_probability(values: pd.Series[Any]) -> pd.Series[bool]:
    return _floats(values).between(LEAST_PROBABILITY, 1)


def _is_amount(values: pd.Series[Any]) -> pd.Series[bool]:
    return _floats(values).between(0, np.inf, inclusive="left")


def _is_flag(values: pd.Series[Any]) -> pd.Series[bool]:
    return _floats(values).isin([0, 1])


def _is_count(values: pd.Series[Any]) -> pd.Series[bool]:
    return _is_amount(values) & (_floats(values) % 1 == 0)


def _floats(values: pd.Series[Any]) -> pd.Series[float]:
    """Give the floats; what :func:`as_numbers` could not convert is NaN, which no check lets pass."""
    if values.dtype == float:
        return values
    return values.map(lambda value: value if isinstance(value, float) else np.nan).astype(float)


def _column(check: Callable[[pd.Series[Any]], pd.Series[bool]], nullable: bool = False) -> pa.Column:
    return pa.Column(checks=pa.Check(check), nullable=nullable)


PROMPTS = pa.DataFrameSchema(
    {"prompt_id": _column(_is_text), "prompt": _column(_is_text), "source": _column(_is_text, nullable=True)},
    unique=["prompt_id"],
    name="prompts",
)
OUTCOMES = pa.DataFrameSchema(
    {
        "prompt_id": _column(_is_text),
        "model": _column(_is_text),
        "score": _column(_is_share, nullable=True),
        "trials": _column(_is_count, nullable=True),
        "input_tokens": _column(_is_amount, nullable=True),
        "output_tokens": _column(_is_amount, nullable=True),
        "cost_usd": _column(_is_amount, nullable=True),
        "selection_probability": _column(_is_probability, nullable=True),
        "logged": _column(_is_flag, nullable=True),
    },
    unique=["prompt_id", "model"],
    name="outcomes",
)


def checked(frame: pd.DataFrame, schema: pa.DataFrameSchema, origin: str, place: Place) -> pd.DataFrame:
    """Validate a table under our column names, with its ids as text and its numbers as floats.

    Parameters
    ----------
    frame
        The schema's columns; ids may be of any type, numbers may be spelled out.
    schema
        :data:`PROMPTS` or :data:`OUTCOMES`.
    origin
        The file, for the error.
    place
        Finds an entry's row and column in the file, for the error.

    Raises
    ------
    DataError
        When a value breaks the schema. It lists the first five faults and counts all.
    """
    prepared = frame.copy(deep=False)
    for name in frame.columns.drop("prompt", errors="ignore"):
        prepared[name] = as_numbers(frame[name]) if name in NUMBERS else as_text(frame[name])
    try:
        valid: pd.DataFrame = schema.validate(prepared, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise DataError(explain(error, prepared, origin, place)) from error
    return valid


def as_text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Give ids and names as text, whatever type the file keeps them in; null stays null.

    Examples
    --------
    >>> as_text(pd.Series([7, 8])).tolist()
    ['7', '8']
    """
    if isinstance(values.dtype, pd.StringDtype):
        return values
    return values.astype(object).map(lambda value: sanitise(str(value)), na_action="ignore")


def as_numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """Give numbers as floats, null as NaN; what is no number stays as it is, in a column of objects.

    Examples
    --------
    >>> as_numbers(pd.Series(["0.5", "NA", "true"])).tolist()
    [0.5, nan, 1.0]
    >>> as_numbers(pd.Series(["0.5", "high"])).tolist()
    [0.5, 'high']
    """
    try:
        return values.astype(float)
    except (TypeError, ValueError, OverflowError):
        spelled = values.astype(object).map(_number, na_action="ignore")
    return spelled.astype(float) if all(value is None or isinstance(value, float) for value in spelled) else spelled


def _number(value: Any) -> Any:
    word = value.strip().lower() if isinstance(value, str) else value
    if isinstance(word, str) and word in _WORDS:
        return _WORDS[word]
    try:
        return float(word)
    except (TypeError, ValueError, OverflowError):
        return value
