"""Two exported routers on the same prompts: every figure of both, the paired difference, and the gate's conditions.

Both decide with their own manifests: costs, operating points and guard are those that each was shipped with. All else
is shared, so that a difference is the routers' alone: the prompts and their resamples; the ladder, the best single
model, the margin of a close call and the price of cost in the regret, which are the baseline's; and the means by which
an unknown cost is estimated, the baseline's too. Two routers of one pool whose ladders are in another order are
compared on the baseline's; the figures of the candidate's complexity classifier are then left out, since its labels
mean other things.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import compress

import numpy as np

from pointsman.router import Router
from pointsman_train import tracking
from pointsman_train.datasets import DatasetConfig
from pointsman_train.errors import ConfigError, PoolError
from pointsman_train.evaluate.compare import Row, SliceRows, compare, compare_slices
from pointsman_train.evaluate.complete import take_testset
from pointsman_train.evaluate.figures import evaluate, point_figures
from pointsman_train.evaluate.gate import Check, GateConfig, gate
from pointsman_train.evaluate.ratio import groups_behind, mean
from pointsman_train.evaluate.router import Point
from pointsman_train.evaluate.router import Router as Routed
from pointsman_train.evaluate.slices import Slice, slice_figures
from pointsman_train.evaluate.slicing import slicings
from pointsman_train.evaluate.stage import EvaluateConfig, Ground, ground, points_of, router_of
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.fresh import Fresh, fresh, predicted
from pointsman_train.inputs import DatasetInput, fresh_input
from pointsman_train.label import LabelConfig, label
from pointsman_train.registry import Found, Version
from pointsman_train.split import GroupConfig

NO_BASELINE = "none"
# What the figures of an operating point are divided by.
POINT = "operating point"


@dataclass(slots=True)
class CompareConfig:
    """Everything that ``pointsman-compare`` can be told.

    Attributes
    ----------
    baseline, candidate
        A folder of an exported router, ``models:/NAME@ALIAS``, ``models:/NAME/VERSION`` or ``runs:/RUN_ID``.
        The baseline ``none`` compares nothing: the candidate becomes the first to have the alias.
    dataset
        Outcomes of the routers' models, that neither was made from; others in it are left out.
    promote
        Whether the alias moves to the candidate when the gate holds. The baseline must be what it points to.
    alias
        Of the registered model: which version is served.
    catalog
        Path of a table of prices, for costs that the data set does not tell.
    label
        What counts as success; left as it is, what the baseline was made with. The ladder is the baseline's.
    """

    baseline: str
    candidate: str
    dataset: DatasetConfig | None = None
    promote: bool = False
    alias: str = "champion"
    catalog: str | None = None
    label: LabelConfig = field(default_factory=LabelConfig)
    group: GroupConfig = field(default_factory=GroupConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    tracking: tracking.TrackingConfig = field(default_factory=tracking.TrackingConfig)

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range, or for settings that do not go together."""
        if not re.fullmatch(r"[A-Za-z][\w-]*", self.alias):
            raise ConfigError(f"alias begins with a letter and has letters, digits, _ and -, got {self.alias!r}")
        if self.baseline == NO_BASELINE and not self.promote:
            raise ConfigError("without a baseline there is nothing to compare; give one, or promote=true")
        if self.baseline != NO_BASELINE:
            self.outcomes()
        for section in (self.label, self.group, self.evaluate, self.gate):
            section.check()

    def outcomes(self) -> DatasetConfig:
        """Return the data set; :class:`ConfigError` where there is none, which only a first champion can do without."""
        if self.dataset is None:
            raise ConfigError(
                "there is no data set to compare on; give outcomes that neither router was made from, as "
                "dataset=outcomes dataset.prompts=FILE dataset.outcomes=FILE"
            )
        return self.dataset


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the comparison found.

    Attributes
    ----------
    baseline, candidate
        The two routers.
    prompts
        How many both were judged on.
    rows, slices
        Every figure, on all prompts and on every slice that is the same prompts for both.
    points
        The figures of every operating point that both have, by name, each as its own manifest sets it.
    checks
        The conditions of the gate.
    trained_on
        Names of the routers that the data are the training data of.
    excluded, cost_imputed
        As of :class:`~pointsman_train.evaluate.stage.Evaluation`.
    testset, routed
        The prompts, and what either router chose for them on the baseline's ladder.
    promoted
        The version that the alias points to now; None where it was not moved.
    data
        What both were judged on, for tracking; None where that is nobody's concern.
    """

    baseline: Found
    candidate: Found
    prompts: int
    rows: tuple[Row, ...]
    slices: tuple[SliceRows, ...]
    points: tuple[SliceRows, ...]
    checks: tuple[Check, ...]
    trained_on: tuple[str, ...]
    excluded: Mapping[str, int]
    cost_imputed: int
    testset: TestSet = field(repr=False, compare=False)
    routed: tuple[Routed, Routed] = field(repr=False, compare=False)
    promoted: Version | None = None
    data: DatasetInput | None = field(default=None, repr=False, compare=False)


def compare_found(config: CompareConfig, baseline: Found, candidate: Found) -> Comparison:
    """Judge two routers on every prompt of a data set that has all its outcomes.

    Raises
    ------
    PoolError
        When the two do not route over the same models.
    TrainError
        When the data cannot be used.
    """
    refuse_other_pool(baseline.router, candidate.router)
    routers = (baseline.router, candidate.router)
    data = fresh(config.outcomes(), config.catalog, config.label, config.group, [baseline, candidate])
    prompts = data.labelled.outcomes.prompt
    first = predicted(baseline.router, prompts)
    on = ground(data.labelled, data.group, np.ones(len(prompts), bool), first, config.evaluate)
    judged = first.take(on.rows)
    a, points = router_of(on.testset, judged), points_of(on.testset, judged)
    routed, others = _routed(candidate.router, data, on, config)
    b = replace(routed, default_lambda=a.default_lambda)
    same, density = _is_one(*routers), _density(on.testset)
    rows = compare(*(evaluate(on.testset, router, on.weights) for router in (a, b)), density=density, same=same)
    return Comparison(
        baseline=baseline,
        candidate=candidate,
        prompts=len(on.testset),
        rows=rows,
        slices=compare_slices(*(_slices(router, data, on) for router in (a, b)), same=same),
        points=_compare_points(points, others, on, same),
        checks=gate(rows, config.gate),
        trained_on=data.trained_on,
        excluded=_left_out(data, on),
        cost_imputed=on.cost_imputed,
        testset=on.testset,
        routed=(a, b),
        data=fresh_input(config.outcomes(), data.labelled),
    )


def refuse_other_pool(baseline: Router, candidate: Router) -> None:
    """Raise :class:`PoolError` with what differs, when two routers do not route over the same models."""
    a, b = set(baseline.models), set(candidate.models)
    if a != b:
        raise PoolError(
            f"{baseline.name} and {candidate.name} do not route over the same models: only the baseline has "
            f"{sorted(a - b)!r}, only the candidate {sorted(b - a)!r}; train one of them with the other's pool"
        )


def _routed(router: Router, data: Fresh, on: Ground, config: CompareConfig) -> tuple[Routed, dict[str, Point]]:
    """Let the candidate and its operating points decide on its own ladder, and tell the choices on the baseline's."""
    outcomes = data.labelled.outcomes
    labels = replace(data.labels, ladder=list(router.models))
    own = data.labelled if router.models == on.testset.models else label(outcomes, labels)
    judged = predicted(router, outcomes.prompt)
    testset, _ = take_testset(
        own, data.group, on.rows, judged.mean_cost, judged.mean_score, config.evaluate.boundary_margin
    )
    judged = judged.take(on.rows)
    routed, points = router_of(testset, judged), points_of(testset, judged)
    if router.models == on.testset.models:
        return routed, points
    order = np.array([router.models.index(model) for model in on.testset.models])
    return routed.renumbered(order), {name: point.renumbered(order) for name, point in points.items()}


