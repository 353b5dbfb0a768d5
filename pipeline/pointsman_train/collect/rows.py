"""The rows of the store of answers: its tables, and each change as one function on a connection."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsman_train.collect.ask import Answer, Ask
from pointsman_train.errors import CollectError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
  key TEXT PRIMARY KEY, model TEXT NOT NULL, messages TEXT NOT NULL, params TEXT NOT NULL, text TEXT,
  finish_reason TEXT, input_tokens INTEGER, output_tokens INTEGER, cost_usd REAL, lost_usd REAL NOT NULL,
  latency_ms REAL, error TEXT, final INTEGER NOT NULL, tries INTEGER NOT NULL, asked_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claim (key TEXT PRIMARY KEY, owner TEXT NOT NULL, reserved_usd REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (one INTEGER PRIMARY KEY CHECK (one = 1), spent_usd REAL NOT NULL);
INSERT OR IGNORE INTO ledger VALUES (1, 0);
"""
_COLUMNS = (
    "text", "finish_reason", "input_tokens", "output_tokens", "cost_usd", "lost_usd", "latency_ms", "error", "final",
    "tries",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ledger:
    """US dollars spent (answers, and tries that may have been billed), and set aside for requests in flight."""

    spent_usd: float
    reserved_usd: float


def connect(path: Path, owners: Path) -> sqlite3.Connection:
    """Open a store, made where there is none; ``owners`` is a folder beside it."""
    # One at a time: SQLite does not wait, but fails, where two turn a new file to write-ahead mode at once.
    turn = os.open(owners, os.O_RDONLY)
    fcntl.flock(turn, fcntl.LOCK_EX)
    try:
        db = sqlite3.connect(path, timeout=60, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        # In write-ahead mode FULL syncs at every commit: an answer that was paid for survives a power cut as well.
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_SCHEMA)
        return db
    finally:
        os.close(turn)


def free_claims(db: sqlite3.Connection, owner: str) -> None:
    """Drop an owner's claims; the requests were cut off in flight and may have been billed."""
    lost = db.execute("SELECT total(reserved_usd) FROM claim WHERE owner = ?", (owner,)).fetchone()[0]
    db.execute("UPDATE ledger SET spent_usd = spent_usd + ?", (lost,))
    db.execute("DELETE FROM claim WHERE owner = ?", (owner,))


def put_answer(db: sqlite3.Connection, ask: Ask, answer: Answer) -> None:
    """Keep an answer in the place of its claim; what earlier tries lost stays counted."""
    spent = (answer.cost_usd or 0.0) + answer.lost_usd
    before = db.execute("SELECT lost_usd, tries FROM answer WHERE key = ?", (ask.key,)).fetchone() or (0.0, 0)
    values = {name: getattr(answer, name) for name in _COLUMNS}
    values["lost_usd"] += before[0]
    values["tries"] += before[1]
    db.execute(
        f"INSERT OR REPLACE INTO answer (key, model, messages, params, {', '.join(_COLUMNS)}, asked_at) "
        f"VALUES (?, ?, ?, ?, {', '.join('?' * len(_COLUMNS))}, datetime('now'))",
        (ask.key, ask.model, json.dumps(list(ask.messages)), json.dumps(dict(ask.params)), *values.values()),
    )
    db.execute("DELETE FROM claim WHERE key = ?", (ask.key,))
    db.execute("UPDATE ledger SET spent_usd = spent_usd + ?", (spent,))


def get_answer(db: sqlite3.Connection, key: str) -> Answer | None:
    """Return the answer to a request; None where there is none."""
    row = db.execute(f"SELECT {', '.join(_COLUMNS)} FROM answer WHERE key = ?", (key,)).fetchone()
    return _answer(row) if row else None


def _answer(values: Sequence[Any]) -> Answer:
    named = dict(zip(_COLUMNS, values, strict=True))
    return Answer(**(named | {"final": bool(named["final"])}))


def read_ledger(db: sqlite3.Connection) -> Ledger:
    """Return what was spent and what is set aside."""
    return Ledger(*db.execute("SELECT spent_usd, (SELECT total(reserved_usd) FROM claim) FROM ledger").fetchone())


def read_answers(path: Path) -> Iterator[tuple[str, Answer]]:
    """Read every answer of a store by key, without taking part in it."""
    with _reading(path) as db:
        for key, *values in db.execute(f"SELECT key, {', '.join(_COLUMNS)} FROM answer ORDER BY key"):
            yield key, _answer(values)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise CollectError(f"{path}: there is no store of answers here")
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        yield db
    finally:
        db.close()
