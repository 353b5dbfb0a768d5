"""Standard output that nobody reads any more, as behind ``| head``: what is left goes nowhere, and the work goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast


@contextmanager
def unread_is_no_error() -> Iterator[None]:
    """Let writing to standard output succeed within the block after its reader has gone.

    An hour of training must not be lost, nor end in a traceback, since a pager was closed.
    """
    stream = sys.stdout
    sys.stdout = cast(TextIO, _Unread(stream))
    try:
        yield
    finally:
        # What is still buffered is written here, where it may fail, and not when the interpreter ends.
        sys.stdout.flush()
        sys.stdout = stream


class _Unread:
    """A text stream whose lost reader is replaced by the null device."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._write_nowhere()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._write_nowhere()

    def _write_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
