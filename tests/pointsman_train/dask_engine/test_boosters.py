from __future__ import annotations

from types import SimpleNamespace

import pytest

from pointsman_train.dask_engine import boosters, cluster
from pointsman_train.dask_engine.boosters import Training, train_booster
from pointsman_train.dask_engine.cluster import Cluster
from pointsman_train.errors import EngineError

TRAINING = Training("success 0", lambda part: None, {0: 10}, 3, {}, 5)


class Present:
    """A client that sees these workers, one answer after another, the last for ever."""

    def __init__(self, *answers):
        self.answers, self.restarted = list(answers), []
        self.scheduler = SimpleNamespace(address="tcp://there")

    def scheduler_info(self, n_workers):
        names = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return {"workers": {f"tcp://{name}": {"name": name, "nthreads": 2} for name in names}}

    def restart_workers(self, workers, **_):
        self.restarted.append(workers)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(cluster, "_WAIT_S", 0.3)


@pytest.fixture
def attempts(monkeypatch):
    """Let each attempt end in one of these ways."""

    def end(*ways):
        left = list(ways)

        def watched(*_):
            way = left.pop(0)
            if isinstance(way, Exception):
                raise way
            return way

        monkeypatch.setattr(boosters, "_watched", watched)
        return left

    return end


def test_a_training_that_lost_a_worker_is_done_again_after_the_others_are_restarted(attempts):
    client = Present(["a", "b"], ["b"], ["a", "b"])
    left = attempts(boosters._EndedError("lost worker tcp://a"), "a booster")
    assert train_booster(Cluster(client, retries=3, wanted=2), TRAINING) == "a booster"
    assert client.restarted == [["tcp://b"]]
    assert left == []


def test_a_training_that_never_ends_well_says_why(attempts):
    attempts(*(boosters._EndedError("lost worker tcp://a") for _ in range(2)))
    with pytest.raises(EngineError, match=r"success 0: none of 2 attempts .* for this: lost worker tcp://a; give"):
        train_booster(Cluster(Present(["a"]), retries=1), TRAINING)


def test_workers_without_a_nanny_are_left_alone(attempts, monkeypatch):
    def refuse(*_, **__):
        raise ValueError("no nanny")

    client = Present(["a"])
    client.restart_workers = refuse
    attempts(boosters._EndedError("a port was taken"), "a booster")
    assert train_booster(Cluster(client, retries=1), TRAINING) == "a booster"


def test_workers_that_do_not_come_back_are_waited_for_once():
    found = Cluster(Present(["a"]), retries=0, wanted=2)
    assert list(found.ready()) == ["tcp://a"]
    assert found.wanted == 1


def test_no_worker_at_all_is_told_with_a_way_out():
    with pytest.raises(EngineError, match=r"no worker at tcp://there after 0 s; start some with: dask worker"):
        Cluster(Present([]), retries=0).ready()


def test_workers_come_in_order_of_names_that_outlive_a_restart():
    assert list(Cluster(Present(["10", "9", "b"]), 0).workers()) == ["tcp://9", "tcp://b", "tcp://10"]
