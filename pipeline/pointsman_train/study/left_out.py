"""The second split: every test prompt judged by a router that saw no prompt of its source."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from pointsman.graph import Predictions
from pointsman_train.data import Bools, Ints
from pointsman_train.errors import LabelError, TrainError
from pointsman_train.evaluate.bootstrap import Estimate, Weights
from pointsman_train.evaluate.compare import compare
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.evaluate.detail import GAPS, LeftOut, LeftOutFold
from pointsman_train.evaluate.figures import evaluate
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.settings import LeftOutConfig
from pointsman_train.evaluate.slices import slice_figures
from pointsman_train.evaluate.slicing import UNKNOWN_SOURCE, by_source
from pointsman_train.evaluate.stage import Evaluation, router_of
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.split import deal_sources, sample_groups
from pointsman_train.study.crossfit import join_routers, reordered
from pointsman_train.study.task import Task
from pointsman_train.train.router import TrainedRouter
from pointsman_train.train.stage import train

log = logging.getLogger(__name__)

UNKNOWN = ""
# Share of the test prompts.
_MOST_UNSEEN = 0.5

PER_SOURCE = ("quality", "cost_usd", "under_routing_rate", "over_routing_rate", "boundary_accuracy")


@dataclass(frozen=True, slots=True)
class _Done:
    """One fold.

    Attributes
    ----------
    sources
        Those that were left out.
    at
        Its rows of the test set.
    router
        What was chosen for them.
    prompts
        Training prompts of the other sources, of which a draw may have been trained on.
    """

    sources: tuple[str, ...]
    at: Ints
    router: Router
    prompts: int


def leave_sources_out(task: Task, evaluation: Evaluation, weights: Weights, config: LeftOutConfig) -> LeftOut:
    """Train anew without each source, and judge on the same test prompts as the router itself.

    Both are judged against the same frame, the router's: its training means, its best single model and its price of
    cost in the regret. So the gap between the splits is the routers' alone.

    Parameters
    ----------
    weights
        ndarray of shape (1 + n_resamples, n_judged_prompts), those of the evaluation.
    config
        How many folds of sources there are, and how many prompts each router is trained on.

    Raises
    ------
    LabelError
        When the prompts have fewer than two sources, none could be left out, or most are of a source of which no
        training prompt is: then the router itself had seen nothing of it.
    """
    rows = _judged(task)
    judged = list(compress(task.labelled.outcomes.source, rows))
    _refuse_ids(task, judged)
    done: list[_Done] = []
    failed = {} if all(judged) else {UNKNOWN_SOURCE: "where these prompts come from is not known"}
    for sources in deal_sources(list(filter(None, judged)), config.folds):
        log.info("training without %s", ", ".join(sources))
        try:
            done.append(_without(task, evaluation, sources, config.most_prompts))
        except TrainError as error:
            log.warning("not left out: %s: %s", ", ".join(sources), error)
            failed |= dict.fromkeys(sources, str(error))
    if not done:
        raise LabelError(f"no source could be left out: {'; '.join(dict.fromkeys(failed.values()))}")
    return replace(_joined(done, failed, evaluation, weights), note=_note(done, config.most_prompts))


def _refuse_ids(task: Task, judged: Sequence[str]) -> None:
    trained = task.split.rows("train", "calibration")
    known = set(compress(task.labelled.outcomes.source, trained))
    unseen = np.mean([source not in known for source in judged])
    if unseen > _MOST_UNSEEN:
        raise LabelError(
            f"{unseen:.0%} of the test prompts are of a source that no training prompt is of, so the router itself saw "
            "nothing of it; a source is where a kind of prompts comes from, not the name of one prompt"
        )


def _without(task: Task, evaluation: Evaluation, sources: tuple[str, ...], most_prompts: int) -> _Done:
    """Train without these sources; a near-duplicate of a test prompt is never in training, whatever its source."""
    labelled, split = task.labelled, task.split
    source = np.asarray(labelled.outcomes.source, dtype=object).astype(str)
    inside, test = np.isin(source, sources), split.rows("test")
    # A prompt of unknown source may be of these, and of a log's nobody knows.
    others = split.rows("train", "calibration") & ~inside & (source != UNKNOWN) & labelled.asked
    drawn = sample_groups(split.group, others, most_prompts, task.train.seed)
    part = np.where(test | drawn, split.part, -1)
    router = train(labelled, replace(split, part=part), task.folds, task.train)
    judged_rows = _judged(task)
    rows = judged_rows & inside
    judged = router.judged(_predictions(router, [labelled.outcomes.prompt[i] for i in np.flatnonzero(rows).tolist()]))
    testset, _ = take_testset(
        labelled, split.group, rows, judged.mean_cost, judged.mean_score, evaluation.testset.boundary_margin
    )
    return _Done(sources, np.flatnonzero(inside[judged_rows]), router_of(testset, judged), int(others.sum()))


def _note(done: Sequence[_Done], most_prompts: int) -> str:
    most = max(one.prompts for one in done)
    if most <= most_prompts:
        return ""
    return (
        f"Routers that saw nothing of a source were trained on {most_prompts:,} prompts, drawn from up to {most:,}; a "
        f"part of the gap may be due to that. All are taken with evaluate.left_out.most_prompts={most}."
    )


def _judged(task: Task) -> Bools:
    """Mask of the test prompts that can be judged: the rows of the evaluation's test set."""
    return complete_rows(task.labelled, task.split.rows("test"))


