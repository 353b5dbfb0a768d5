"""Open a table file by its suffix."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from glob import glob
from os import PathLike, fspath
from pathlib import Path

from pointsman_train.datasets import read_csv, read_jsonl, read_parquet
from pointsman_train.datasets.hints import listed
from pointsman_train.datasets.read_text import require_file
from pointsman_train.datasets.table import Table
from pointsman_train.errors import DataError

_OPENERS = {
    ".parquet": read_parquet.open_parquet,
    ".csv": read_csv.open_csv,
    ".csv.gz": read_csv.open_csv,
    ".jsonl": read_jsonl.open_jsonl,
    ".jsonl.gz": read_jsonl.open_jsonl,
    ".ndjson": read_jsonl.open_jsonl,
    ".ndjson.gz": read_jsonl.open_jsonl,
}

# A log that was moved away, by number or by date.
_ROTATED = re.compile(r"(\.jsonl|\.ndjson)[.-][0-9-]+(?=\.gz$|$)")


def files_of(named: str | PathLike[str] | Sequence[str]) -> list[str]:
    """List the files that a path names, or a pattern, or each of several; what names none stays as it is.

    Raises
    ------
    DataError
        For an empty list.

    Examples
    --------
    >>> files_of(["gone.parquet", "gone-*.parquet", "./gone.parquet"])
    ['gone.parquet', 'gone-*.parquet']
    """
    each = [fspath(named)] if isinstance(named, str | PathLike) else list(named)
    if not each:
        raise DataError("an empty list of files was given; name one or more, or a pattern")
    found = [file for one in each for file in ([one] if Path(one).exists() else sorted(glob(one)) or [one])]
    named_first: dict[Path, str] = {}
    for file in found:
        named_first.setdefault(Path(file).resolve(), file)
    return list(named_first.values())


def open_table(path: str) -> Table:
    """Open a Parquet, CSV or JSON Lines file.

    Raises
    ------
    DataError
        When there is no such file, its suffix is not known, it is damaged, or two columns have one name.
    """
    file = Path(path)
    name = _ROTATED.sub(r"\1", file.name.lower())
    opener = next((opener for suffix, opener in _OPENERS.items() if name.endswith(suffix)), None)
    if opener is None:
        raise DataError(f"{path}: the file's form is told by its suffix, expected one of {listed(_OPENERS)}")
    require_file(file)
    table = opener(file)
    twice = [name for name, count in Counter(table.columns).items() if count > 1]
    if twice:
        raise DataError(f"{path}: more than one column is called {twice[0]!r}; rename all but one")
    return table
