"""The second split: every test prompt judged by a router that saw no prompt of its source."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pointsman.graph import Predictions
from pointsman_train.data import Bools, Ints
from pointsman_train.errors import LabelError, TrainError
from pointsman_train.evaluate.bootstrap import Estimate, Weights
from pointsman_train.evaluate.compare import compare
from pointsman_train.evaluate.detail import GAPS, LeftOut, LeftOutFold
from pointsman_train.evaluate.figures import evaluate
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.slices import slice_figures
from pointsman_train.evaluate.slicing import UNKNOWN_SOURCE, by_source
from pointsman_train.evaluate.stage import Evaluation, complete_rows, router_of, testset_of
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.label.labels import Labelled
from pointsman_train.split.split import PARTS, Split
from pointsman_train.study.crossfit import join_routers, reordered
from pointsman_train.train.router import TrainedRouter
from pointsman_train.train.stage import TrainConfig, train

log = logging.getLogger(__name__)

PER_SOURCE = ("quality", "cost_usd", "under_routing_rate", "over_routing_rate", "boundary_accuracy")


@dataclass(frozen=True, slots=True)
class Setting:
    """What the router was made from, so that it can be made again without a source.

    Attributes
    ----------
    folds
        Of the out-of-fold predictions within the training prompts.
    """

    labelled: Labelled
    split: Split
    folds: int
    train: TrainConfig

    @property
    def training(self) -> Bools:
        """Mask of the prompts that the heads are fitted on."""
        out_of_fold = self.train.calibration.fit_on == "out_of_fold"
        return self.split.rows("train", "calibration") if out_of_fold else self.split.rows("train")

    @property
    def judged(self) -> Bools:
        """Mask of the test prompts that can be judged: the rows of the evaluation's test set."""
        return complete_rows(self.labelled, self.split.rows("test"))


@dataclass(frozen=True, slots=True)
class _Done:
    """One fold: its sources, its rows of the test set, and what was chosen for them."""

    sources: tuple[str, ...]
    at: Ints
    router: Router


def leave_sources_out(setting: Setting, evaluation: Evaluation, weights: Weights, most_folds: int) -> LeftOut:
    """Train anew without each source, and judge on the same test prompts as the router itself.

    Both are judged against the same frame, the router's: its training means, its best single model and its price of
    cost in the regret. So the gap between the splits is the routers' alone.

    Parameters
    ----------
    weights
        ndarray of shape (1 + n_resamples, n_judged_prompts), those of the evaluation.
    most_folds
        Sources are left out one by one while there are no more, else in so many folds of sources.

    Raises
    ------
    LabelError
        When the prompts have fewer than two sources, or none could be left out.
    """
    judged = [source for source, kept in zip(setting.labelled.outcomes.source, setting.judged, strict=True) if kept]
    done: list[_Done] = []
    failed: dict[str, str] = {}
    for sources in deal_sources(judged, most_folds):
        log.info("training without %s", ", ".join(sources))
        try:
            done.append(_without(setting, evaluation, sources))
        except TrainError as error:
            log.warning("not left out: %s: %s", ", ".join(sources), error)
            failed |= dict.fromkeys(sources, str(error))
    if not done:
        raise LabelError(f"no source could be left out: {'; '.join(dict.fromkeys(failed.values()))}")
    return _joined(done, failed, evaluation, weights)


def deal_sources(source: Sequence[str], most_folds: int) -> list[tuple[str, ...]]:
    """Deal sources into folds of about the same number of prompts, the largest source first.

    Raises
    ------
    LabelError
        When there are fewer than two sources.

    Examples
    --------
    >>> deal_sources(["a", "b", "b", "b", "c", "c"], most_folds=2)
    [('b',), ('a', 'c')]
    """
    names, prompts = np.unique(np.asarray(source, dtype=object).astype(str), return_counts=True)
    if len(names) < 2:
        raise LabelError(
            f"the test prompts have {len(names)} source(s), {names.tolist()!r}; leaving a source out takes two or "
            "more: name the column that tells where a prompt comes from in dataset.columns.source"
        )
    folds: list[list[str]] = [[] for _ in range(min(most_folds, len(names)))]
    filled = np.zeros(len(folds))
    for k in np.argsort(-prompts, kind="stable"):
        lightest = int(np.argmin(filled))
        folds[lightest].append(str(names[k]))
        filled[lightest] += prompts[k]
    return [tuple(sorted(fold)) for fold in folds]


def _without(setting: Setting, evaluation: Evaluation, sources: tuple[str, ...]) -> _Done:
    """Train without these sources; a near-duplicate of a test prompt is never in training, whatever its source."""
    labelled, split = setting.labelled, setting.split
    inside = np.isin(np.asarray(labelled.outcomes.source, dtype=object).astype(str), sources)
    part = np.where(inside & (split.part != PARTS.index("test")), -1, split.part)
    router = train(labelled, replace(split, part=part), setting.folds, setting.train)
    rows = setting.judged & inside
    judged = router.judged(_predictions(router, [labelled.outcomes.prompt[i] for i in np.flatnonzero(rows).tolist()]))
    testset, _ = testset_of(labelled, split.group, rows, judged, evaluation.testset.boundary_margin)
    return _Done(sources, np.flatnonzero(inside[setting.judged]), router_of(testset, judged))


def _predictions(router: TrainedRouter, prompts: Sequence[str]) -> Predictions:
    features, similarity = router.featurizer.transform_all(prompts)
    return Predictions(router.p_success(features), router.p_label(features), features, similarity)


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
