"""From the validation library's report to one message that names file, row and column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pandera.pandas as pa

Place: TypeAlias = Callable[[str, int], tuple[int, str]]
"""From our column and the index in our table to the 1-based data row and the column in the file."""

_SHOWN = 5
_LONGEST = 80
# Scales that people score by, and the share of scores above 1 that is no slip.
_SCALES, _MANY = (5, 10, 100), 0.2
_AMOUNT = "a finite number of 0 or more, or null where unknown"
_EXPECTED = {
    "prompt_id": "an id",
    "model": "a model's name",
    "prompt": "text",
    "score": "a number in [0, 1], or null where not graded",
    "trials": "a whole number of 0 or more, or null",
    "input_tokens": _AMOUNT,
    "output_tokens": _AMOUNT,
    "cost_usd": _AMOUNT,
    "selection_probability": "the probability that the model was asked, from 0.0001 to 1, or null where unknown",
    "logged": "true where a router chose who answered, as in a service's log, else false or null",
}
_HINTS = {
    "prompts": "give each prompt an id of its own",
    "outcomes": "aggregate repeated trials to one row: their mean as the score, their number as the trials",
}

_OF_TWO = (
    "they have other probabilities, so they are of two collections, as a log and what was asked later: keep one "
    "collection of each prompt, the one with all outcomes, and drop the other's rows; a log's rows are left out by "
    "themselves where a column logged marks them"
)


def explain(error: pa.errors.SchemaErrors, frame: pd.DataFrame, origin: str, place: Place) -> str:
    """Write the message for a table that breaks its schema.

    Parameters
    ----------
    error
        What validation raised.
    frame
        The table that was validated.
    origin
        The file.
    place
        Finds an entry's row and column in the file.

    Returns
    -------
    The first five faults in order of rows, and the count of all.
    """
    schema = error.schema
    repeats = _repeats(frame, schema.unique, place, _hint(frame, schema))
    faults = sorted([*_values(error.failure_cases, place), *repeats])
    more = f"\n  and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    lines = "".join(f"\n  row {row}{text}" for row, text in faults[:_SHOWN])
    found = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return f"{origin}: {found} in the {schema.name} (data rows count from 1){lines}{more}{_scale(frame)}"


def _hint(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> str:
    """Say how repeated rows are mended; of two collections no one row may be made."""
    keys, probability = list(schema.unique), "selection_probability"
    if probability in frame:
        kinds = frame[frame.duplicated(keys, keep=False)].groupby(keys)[probability].nunique(dropna=False)
        if (kinds > 1).any():
            return _OF_TWO
    return _HINTS[schema.name]


def _scale(frame: pd.DataFrame) -> str:
    """Say of scores on another scale how they come to ours, where most of them look like that."""
    scores = frame["score"] if "score" in frame else pd.Series(dtype=float)
    if scores.dtype != float or not (scores.dropna().between(0, _SCALES[-1])).all():
        return ""
    if not (scores > 1).mean() > _MANY:
        return ""
    scale = next(one for one in _SCALES if scores.max() <= one)
    return f"\n  the scores go up to {scores.max():g}: divide them by {scale}, if that is their scale"


def _values(cases: pd.DataFrame, place: Place) -> list[tuple[int, str]]:
    single = cases[cases["schema_context"] == "Column"]
    faults = []
    for field, index, value in zip(single["column"], single["index"], single["failure_case"], strict=True):
        row, column = place(field, int(index))
        faults.append((row, f", column {column!r}: got {_shown(value)}, expected {_EXPECTED[field]}"))
    return faults


def _repeats(frame: pd.DataFrame, keys: list[str], place: Place, hint: str) -> list[tuple[int, str]]:
    alike = frame.loc[frame.duplicated(keys, keep=False), keys].dropna()
    first: dict[tuple[Any, ...], int] = {}
    faults = []
    for index, key in zip(alike.index, alike.itertuples(index=False, name=None), strict=True):
        if first.setdefault(key, index) != index:
            what = " and ".join(f"{name} {value!r}" for name, value in zip(keys, key, strict=True))
            row, _ = place(keys[0], index)
            earlier, _ = place(keys[0], first[key])
            faults.append((row, f" repeats row {earlier}, {what}; {hint}"))
    return faults


def _shown(value: Any) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or plain is pd.NA or plain != plain:
        return "null"
    text = repr(plain)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
