"""Is the traffic unlike the training prompts? On how many prompts of a file does the guard fire."""

from __future__ import annotations

import numpy as np

from pointsman.decide import Guard
from pointsman.text import sanitise
from pointsman_train.data import Ints
from pointsman_train.datasets.files import open_table
from pointsman_train.datasets.hints import did_you_mean, listed
from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.bootstrap import Estimate, resample_weights
from pointsman_train.evaluate.ratio import estimate_ratios, mean
from pointsman_train.featurize.featurizer import Features
from pointsman_train.split.groups import group_near_duplicates
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check, above, below, percent
from pointsman_train.study.task import Task
from pointsman_train.train.stage import train

QUESTION = "Is the traffic unlike the training prompts?"
# Shares of the traffic on which the guard fires: where it is below the first, the router decides nearly all; where it
# is above the second, most goes to the fallback undecided.
FEW, MOST = 0.2, 0.5


def check_traffic(task: Task, prompts: list[str]) -> Check:
    """Train on the training prompts, and ask that router's guard about the prompts of the traffic.

    Raises
    ------
    ConfigError
        When there is no guard.
    """
    router = train(task.labelled, task.split, task.folds, task.train)
    test = task.split.rows("test")
    home = [prompt for prompt, kept in zip(task.labelled.outcomes.prompt, test, strict=True) if kept]
    groups = {"traffic": group_near_duplicates(prompts, task.group), "test": task.split.group[test]}
    figures = {}
    for name, texts in (("traffic", prompts), ("test", home)):
        _, similarity = router.featurizer.transform_all(texts)
        figures[f"unfamiliar_share_{name}"] = _fires(router.guard, similarity, groups[name], task)
    share = figures["unfamiliar_share_traffic"]
    verdict, advice = _verdict(share)
    found = (
        f"The guard fires on {percent(share)} of {len(prompts):,} prompts of the traffic, and on "
        f"{percent(figures['unfamiliar_share_test'])} of the test prompts."
    )
    return Check("traffic", QUESTION, verdict, found, advice, figures)


def read_prompts(path: str, column: str) -> list[str]:
    """Read a table's column of prompts; empty ones are left out.

    Raises
    ------
    DataError
        When the file cannot be read, lacks the column or has no prompt in it.
    """
    table = open_table(path)
    if column not in table.columns:
        raise DataError(
            f"{path}: no column {column!r}{did_you_mean(column, table.columns)}; the columns are "
            f"{listed(table.columns)}; name the one with the prompts in diagnose.traffic_column"
        )
    texts = table.read([column])[column]
    prompts = [sanitise(str(text)) for text in texts[texts.notna()] if str(text).strip()]
    if not prompts:
        raise DataError(f"{path}: the column {column!r} has no prompt; give a file with prompts of the traffic")
    return prompts


def _fires(guard: Guard | None, similarity: Features | None, group: Ints, task: Task) -> Estimate:
    if guard is None or similarity is None:
        raise ConfigError(
            "diagnose.traffic compares prompts by the guard, and there is none; set train.guard.enabled=true and "
            "train.features.embedding.dimensions above 0"
        )
    weights = resample_weights(group, np.random.default_rng(task.evaluate.seed), task.evaluate.resamples)
    return estimate_ratios({"share": mean(guard.unfamiliar(similarity).astype(np.float64))}, weights)["share"]


def _verdict(share: Estimate) -> tuple[str, str]:
    if below(share, FEW):
        return PAYS, "The traffic is like the training prompts."
    if above(share, MOST):
        return WILL_NOT, "Label prompts of this traffic first: most of it would go to the fallback undecided."
    return CANNOT_TELL, "Label some prompts of the kinds on which the guard fires."
