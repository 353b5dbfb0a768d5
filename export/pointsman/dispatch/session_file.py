"""Sessions in a SQLite file: several processes share them, and a restart does not lose them."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pointsman.dispatch.catalog import Endpoint
from pointsman.dispatch.errors import SettingsError
from pointsman.dispatch.sessions import Session, settled

_logger = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    kind TEXT NOT NULL, key BLOB NOT NULL, used REAL NOT NULL, model TEXT NOT NULL, provider TEXT,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_used ON session (kind, used);
"""
_PUT = "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)"
_GET = "SELECT model, provider FROM session WHERE kind = ? AND key = ? AND used >= ?"
_DROP_IDLE = "DELETE FROM session WHERE kind = ? AND used < ?"
_DROP_OLDEST = """
DELETE FROM session WHERE kind = ?1 AND used < (
    SELECT used FROM session WHERE kind = ?1 ORDER BY used DESC LIMIT 1 OFFSET ?2
)
"""
# Other processes hold the file for some microseconds; while a request waits for one, all others of the loop wait, too.
_BUSY_S = 0.2
# At first opening one process makes the file, and SQLite does not let the others wait for that.
_OPENING_S = 5.0
_PUTS_BETWEEN_SWEEPS = 1_000


class SessionFile:
    """What :class:`pointsman.dispatch.sessions.Sessions` is, in a file.

    Where the file fails while requests run, as on a full disk, they are decided as without sessions, and the log says
    so. Keys are kept as digests: they may name users.

    Parameters
    ----------
    path
        Made where it is not there.
    kind
        Tables of different kinds share a file.
    idle_s, most
        As of ``Sessions``; more than ``most`` are kept for a while.
    clock
        Seconds of a clock that all processes share.

    Raises
    ------
    SettingsError
        When the file cannot be opened, or is something else.
    """

    def __init__(
        self, path: str | Path, kind: str, idle_s: float, most: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._kind, self._idle_s, self._most, self._clock = kind, idle_s, most, clock
        self._lock, self._puts = threading.Lock(), 0
        try:
            Path(path).touch(mode=0o600)
            self._file = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._file.close)
            self._open()
            self._sweep()
        except (OSError, sqlite3.Error) as error:
            raise SettingsError(f"session_file is {str(path)!r}, which cannot be used: {error}") from error

    def _open(self) -> None:
        until = time.monotonic() + _OPENING_S
        while True:
            try:
                # A crash of the machine loses the last sessions; a crash of a process loses nothing.
                self._file.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)
                return
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def __len__(self) -> int:
        with self._lock:
            live = self._file.execute("SELECT COUNT(*) FROM session WHERE kind = ? AND used >= ?", self._since())
            return int(live.fetchone()[0])

    def get(self, key: str) -> Session | None:
        """Return a session that is not forgotten."""
        with self._trying():
            return self._live(_digest(key))
        return None

    def settle(self, key: str, seen: Session | None, wanted: Session) -> Session:
        """Note where a session goes from here, unless another request was faster."""
        with self._trying():
            self._file.execute("BEGIN IMMEDIATE")
            try:
                now = settled(self._live(_digest(key)), seen, wanted)
                self._put(_digest(key), now)
            finally:
                self._file.execute("COMMIT")
            return now
        return wanted

    def answered(self, key: str, endpoint: Endpoint) -> None:
        """Note which endpoint answered."""
        with self._trying():
            self._put(_digest(key), Session(endpoint.model, endpoint.provider))

    @contextmanager
    def _trying(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.Error as error:
            _logger.error("the session file cannot be used, so conversations may change their model: %s", error)

    def _since(self) -> tuple[str, float]:
        return self._kind, self._clock() - self._idle_s

    def _live(self, key: bytes) -> Session | None:
        kind, since = self._since()
        found = self._file.execute(_GET, (kind, key, since)).fetchone()
        return None if found is None else Session(*found)

    def _put(self, key: bytes, session: Session) -> None:
        self._file.execute(_PUT, (self._kind, key, self._clock(), session.model, session.provider))
        self._puts += 1
        if self._puts % min(_PUTS_BETWEEN_SWEEPS, self._most) == 0:
            self._sweep()

    def _sweep(self) -> None:
        self._file.execute(_DROP_IDLE, self._since())
        self._file.execute(_DROP_OLDEST, (self._kind, self._most - 1))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
