"""Is the traffic unlike the training prompts? On how many prompts does the guard fire, and what has drifted."""

from __future__ import annotations

from collections.abc import Sequence

from pointsman.graph import Graph, joined
from pointsman_train.data import Bools, Ints
from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.traffic import DriftConfig, Seen, Traffic, look_at, seen_by
from pointsman_train.split.groups import group_near_duplicates
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check, above, below, percent
from pointsman_train.study.task import Task
from pointsman_train.train.assemble import router_graph
from pointsman_train.train.stage import train

QUESTION = "Is the traffic unlike the training prompts?"
# Shares of the traffic on which the guard fires: where it is below the first, the router decides nearly all; where it
# is above the second, most goes to the fallback undecided.
FEW, MOST = 0.2, 0.5
_BATCH = 256


def check_traffic(task: Task, prompts: list[str]) -> Check:
    """Train on the training prompts, and look at the traffic as pointsman-evaluate does with that router.

    Raises
    ------
    ConfigError
        When there is no guard.
    """
    router = train(task.labelled, task.split, task.folds, task.train)
    if router.guard is None:
        raise ConfigError(
            "diagnose.traffic compares prompts by the guard, and there is none; set train.guard.enabled=true and "
            "train.features.embedding.dimensions above 0"
        )
    graph = Graph(router_graph(router).SerializeToString())

    def sees(texts: Sequence[str], group: Ints) -> Seen:
        batches = [graph.predict(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        found = joined(batches)
        return seen_by(found, router.judged(found), router.featurizer.names, router.models, group)

    def home(rows: Bools) -> Seen:
        kept = [prompt for prompt, inside in zip(task.labelled.outcomes.prompt, rows, strict=True) if inside]
        return sees(kept, task.split.group[rows])

    reference = home(task.training).reference
    arriving = sees(prompts, group_near_duplicates(prompts, task.group))
    traffic, test = (
        look_at(reference, seen, DriftConfig(), task.evaluate) for seen in (arriving, home(task.split.rows("test")))
    )
    return _check(traffic, test)


def _check(traffic: Traffic, test: Traffic) -> Check:
    figures = {
        f"unfamiliar_share_{name}": one.unfamiliar
        for name, one in (("traffic", traffic), ("test", test))
        if one.unfamiliar is not None
    }
    share = figures["unfamiliar_share_traffic"]
    verdict, advice = _verdict(share)
    found = (
        f"The guard fires on {percent(share)} of {traffic.drift.prompts:,} prompts of the traffic, and on "
        f"{percent(figures['unfamiliar_share_test'])} of the test prompts. {traffic.drift.verdict}"
    )
    return Check("traffic", QUESTION, verdict, found, advice, figures)


def _verdict(share: Estimate) -> tuple[str, str]:
    if below(share, FEW):
        return PAYS, "The traffic is like the training prompts."
    if above(share, MOST):
        return WILL_NOT, "Label prompts of this traffic first: most of it would go to the fallback undecided."
    return CANNOT_TELL, "Label some prompts of the kinds on which the guard fires."
