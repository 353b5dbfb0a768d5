"""Workers: starting them or finding them, giving them the parts of a step, and waiting for those that come back."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import dask
from distributed import Client, KilledWorker, LocalCluster, as_completed

from pointsman_train.engine import EngineConfig
from pointsman_train.errors import ConfigError, EngineError

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Found = TypeVar("Found")

_WAIT_S = 120.0
CONNECT = "30s"
# Tasks in the scheduler at once, for each thread of a worker: enough to keep it busy, few enough to keep it small.
_AHEAD = 4


@dataclass(slots=True)
class Cluster:
    """The workers of a run.

    Attributes
    ----------
    retries
        Times that a booster is trained anew.
    wanted
        Workers that are waited for, where one was lost and may come back.
    """

    client: Client
    retries: int
    wanted: int = 1

    @property
    def address(self) -> str:
        """Of the scheduler."""
        return str(self.client.scheduler.address)

    def workers(self) -> dict[str, int]:
        """Threads of each worker that is there now, by its address; in order of names, which outlive a restart."""
        found = self.client.scheduler_info(n_workers=-1)["workers"]
        order = sorted(found, key=lambda address: (str(found[address]["name"]).zfill(8), address))
        return {address: int(found[address]["nthreads"]) for address in order}

    def ready(self) -> dict[str, int]:
        """Wait for the workers that there were; goes on with fewer, from then on, after two minutes.

        Raises
        ------
        EngineError
            When there is none.
        """
        end = time.monotonic() + _WAIT_S
        while len(found := self.workers()) < self.wanted and time.monotonic() < end:
            time.sleep(0.2)
        if not found:
            raise EngineError(
                f"no worker at {self.address} after {_WAIT_S:.0f} s; start some with: dask worker ADDRESS"
            )
        if len(found) < self.wanted:
            log.warning("%d of %d workers are left", len(found), self.wanted)
        self.wanted = len(found)
        return found

    def each(self, work: Callable[[Item], Found], items: Sequence[Item], what: str) -> Iterator[tuple[Item, Found]]:
        """Do some work on every item, on whichever worker is free; yields each item with what came of it.

        A worker that is lost costs what it was at: that is done again by another. Results should be small.

        Raises
        ------
        TrainError
            What the work raises.
        EngineError
            When an item takes worker after worker with it.
        """
        if items:
            log.info("%s: %d parts", what, len(items))
        ahead = max(1, _AHEAD * sum((self.workers() or self.ready()).values()))
        queue, running = list(items)[::-1], as_completed([], loop=self.client.loop)
        at: dict[Any, Item] = {}
        for _ in range(min(ahead, len(queue))):
            self._start(work, queue.pop(), running, at)
        for future in running:
            item = at.pop(future.key)
            try:
                found: Found = future.result()
            except KilledWorker as error:
                raise EngineError(
                    f"{what}: several workers were lost over one part ({error}); give workers more memory "
                    "(engine.memory), or make parts smaller (engine.partitions)"
                ) from error
            if queue:
                self._start(work, queue.pop(), running, at)
            yield item, found

    def _start(self, work: Callable[[Item], Any], item: Item, running: Any, at: dict[Any, Item]) -> None:
        # What a step does hangs on files as well, so no result of another run may stand in for it.
        future = self.client.submit(work, item, pure=False)
        at[future.key] = item
        running.add(future)


@contextmanager
def open_cluster(config: EngineConfig) -> Iterator[Cluster]:
    """Connect to a scheduler, or start a cluster on this machine and stop it on the way out."""
    # Its news of every connection would drown that of the run.
    logging.getLogger("distributed").setLevel(logging.WARNING)
    if config.scheduler is not None:
        with _connected(config.scheduler) as client:
            yield Cluster(client, config.retries)
        return
    workers = config.workers or os.cpu_count() or 1
    with (
        # A worker that is started anew on a busy machine takes its time; left alone, Dask would give it up in 15 s.
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=config.threads,
            memory_limit=config.memory,
            dashboard_address=":0",
            silence_logs=logging.ERROR,
        ) as local,
        Client(local, set_as_default=False) as client,
    ):
        yield Cluster(client, config.retries, workers)


def _connected(address: str) -> Client:
    try:
        return Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {address!r} ({error}); start one with: dask scheduler, or leave "
            "engine.scheduler out to use this machine"
        ) from error
