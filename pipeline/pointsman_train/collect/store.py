"""The store of answers: SQLite in write-ahead mode, shared by any number of processes on one machine.

Before a request is sent its key is *claimed*, with the most that it can cost set aside; the answer replaces the
claim. Every change is on disk before the caller goes on. What a killed process had claimed is free again once
somebody needs the key or the money, since its lock file is no longer locked; the money set aside for it counts as
spent, because it may have been.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from pointsman_train.collect.ask import Answer, Ask
from pointsman_train.collect.rows import Ledger, connect, free_claims, get_answer, put_answer, read_ledger
from pointsman_train.errors import CollectError

# Changes that wait while one batch is written to disk go out together with the next.
_BATCH = 512

Result = TypeVar("Result")


class Claim(Enum):
    """What became of a wish to ask."""

    MINE = "mine"
    HELD = "somebody is asking"
    TIGHT = "the budget covers it only if requests in flight cost less than was set aside"
    HAVE = "the answer is there"
    OVER_BUDGET = "the budget does not cover it"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim's outcome, with the answer where the store has it."""

    state: Claim
    answer: Answer | None = None


class Store:
    """Answers by key. Use as a context manager; methods are coroutines that return when the disk has the change.

    Parameters
    ----------
    path
        Of the SQLite file; created where it does not exist.

    Raises
    ------
    CollectError
        When the file is not a store, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._owner = uuid.uuid4().hex
        self._jobs: queue.SimpleQueue[tuple[Callable[[sqlite3.Connection], Any], Future[Any]] | None]
        self._jobs = queue.SimpleQueue()

    def __enter__(self) -> Store:
        """Open the file, lock the owner's file and start the writer."""
        self._owners = self._path.with_name(self._path.name + ".owners")
        try:
            self._owners.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._owners / self._owner, os.O_CREAT | os.O_RDWR)
        except OSError as error:
            raise CollectError(f"{self._path}: no store can be kept here ({error}); give another store") from error
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        ready: Future[None] = Future()
        self._writer = threading.Thread(target=self._write, args=(ready,), name="store", daemon=True)
        self._writer.start()
        try:
            ready.result()
        except sqlite3.Error as error:
            self._leave()
            raise CollectError(f"{self._path} is not a store of answers ({error}); give another store") from error
        return self

    def __exit__(self, *exception: object) -> None:
        """Write what is waiting, give back what was claimed and not asked, and close."""
        try:
            self._submit(self._release).result()
        finally:
            # Whatever the disk says: a writer that stays would hold what it claimed for as long as the process lives.
            self._jobs.put(None)
            self._writer.join()
            self._leave()

    def _leave(self) -> None:
        os.close(self._lock)
        (self._owners / self._owner).unlink(missing_ok=True)

    async def claim(self, ask: Ask, reserve_usd: float, budget_usd: float | None) -> Claimed:
        """Claim a key and set money aside for it, all or nothing.

        Parameters
        ----------
        reserve_usd
            Most that the request can cost.
        budget_usd
            Most that this store may ever have spent; None is no limit.
        """
        key = ask.key
        return await self._do(lambda db: self._claim(db, key, reserve_usd, budget_usd))

    async def put(self, ask: Ask, answer: Answer) -> None:
        """Keep an answer in the place of its claim."""
        await self._do(lambda db: put_answer(db, ask, answer))

    async def missing(self, keys: Sequence[str]) -> int:
        """Count the keys without a final answer."""
        return await self._do(
            lambda db: sum(1 for key in keys if not (found := get_answer(db, key)) or not found.final)
        )

    async def ledger(self) -> Ledger:
        """Return what was spent and what is set aside."""
        return await self._do(read_ledger)

    def _do(self, job: Callable[[sqlite3.Connection], Result]) -> asyncio.Future[Result]:
        return asyncio.wrap_future(self._submit(job))

    def _submit(self, job: Callable[[sqlite3.Connection], Result]) -> Future[Result]:
        future: Future[Result] = Future()
        self._jobs.put((job, future))
        return future

    def _write(self, ready: Future[None]) -> None:
        """Run jobs in batches, each one transaction: this thread alone touches the connection."""
        try:
            db = connect(self._path, self._owners)
        except sqlite3.Error as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        while (first := self._jobs.get()) is not None:
            batch, ended = _gather(first, self._jobs)
            _run_batch(db, batch)
            if ended:
                break
        db.close()

    def _claim(self, db: sqlite3.Connection, key: str, reserve: float, budget: float | None) -> Claimed:
        have = get_answer(db, key)
        if have and have.final:
            return Claimed(Claim.HAVE, have)
        held = db.execute("SELECT owner FROM claim WHERE key = ?", (key,)).fetchone()
        if held and self._alive(held[0]):
            return Claimed(Claim.HELD)
        if held:
            free_claims(db, held[0])
        covered = self._covered(db, reserve, budget)
        if covered is Claim.MINE:
            db.execute("INSERT INTO claim VALUES (?, ?, ?)", (key, self._owner, reserve))
        return Claimed(covered)

    def _covered(self, db: sqlite3.Connection, reserve: float, budget: float | None) -> Claim:
        """Tell whether the budget covers one more request, surely (MINE), perhaps later (TIGHT), or never."""
        ledger = read_ledger(db)
        if budget is None or ledger.spent_usd + ledger.reserved_usd + reserve <= budget:
            return Claim.MINE
        for (owner,) in db.execute("SELECT DISTINCT owner FROM claim").fetchall():
            if not self._alive(owner):
                free_claims(db, owner)
        ledger = read_ledger(db)
        if ledger.spent_usd + ledger.reserved_usd + reserve <= budget:
            return Claim.MINE
        return Claim.OVER_BUDGET if ledger.spent_usd + reserve > budget else Claim.TIGHT

    def _alive(self, owner: str) -> bool:
        """Whether the process that claimed still runs: the kernel drops a lock when its process ends, however."""
        if owner == self._owner:
            return True
        try:
            lock = os.open(self._owners / owner, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(lock)

    def _release(self, db: sqlite3.Connection) -> None:
        free_claims(db, self._owner)


_Job = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]


def _gather(first: _Job, jobs: queue.SimpleQueue[_Job | None]) -> tuple[list[_Job], bool]:
    batch = [first]
    while len(batch) < _BATCH:
        try:
            job = jobs.get_nowait()
        except queue.Empty:
            return batch, False
        if job is None:
            return batch, True
        batch.append(job)
    return batch, False


def _run_batch(db: sqlite3.Connection, batch: Sequence[_Job]) -> None:
    """Run jobs in one transaction; their callers go on only when it is on disk."""
    try:
        db.execute("BEGIN IMMEDIATE")
        results = [job(db) for job, _ in batch]
        db.execute("COMMIT")
    except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
        # The thread goes on: whoever waits for it would wait forever.
        if db.in_transaction:
            db.execute("ROLLBACK")
        for _, future in batch:
            with suppress(InvalidStateError):
                future.set_exception(CollectError(f"the store of answers cannot be written ({error})"))
        return
    for (_, future), result in zip(batch, results, strict=True):
        # Whoever waited may have been interrupted meanwhile; what was to be written is written all the same.
        with suppress(InvalidStateError):
            future.set_result(result)