def _left_out(data: Fresh, on: Ground) -> dict[str, int]:
    """Count what was left out or noted, by the reason: while the data were read, then while they were judged."""
    read = data.labelled.outcomes.drops.counts
    return {f"reading: {reason}": rows for reason, rows in read.items()} | dict(on.excluded)


def _is_one(a: Router, b: Router) -> bool:
    """Say whether two routers decide every prompt alike, whatever their names."""
    return all(
        getattr(a.manifest, part) == getattr(b.manifest, part)
        for part in ("onnx_sha256", "models", "best_single", "operating_points", "default_operating_point", "guard")
    )


def _density(testset: TestSet) -> float:
    return groups_behind(mean(np.ones(len(testset))), testset.group, testset.stands_for) / len(testset)


def _compare_points(a: Mapping[str, Point], b: Mapping[str, Point], on: Ground, same: bool) -> tuple[SliceRows, ...]:
    return tuple(
        SliceRows(
            POINT,
            name,
            len(on.testset),
            compare(
                *(point_figures(on.testset, point, on.weights) for point in (a[name], b[name])),
                density=_density(on.testset),
                same=same,
            ),
        )
        for name in a
        if name in b
    )


def _slices(router: Routed, data: Fresh, on: Ground) -> tuple[Slice, ...]:
    prompts = list(compress(data.labelled.outcomes.prompt, on.rows))
    ways = slicings(on.testset, prompts, router.default)
    return slice_figures(on.testset, router.default, ways, on.weights, router.p_success, router.p_label)