def _predictions(router: TrainedRouter, prompts: Sequence[str]) -> Predictions:
    return router.predictions(*router.featurizer.transform_all(prompts))


def _joined(done: Sequence[_Done], failed: dict[str, str], evaluation: Evaluation, weights: Weights) -> LeftOut:
    at = np.concatenate([one.at for one in done])
    order = np.argsort(at, kind="stable")
    at = at[order]
    left = replace(
        reordered(join_routers([one.router for one in done]), order),
        default_lambda=evaluation.router.default_lambda,
    )
    # The router's own choices of the same prompts: all of the test set, unless a source could not be left out.
    own, testset, weights = reordered(evaluation.router, at), evaluation.testset.take(at), weights[:, at]
    figures = evaluate(testset, left, weights)
    random = evaluation.figures if len(at) == len(evaluation.testset) else evaluate(testset, own, weights)
    gaps = {row.metric: row.difference for row in compare(figures, random) if row.metric in GAPS}
    return LeftOut(
        figures=figures,
        random=random,
        gap={name: gaps[name] for name in GAPS if name in gaps},
        per_source=_per_source(testset, own, left, weights),
        guard_share=figures.get("unfamiliar_share"),
        prompts=len(at),
        folds=tuple(_fold(one, left, testset, weights, np.searchsorted(at, one.at)) for one in done),
        not_measured=failed,
    )


def _fold(one: _Done, left: Router, testset: TestSet, weights: Weights, at: NDArray[np.intp]) -> LeftOutFold:
    figures = evaluate(testset.take(at), reordered(left, at), weights[:, at])
    return LeftOutFold(tuple(name or UNKNOWN_SOURCE for name in one.sources), len(at), figures)


def _per_source(testset: TestSet, own: Router, left: Router, weights: Weights) -> dict[str, dict[str, Estimate]]:
    ways = [by_source(testset.source)]
    ours, theirs = (slice_figures(testset, router.default, ways, weights) for router in (own, left))
    found = {}
    for a, b in zip(theirs, ours, strict=True):
        rows = {row.metric: row for row in compare(a.figures, b.figures)}
        gaps = {f"{name}_gap": rows[name].difference for name in PER_SOURCE}
        found[a.name] = {name: a.figures[name] for name in PER_SOURCE} | gaps
    return found
