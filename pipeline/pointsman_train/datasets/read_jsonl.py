"""JSON Lines: one object a line, blank lines allowed. A key that a line lacks is null there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from pointsman_train.datasets.read_text import open_text, unreadable
from pointsman_train.datasets.table import Table
from pointsman_train.errors import DataError


def open_jsonl(path: Path) -> Table:
    """Open a JSON Lines file, plain or gzip.

    It is gone through once for its keys and once for its values, so that keys not asked for take no memory.

    Raises
    ------
    DataError
        When a line is not a JSON object.
    """
    names = tuple(dict.fromkeys(chain.from_iterable(_records(path))))
    return Table(origin=str(path), columns=names, read=lambda wanted: _read(path, wanted))


def _read(path: Path, names: Sequence[str]) -> pd.DataFrame:
    values: dict[str, list[Any]] = {name: [] for name in names}
    for record in _records(path):
        for name, column in values.items():
            column.append(record.get(name))
    # As objects: pandas' own text type cannot hold the lone surrogates that JSON can spell.
    return pd.DataFrame(values, dtype=object)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with unreadable(path), open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _record(line, path, number)


def _record(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: line {number} is not JSON ({error.msg} at character {error.colno})") from error
    if not isinstance(record, dict):
        raise DataError(f"{path}: line {number} is not a JSON object, got {line.strip()[:80]!r}")
    return record
