"""Is routing safe on prompts unlike the training prompts? Each source is judged by a router that saw nothing of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pointsman_train.errors import LabelError, PoolError
from pointsman_train.evaluate.bootstrap import Estimate, Weights, weights_of
from pointsman_train.evaluate.complete import complete_rows
from pointsman_train.evaluate.quality import quality
from pointsman_train.evaluate.ratio import estimate_ratios, mean
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check, above, below, percent, points
from pointsman_train.study.crossfit import Crossfit, Round, run_round
from pointsman_train.study.folds import Fold, sources_left_out
from pointsman_train.study.task import Task

log = logging.getLogger(__name__)

QUESTION = "Does it do harm on kinds of prompts that it was not trained on?"
# Of a source with fewer, the loss cannot be told from chance.
_LEAST_PROMPTS = 30


def check_sources(task: Task, most_loss: float, sources: int, home: Estimate | None) -> Check:
    """Judge each of the largest sources with a router that saw nothing of it, as served: with rule and guard.

    Parameters
    ----------
    most_loss
        Mean score that may be lost against the best single model.
    sources
        How many to leave out, the largest first.
    home
        Share of prompts like the training prompts on which the guard fires.
    """
    folds = _largest(task, sources)
    if len(folds) < 2:
        advice = (
            "Name the column that tells where a prompt comes from (dataset.columns.source), or give diagnose.traffic."
        )
        found = f"Fewer than two sources have {_LEAST_PROMPTS} prompts or more."
        return Check("sources", QUESTION, CANNOT_TELL, found, advice)
    rounds = _left_out(task, folds)
    if not rounds:
        found = "No source could be left out: what remains cannot be learned from."
        return Check("sources", QUESTION, CANNOT_TELL, found, "Bring more prompts of each source.")
    pooled = Crossfit(tuple(rounds.values()))
    drawn = task.evaluate.seed, task.evaluate.resamples
    figures = served(pooled.testset, pooled.router, weights_of(pooled.testset, *drawn))
    parts = {name: served(one.testset, one.router, weights_of(one.testset, *drawn)) for name, one in rounds.items()}
    verdict, advice = _verdict(figures["quality_gain"], most_loss)
    at_home = "" if home is None else f" (on prompts like the training prompts: {percent(home)})"
    fires = figures.get("unfamiliar_share")
    guard = "There is no guard." if fires is None else f"The guard fires on {percent(fires)} of them{at_home}."
    found = (
        f"Left out in turn, {len(rounds)} sources: {points(figures['quality_gain'])} of score against the best single "
        f"model at the default operating point, {percent(figures['cost_saving'])} of its cost saved. {guard}"
    )
    by_figure = {name: {source: part[name] for source, part in parts.items()} for name in figures}
    return Check("sources", QUESTION, verdict, found, advice, figures, by_figure)


def _verdict(change: Estimate, most_loss: float) -> tuple[str, str]:
    if above(change, -most_loss):
        return PAYS, "Routing does no harm on a kind of prompt that it was not trained on."
    if below(change, -most_loss):
        return WILL_NOT, "Do not route kinds of prompts that have no labels: label some of each kind first."
    return CANNOT_TELL, "Label some prompts of every kind that is routed, and watch the share of unfamiliar prompts."


def served(testset: TestSet, router: Router, weights: Weights) -> dict[str, Estimate]:
    """Figures of the default operating point as served, and the share of prompts on which the guard fires."""
    found = quality(testset, router.default)
    ratios = {name: found[name] for name in ("quality_gain", "cost_saving")}
    if router.unfamiliar is not None:
        ratios["unfamiliar_share"] = mean(router.unfamiliar.astype(np.float64))
    return estimate_ratios(ratios, weights, testset.group)


def _largest(task: Task, sources: int) -> list[Fold]:
    try:
        folds = sources_left_out(task.labelled.outcomes.source, task.split.group)
    except LabelError:
        return []
    judged = [int(complete_rows(task.labelled, fold.test).sum()) for fold in folds]
    order = np.argsort(judged, kind="stable")[::-1][:sources].tolist()
    return [folds[i] for i in order if judged[i] >= _LEAST_PROMPTS]


def _left_out(task: Task, folds: Sequence[Fold]) -> dict[str, Round]:
    rounds = {}
    for fold in folds:
        log.info("leaving out %s, %d prompts", fold.name, int(fold.test.sum()))
        # Of a log's prompts nobody knows which source they are of.
        one = replace(fold, train=fold.train & task.labelled.asked)
        try:
            rounds[fold.name] = next(run_round(task.labelled, task.split.group, one, {"": task.train}, task.folds))[1]
        except (LabelError, PoolError) as error:
            log.warning("not measured: %s", error)
    return rounds
