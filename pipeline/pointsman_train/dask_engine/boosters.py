"""One booster over all parts, by LightGBM's own Dask estimator.

LightGBM ties the workers of a training together by sockets, and a training does not outlive one of them. So a watch is
kept: where a worker is lost, the others are restarted, since they may wait for it, and the training is done anew from
the features on disk.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import dask
import dask.array as da
import lightgbm as lgb
import numpy as np
from distributed import Client
from numpy.typing import NDArray

from pointsman_train.dask_engine.cluster import Cluster
from pointsman_train.errors import EngineError

log = logging.getLogger(__name__)

# What one part gives a training: columns, target, weight.
Taken = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]

_LOOK_S = 0.5
_RESTART_S = 60
# Minutes that LightGBM waits for the other workers to listen.
_TIME_OUT = 2
# LightGBM's names under which its estimators know the parameters of :func:`parameters_for`.
_NAMES = {
    "feature_fraction": "colsample_bytree",
    "bagging_fraction": "subsample",
    "bagging_freq": "subsample_freq",
    "lambda_l2": "reg_lambda",
    "seed": "random_state",
}


class _EndedError(Exception):
    """An attempt came to nothing, and another may not."""


class _InOrder(Client):  # type: ignore[misc]  # Dask is untyped here
    """Tells where parts are in the order that is asked in.

    LightGBM numbers workers, and joins a worker's parts, in the order of that answer, which hangs on the hashes of this
    process. So that the same run ends alike, it must not.
    """

    def who_has(self, futures: Any = None, **more: Any) -> Any:
        found = super().who_has(futures, **more)
        return {future.key: found[future.key] for future in futures}


@dataclass(frozen=True, slots=True)
class Training:
    """One booster to train.

    Attributes
    ----------
    name
        For the log.
    take
        Reads a part.
    rows
        Rows of each part that has any.
    width
        Columns.
    parameters
        LightGBM's, with its objective.
    rounds
        Trees.
    """

    name: str
    take: Callable[[int], Taken]
    rows: Mapping[int, int]
    width: int
    parameters: Mapping[str, Any]
    rounds: int


def train_booster(cluster: Cluster, training: Training) -> lgb.Booster:
    """Train on every worker; where one is lost, again, as often as the settings say.

    Raises
    ------
    EngineError
        When workers were lost every time.
    """
    reason: Exception | None = None
    for attempt in range(cluster.retries + 1):
        workers = cluster.ready()
        try:
            return _watched(cluster, training, workers)
        except _EndedError as error:
            reason = error
            log.warning("%s: attempt %d ends: %s", training.name, attempt + 1, error)
            _restart(cluster, workers)
    raise EngineError(
        f"{training.name}: none of {cluster.retries + 1} attempts came to an end, the last for this: {reason}; give "
        "workers more memory (engine.memory), bring more of them, or raise engine.retries"
    ) from reason


def _watched(cluster: Cluster, training: Training, workers: Mapping[str, int]) -> lgb.Booster:
    """Train in a thread with a client of its own, which is closed to end a training that has lost a worker."""
    with _InOrder(cluster.address, set_as_default=False) as client, ThreadPoolExecutor(1) as thread:
        future = thread.submit(_fit, client, training, list(workers))
        while not wait([future], _LOOK_S).done:
            if lost := workers.keys() - cluster.workers().keys():
                client.close()
                raise _EndedError(_words(lost))
        error = future.exception()
        if error is None:
            return future.result()
        # The survivors of a lost worker fail at once, often before the scheduler knows of it.
        lost = _lost(cluster, workers)
        # A port may have been taken meanwhile, or a connection cut; anything else would fail again.
        if lost or isinstance(error, lgb.basic.LightGBMError | OSError):
            raise _EndedError(_words(lost) if lost else str(error)) from error
        raise error


def _words(lost: set[str]) -> str:
    return f"lost worker {', '.join(sorted(lost))}"


def _lost(cluster: Cluster, workers: Mapping[str, int]) -> set[str]:
    for _ in range(10):
        if lost := workers.keys() - cluster.workers().keys():
            return lost
        time.sleep(_LOOK_S)
    return set()


def _restart(cluster: Cluster, workers: Mapping[str, int]) -> None:
    """Restart the workers that are left of a training; they may wait inside LightGBM for the one that is gone."""
    left = sorted(workers.keys() & cluster.workers().keys())
    try:
        if left:
            cluster.client.restart_workers(left, timeout=_RESTART_S, raise_for_error=False)
    except (ValueError, OSError) as error:
        log.warning("workers without a nanny are not restarted, the training may have to wait for them: %s", error)


def quiet() -> None:
    """Keep LightGBM's news of ports and its remarks on threads out of the way, in this process."""
    lgb.register_logger(log, info_method_name="debug", warning_method_name="debug")


def _fit(client: Client, training: Training, workers: Sequence[str]) -> lgb.Booster:
    quiet()
    parts = _placed(client, training, workers)
    columns, target, weight = (_joined(parts, training, i) for i in range(3))
    named = {_NAMES.get(name, name): value for name, value in training.parameters.items()}
    # Each worker trains with the threads that it was started with.
    del named["num_threads"]
    # The estimator for classes would number the labels of each worker by themselves; rates have no classes at all.
    estimator = lgb.DaskLGBMRegressor(
        client=client, n_estimators=training.rounds, time_out=_TIME_OUT, tree_learner="data", **named
    )
    # LightGBM asks for the current client in places, whatever client it is given.
    with client.as_current():
        estimator.fit(columns, target, sample_weight=weight)
    return estimator.booster_


def _placed(client: Client, training: Training, workers: Sequence[str]) -> list[Any]:
    """Deal parts to workers in turn: all have about as much to do, and the same run places them alike."""
    found = []
    for i, part in enumerate(sorted(training.rows)):
        at = [workers[i % len(workers)]]
        found.append(client.submit(_taken, training.take, part, workers=at, allow_other_workers=False, pure=False))
    return [dask.delayed(future) for future in found]


def _taken(take: Callable[[int], Taken], part: int) -> Taken:
    quiet()
    return take(part)


def _joined(parts: Sequence[Any], training: Training, which: int) -> Any:
    """Put one piece of all parts together as Dask's array."""
    rows = [training.rows[part] for part in sorted(training.rows)]
    dtype = np.float64 if which else np.float32
    shapes = [(n,) if which else (n, training.width) for n in rows]
    return da.concatenate([da.from_delayed(p[which], s, dtype) for p, s in zip(parts, shapes, strict=True)])
