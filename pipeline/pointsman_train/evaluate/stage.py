"""The evaluate stage: predictions for the test prompts in, every figure with its interval out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pointsman.decide import Rule
from pointsman.guard import Guard, served
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError, LabelError
from pointsman_train.evaluate.baselines import baselines
from pointsman_train.evaluate.bootstrap import RESAMPLES, Estimate, Weights, weights_of
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.evaluate.figures import evaluate, flatten, point_figures
from pointsman_train.evaluate.router import Point, Router
from pointsman_train.evaluate.settings import LeftOutConfig, ProbeConfig, RobustnessConfig, WorstConfig
from pointsman_train.evaluate.sweep import lambda_grid, serve, sweep_of
from pointsman_train.evaluate.testset import BOUNDARY_MARGIN, TestSet
from pointsman_train.label.labels import Labelled
from pointsman_train.label.logged import nothing_complete_told


@dataclass(slots=True)
class EvaluateConfig:
    """Settings of evaluation.

    Attributes
    ----------
    resamples
        Bootstrap resamples behind each interval.
    seed
        Of the resampling, the noise and what is drawn.
    most_prompts
        Of more test prompts so many are drawn and judged: intervals are narrow by then, and resamples take their room.
    boundary_margin
        A decision that leads by less in utility is a boundary case, here and in the exported router.
    slices
        Whether figures are given by rung, source, length, language and margin as well.
    worst, source_probe, robustness, left_out
        The other parts of :class:`~pointsman_train.evaluate.detail.Detail`.
    """

    resamples: int = RESAMPLES
    seed: int = 0
    most_prompts: int = 50_000
    boundary_margin: float = BOUNDARY_MARGIN
    slices: bool = True
    worst: WorstConfig = field(default_factory=WorstConfig)
    source_probe: ProbeConfig = field(default_factory=ProbeConfig)
    robustness: RobustnessConfig = field(default_factory=RobustnessConfig)
    left_out: LeftOutConfig = field(default_factory=LeftOutConfig)

    def check(self) -> None:
        """Raise :class:`ConfigError` for too few resamples for a 95 % interval, or a setting out of range."""
        if self.resamples < 40:
            raise ConfigError(f"evaluate.resamples must be at least 40, got {self.resamples!r}")
        if self.seed < 0:
            raise ConfigError(f"evaluate.seed must not be negative, got {self.seed!r}")
        if self.most_prompts < 1:
            raise ConfigError(f"evaluate.most_prompts must be at least 1, got {self.most_prompts!r}")
        if self.boundary_margin < 0:
            raise ConfigError(f"evaluate.boundary_margin must not be negative, got {self.boundary_margin!r}")
        for section in (self.worst, self.source_probe, self.robustness, self.left_out):
            section.check()


@dataclass(frozen=True, slots=True)
class Judged:
    """A router as the evaluate stage needs it.

    Attributes
    ----------
    p_success, p_label
        ndarray of shape (n_test_prompts, n_models) and (n_test_prompts, n_models + 1), from the exported graph.
    rules
        How each operating point decides, by name.
    default
        Name of the default operating point.
    mean_cost, mean_score
        ndarray of shape (n_models,), training means.
    guard
        None where every prompt is decided by its probabilities.
    similarity
        ndarray of shape (n_test_prompts,), to the training prompts, from the exported graph; a guard needs it.
    """

    p_success: Floats
    p_label: Floats
    rules: Mapping[str, Rule]
    default: str
    mean_cost: Floats
    mean_score: Floats
    guard: Guard | None = None
    similarity: NDArray[np.floating] | None = None

    def take(self, rows: Bools) -> Judged:
        """Return what it says of these prompts."""
        near = None if self.similarity is None else self.similarity[rows]
        return replace(self, p_success=self.p_success[rows], p_label=self.p_label[rows], similarity=near)

    def chosen(self) -> Ints:
        """Rung of each prompt at the default operating point as served, ndarray of shape (n_test_prompts,)."""
        rule, anchor = self.rules[self.default], int(np.argmax(self.mean_score))
        return served(rule, self.p_success, self.p_label, self.mean_cost, anchor, self.guard, self.similarity).chosen


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the evaluate stage found.

    Attributes
    ----------
    testset
        The prompts that were judged.
    router, baselines
        What each chose.
    figures
        Of the router, by flat name.
    baseline_figures
        Of each baseline, by its name.
    point_figures
        Of each operating point, by its name.
    excluded
        Test prompts that could not be judged, by reason.
    cost_imputed
        Answers in the test set whose cost was unknown and estimated:
        see :func:`~pointsman_train.label.partial.filled_costs`.
    """

    testset: TestSet
    router: Router
    baselines: Mapping[str, Router]
    figures: Mapping[str, Estimate]
    baseline_figures: Mapping[str, Mapping[str, Estimate]]
    point_figures: Mapping[str, Mapping[str, Estimate]]
    excluded: Mapping[str, int]
    cost_imputed: int

    def metrics(self) -> dict[str, float]:
        """Every figure under its flat name, ``test/...`` and ``baseline/<name>/...``; undefined is NaN."""
        flat = flatten("test", self.figures)
        for name, figures in self.baseline_figures.items():
            flat |= flatten(f"baseline/{name}", figures)
        for name, figures in self.point_figures.items():
            flat |= flatten(f"operating_point/{name}", figures)
        counts = {"test/prompts": len(self.testset), "test/prompts_excluded": sum(self.excluded.values())}
        return (
            flat
            | {name: float(count) for name, count in counts.items()}
            | {"test/costs_imputed": float(self.cost_imputed)}
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """What routers are judged on, the same for all that are compared.

    Attributes
    ----------
    testset
        The prompts that can be judged.
    weights
        ndarray of shape (1 + n_resamples, n_judged_prompts).
    rows
        ndarray of shape (n_prompts,), where those prompts are among all.
    excluded, cost_imputed
        As of :class:`Evaluation`.
    """

    testset: TestSet
    weights: Weights
    rows: Bools
    excluded: Mapping[str, int]
    cost_imputed: int


def ground(labelled: Labelled, group: Ints, test: Bools, judged: Judged, config: EvaluateConfig) -> Ground:
    """Take the prompts that can be judged, and draw their resamples; parameters and errors as of :func:`judge`."""
    complete = complete_rows(labelled, test)
    excluded = _excluded(labelled, test, complete)
    testset, imputed = take_testset(
        labelled, group, complete, judged.mean_cost, judged.mean_score, config.boundary_margin
    )
    weights = weights_of(testset, config.seed, config.resamples)
    return Ground(testset, weights, complete, excluded, imputed)


def judge(labelled: Labelled, group: Ints, test: Bools, judged: Judged, config: EvaluateConfig) -> Evaluation:
    """Judge a router and the baselines on the same test prompts and the same resamples.

    The default and the named operating points are judged as served, with their rule and the guard. The sweep is
    without the guard: see :mod:`pointsman_train.evaluate.sweep`.

    Parameters
    ----------
    labelled
        All prompts with their labels.
    group
        ndarray of shape (n_prompts,), near-duplicate groups.
    test
        Mask of shape (n_prompts,) of the prompts to judge on; the rows of ``judged`` are these.

    Raises
    ------
    LabelError
        When no test prompt has all its outcomes, or all have one label.
    """
    config.check()
    on = ground(labelled, group, test, judged, config)
    testset, weights = on.testset, on.weights
    judged = judged.take(on.rows[test])
    router = router_of(testset, judged)
    rivals = baselines(testset, lambda_grid(judged.mean_cost), router.default_lambda)
    return Evaluation(
        testset=testset,
        router=router,
        baselines=rivals,
        figures=evaluate(testset, router, weights),
        baseline_figures={name: evaluate(testset, rival, weights) for name, rival in rivals.items()},
        point_figures={
            name: point_figures(testset, point, weights) for name, point in points_of(testset, judged).items()
        },
        excluded=on.excluded,
        cost_imputed=on.cost_imputed,
    )


def router_of(testset: TestSet, judged: Judged) -> Router:
    """Route a test set as the router does: the sweep by its probabilities, the default point as served."""
    rule, near = judged.rules[judged.default], judged.similarity
    return Router(
        sweep=tuple(
            serve(testset, judged.p_success, each, p_label=judged.p_label) for each in sweep_of(rule, judged.mean_cost)
        ),
        default=_served(testset, judged, rule),
        default_lambda=rule.lam,
        p_success=judged.p_success,
        p_label=judged.p_label,
        unfamiliar=None if judged.guard is None or near is None else judged.guard.unfamiliar(near),
    )


def _served(testset: TestSet, judged: Judged, rule: Rule) -> Point:
    return serve(testset, judged.p_success, rule, judged.guard, judged.similarity, judged.p_label)


def points_of(testset: TestSet, judged: Judged) -> dict[str, Point]:
    """Return what each operating point chooses, as served."""
    return {name: _served(testset, judged, rule) for name, rule in judged.rules.items()}


def _excluded(labelled: Labelled, test: Bools, complete: Bools) -> dict[str, int]:
    out = test & ~complete
    excluded = {"an outcome is unknown or the prompt has no label": int(out.sum())} if out.any() else {}
    if not complete.any():
        raise LabelError(
            f"none of the {int(test.sum())} test prompts has a label and an outcome of every model"
            f"{nothing_complete_told(labelled)}"
        )
    if len(np.unique(labelled.label[complete])) < 2:
        only = labelled.class_names[int(labelled.label[complete][0])]
        raise LabelError(
            f"every one of the {int(complete.sum())} test prompts has the label {only!r}: nothing to judge on; "
            "bring more varied prompts or give split.test a larger share"
        )
    return excluded
