"""The decision log: JSON Lines, written by threads and processes at once."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from numbers import Real
from pathlib import Path

from pointsman.dispatch.errors import SettingsError
from pointsman.dispatch.record import Record

_logger = logging.getLogger(__name__)

# Between two looks at whether the file was moved away.
_LOOK_S = 1.0


class DecisionLog:
    """Appends a line for each record; only the owner may read a file that it makes.

    A line is one ``write`` to a file opened for appending, which no other writer can split. A file that cannot be
    written to never stops a request: the first of several failures is logged as an error, how many lines were lost
    once one is written again, and the next line starts afresh. A file that was moved away, as programs that rotate
    logs do, is made anew within a second.

    Parameters
    ----------
    path
        Made where it does not exist; its folder must.

    Raises
    ------
    SettingsError
        When it cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._file = self._opened()
        except OSError as error:
            raise SettingsError(f"the decision log {self.path} cannot be opened: {error.strerror}") from error
        self._lock = threading.Lock()
        self._torn, self._lost, self._looked = False, 0, time.monotonic()

    def _opened(self) -> int:
        return os.open(self.path, os.O_APPEND | os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)

    def __call__(self, record: Record) -> None:
        """Append a record."""
        self._append(record.to_json())

    def feedback(self, decision_id: str, score: float) -> None:
        """Append how good an answer was, a score in [0, 1].

        Raises
        ------
        ValueError
            When the score is no such number.
        """
        if not isinstance(score, Real) or not 0 <= score <= 1:
            raise ValueError(f"score is {score!r}, expected a number from 0 to 1")
        self._append(json.dumps({"decision_id": decision_id, "feedback": float(score)}))

    def close(self) -> None:
        """Close the file; later records are lost."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _append(self, line: str) -> None:
        content = (line + "\n").encode("ascii")
        with self._lock:
            if self._file < 0:
                return
            try:
                self._follow()
                # After half a line, of a full disk say, the next must not be joined to it.
                content = b"\n" + content if self._torn else content
                self._torn = os.write(self._file, content) < len(content)
            except OSError as error:
                self._missed(error)
                return
            if self._lost and not self._torn:
                _logger.error("the decision log %s is written again; %d lines were lost", self.path, self._lost)
                self._lost = 0

    def _follow(self) -> None:
        """Open the file anew where its name no longer leads to it, which is looked at once a second."""
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return
        self._looked = now
        if not _same(self.path, self._file):
            new = self._opened()
            os.close(self._file)
            self._file, self._torn = new, False

    def _missed(self, error: OSError) -> None:
        if not self._lost:
            _logger.error("the decision log %s cannot be written: %s", self.path, error.strerror)
        self._lost += 1


def _same(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False
