"""Text files, plain or gzip, with what can go wrong turned into one kind of error."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from pointsman_train.errors import DataError


def require_file(path: Path) -> None:
    """Raise :class:`DataError` where there is no such file."""
    if not path.is_file():
        what = "is a folder, expected a file" if path.is_dir() else "no such file"
        raise DataError(f"{path}: {what} (looked from {'the root' if path.is_absolute() else 'the working folder'})")


def open_text(path: Path, errors: str = "strict") -> TextIO:
    """Open a file for reading as UTF-8, with or without a byte order mark; ``.gz`` is unpacked on the way."""
    if path.suffix.lower() == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig", errors=errors))
    return path.open(encoding="utf-8-sig", errors=errors)


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Turn a failure to read or decode ``path`` into a :class:`DataError` that names it."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read, it may be truncated ({error})") from error
