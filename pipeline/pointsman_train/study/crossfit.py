"""Cross-fitting: train recipes round by round, and pool what each decided on the prompts it had not seen.

A prompt may be judged in several rounds, as with several seeds. Its rows share its near-duplicate group, which the
bootstrap draws as one, so intervals stay honest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pointsman_train.data import Ints
from pointsman_train.evaluate.bootstrap import Estimate, Weights
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.evaluate.figures import evaluate
from pointsman_train.evaluate.router import Choice, Point, Router
from pointsman_train.evaluate.stage import Judged, router_of
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.featurize.blocks import FeaturesConfig
from pointsman_train.featurize.featurizer import Features, Featurizer
from pointsman_train.featurize.fit import Fitted, Taught, fit_featurizer
from pointsman_train.featurize.ground import Ground
from pointsman_train.label.labels import Labelled
from pointsman_train.split.split import Split
from pointsman_train.study.folds import Fold
from pointsman_train.train.router import TrainedRouter
from pointsman_train.train.stage import TrainConfig, train

log = logging.getLogger(__name__)

Number = TypeVar("Number", np.float64, np.bool_)


@dataclass(frozen=True, slots=True)
class Round:
    """What a recipe did in one round.

    Attributes
    ----------
    testset
        The prompts judged in it, with the training means of this round.
    router
        What was chosen for them.
    """

    testset: TestSet
    router: Router


@dataclass(frozen=True, slots=True)
class Crossfit:
    """All rounds of a recipe, pooled.

    Attributes
    ----------
    rounds
        One a fold, in the order of the folds.
    """

    rounds: tuple[Round, ...]

    @property
    def testset(self) -> TestSet:
        """All prompts; training means are those of the rounds, weighed by their prompts."""
        return join_testsets([one.testset for one in self.rounds])

    @property
    def router(self) -> Router:
        """All decisions."""
        return join_routers([one.router for one in self.rounds])

    def figures(self, weights: Weights) -> dict[str, Estimate]:
        """Every figure of the pooled decisions, under the weights of :attr:`testset`."""
        return evaluate(self.testset, self.router, weights)


def crossfit(
    labelled: Labelled, group: Ints, folds: Sequence[Fold], recipes: Mapping[str, TrainConfig], inner_folds: int = 5
) -> dict[str, Crossfit]:
    """Train every recipe in every round and judge it on that round's prompts.

    Recipes with the same settings of the featurizer share its fit.

    Parameters
    ----------
    group
        ndarray of shape (n_prompts,), near-duplicate groups.
    inner_folds
        Of the out-of-fold predictions within a round's training prompts.
    """
    found: dict[str, list[Round]] = {name: [] for name in recipes}
    for number, fold in enumerate(folds, start=1):
        log.info("round %d of %d: %s, %d prompts judged", number, len(folds), fold.name, int(fold.test.sum()))
        for name, one in run_round(labelled, group, fold, recipes, inner_folds):
            found[name].append(one)
    return {name: Crossfit(tuple(rounds)) for name, rounds in found.items()}


def run_round(
    labelled: Labelled,
    group: Ints,
    fold: Fold,
    recipes: Mapping[str, TrainConfig],
    inner_folds: int = 5,
    shared: Shared | None = None,
) -> Iterator[tuple[str, Round]]:
    """Train every recipe on one fold; yields the name of each with what it did.

    Parameters
    ----------
    shared
        Fits of the featurizer of earlier calls on the same fold; None begins anew.
    """
    split = Split(np.where(fold.train, 0, np.where(fold.test, 2, -1)), group, "")
    rows = complete_rows(labelled, fold.test)
    if shared is None:
        shared = Shared()
    prompts = list(compress(labelled.outcomes.prompt, rows))
    for name, config in recipes.items():
        router = train(labelled, split, inner_folds, config, featurize=shared.fit)
        judged = shared.judge(router, prompts)
        testset, _ = take_testset(labelled, group, rows, judged.mean_cost, judged.mean_score)
        yield name, Round(testset, router_of(testset, judged))


def join_testsets(parts: Sequence[TestSet]) -> TestSet:
    """Put test sets of one ladder behind one another."""
    share = np.array([len(part) for part in parts]) / sum(len(part) for part in parts)
    return replace(
        parts[0],
        score=np.concatenate([part.score for part in parts]),
        success=np.concatenate([part.success for part in parts]),
        cost_usd=np.concatenate([part.cost_usd for part in parts]),
        label=np.concatenate([part.label for part in parts]),
        group=np.concatenate([part.group for part in parts]),
        source=[source for part in parts for source in part.source],
        stands_for=_stack([part.stands_for for part in parts]),
        train_mean_cost=share @ np.stack([part.train_mean_cost for part in parts]),
        train_mean_score=share @ np.stack([part.train_mean_score for part in parts]),
    )


def join_routers(parts: Sequence[Router]) -> Router:
    """Put decisions behind one another, position by position of the sweep."""
    sweeps = zip(*(part.sweep for part in parts), strict=True)
    return Router(
        sweep=tuple(_join_choices(points) for points in sweeps),
        default=_join_choices([part.default for part in parts]),
        default_lambda=float(np.mean([part.default_lambda for part in parts])),
        p_success=_stack([part.p_success for part in parts]),
        p_label=_stack([part.p_label for part in parts]),
        unfamiliar=_stack([part.unfamiliar for part in parts]),
    )


def reordered(router: Router, rows: Ints) -> Router:
    """Take the decisions of these prompts, in this order; ``rows`` are positions among the router's own."""
    return replace(
        router,
        sweep=tuple(_take(point, rows) for point in router.sweep),
        default=_take(router.default, rows),
        p_success=None if router.p_success is None else router.p_success[rows],
        p_label=None if router.p_label is None else router.p_label[rows],
        unfamiliar=None if router.unfamiliar is None else router.unfamiliar[rows],
    )


def _take(point: Point, rows: Ints) -> Point:
    if not isinstance(point, Choice):
        return point
    return Choice(point.choice[rows], None if point.margin is None else point.margin[rows])


def _join_choices(points: Sequence[Point]) -> Choice:
    chosen = [point for point in points if isinstance(point, Choice)]
    return Choice(np.concatenate([point.choice for point in chosen]), _stack([point.margin for point in chosen]))


def _stack(parts: Sequence[NDArray[Number] | None]) -> NDArray[Number] | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


class Shared:
    """Fits of the featurizer in one round, and their features of the judged prompts, by its settings and its folds."""

    def __init__(self) -> None:
        self._fits: dict[tuple[str, bytes], Fitted] = {}
        self._features: dict[int, tuple[Featurizer, Features, Features | None]] = {}

    def fit(
        self, prompts: Sequence[str], taught: Taught, config: FeaturesConfig, ground: Ground | None = None
    ) -> Fitted:
        """Fit a featurizer, or return it as it was fitted before."""
        key = repr(config), taught.fold.tobytes()
        if key not in self._fits:
            self._fits[key] = fit_featurizer(prompts, taught, config, ground)
        return self._fits[key]

    def judge(self, router: TrainedRouter, prompts: Sequence[str]) -> Judged:
        """Return what a router says of the judged prompts, which are the same at every call."""
        key = id(router.featurizer)
        if key not in self._features:
            # The featurizer is kept with its features, so that its id stays its own.
            self._features[key] = (router.featurizer, *router.featurizer.transform_all(prompts))
        _, features, similarity = self._features[key]
        return router.judged(router.predictions(features, similarity))
