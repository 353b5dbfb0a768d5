"""Prompts without outcomes: a column of a table, as logs have it."""

from __future__ import annotations

from collections.abc import Sequence

from pointsman.text import sanitise
from pointsman_train.datasets.files import files_of, open_table
from pointsman_train.datasets.hints import did_you_mean, listed
from pointsman_train.errors import DataError


def read_prompts(named: str | Sequence[str], column: str, setting: str) -> tuple[list[str], int]:
    """Read a column of prompts; returns them without those that are null or blank, and how many those are.

    Parameters
    ----------
    named
        A file, a pattern, or a list of both.
    setting
        Where the column is named, for the error.

    Raises
    ------
    DataError
        When a file cannot be read, lacks the column or has no prompt in it.
    """
    found = [_prompts_in(path, column, setting) for path in files_of(named)]
    return [prompt for prompts, _ in found for prompt in prompts], sum(left_out for _, left_out in found)


def _prompts_in(path: str, column: str, setting: str) -> tuple[list[str], int]:
    table = open_table(path)
    if column not in table.columns:
        of_log = "; a log has them with the setting log_prompts = true" if "decision_id" in table.columns else ""
        raise DataError(
            f"{path}: no column {column!r}{did_you_mean(column, table.columns)}; the columns are "
            f"{listed(table.columns)}; name the one with the prompts in {setting}{of_log}"
        )
    texts = table.read([column])[column]
    prompts = [sanitise(str(text)) for text in texts[texts.notna()] if str(text).strip()]
    if not prompts:
        raise DataError(f"{path}: the column {column!r} has no prompt; give a file with prompts as they arrive")
    return prompts, len(texts) - len(prompts)
