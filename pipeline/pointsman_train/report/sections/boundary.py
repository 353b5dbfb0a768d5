"""Boundary prompts, for both heads and by both definitions, and what goes wrong on each rung."""

from __future__ import annotations

import numpy as np

from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.label.labels import ALL_FAIL
from pointsman_train.report import written
from pointsman_train.report.parts import Cell, Part, Section, Table, Text, cells, present
from pointsman_train.report.sections.slices import slice_table

_WRONG = ("under_routing", "over_routing")
_BY_RUNG = (
    "boundary_accuracy",
    "boundary_exact",
    "under_routing_rate",
    "over_routing_rate",
    "label_accuracy",
    "score_lost",
    "cost_lost_usd",
)


def section(evaluation: Evaluation, detail: Detail | None) -> Section:
    """Make the chapter; by rung only where slices were made."""
    parts: list[Part | None] = [
        Text(
            "Most prompts are easy or hopeless: any router gets them right. What tells routers apart is the prompts in "
            "between. Two definitions: a prompt that needs a step up, because the cheapest model fails and a dearer "
            "one succeeds (label side); and a close call, where the chosen model leads the runner-up by less than "
            f"{evaluation.testset.boundary_margin:g} in utility (score side)."
        ),
        _routed(evaluation),
        _classified(evaluation),
        _wrong(evaluation),
        _sent(evaluation),
    ]
    if detail is not None:
        parts.append(slice_table("By rung: the cheapest model that succeeds", "label", detail.slices, _BY_RUNG))
    return Section("boundary", "Boundary prompts", present(parts))


def _routed(evaluation: Evaluation) -> Table:
    figures = evaluation.figures
    rows = []
    for label, prefix, share in (
        ("label side", "boundary", "boundary_share"),
        ("score side", "score_boundary", "score_boundary_share"),
    ):
        names = (share, f"{prefix}_accuracy", f"{prefix}_exact", f"{prefix}_accuracy_half_cost")
        accuracy = figures.get(f"{prefix}_accuracy")
        count = Cell("-" if accuracy is None else f"{accuracy.n:,}", number=True)
        rows.append(cells(label, count, *(written.cell(name, figures.get(name)) for name in names)))
    head = ("definition", "prompts", "of all", "accuracy", "exact", "accuracy at half cost")
    return Table("The success model: where boundary prompts go at the default operating point", head, tuple(rows))


def _classified(evaluation: Evaluation) -> Table | None:
    figures = evaluation.figures
    if "label_accuracy" not in figures:
        return None
    names = ("accuracy", "balanced_accuracy", "rung_distance")
    rows = tuple(
        cells(
            who,
            Cell(f"{figures[f'{prefix}_accuracy'].n:,}", number=True),
            *(written.cell(f"{prefix}_{name}", figures.get(f"{prefix}_{name}")) for name in names),
        )
        for who, prefix in (
            ("boundary prompts, label side", "boundary_label"),
            ("boundary prompts, score side", "score_boundary_label"),
            ("all prompts", "label"),
        )
        if f"{prefix}_accuracy" in figures
    )
    head = ("on", "prompts", "accuracy", "balanced accuracy", "rungs off")
    return Table("The complexity classifier: which label it names", head, rows)


def _wrong(evaluation: Evaluation) -> Table:
    figures = evaluation.figures
    rows = []
    for ending, where in (("", "at the default point"), ("_half_cost", "at half cost")):
        for kind in _WRONG:
            names = [f"{kind}_{what}{ending}" for what in ("rate", "score_lost", "cost_lost_usd")]
            lost = figures.get(names[1])
            rows.append(
                cells(
                    f"{kind.replace('_', '-')} {where}",
                    written.cell(names[0], figures.get(names[0]), (0.0, 1.0)),
                    Cell("-" if lost is None else f"{lost.n:,}", number=True),
                    *(written.cell(name, figures.get(name)) for name in names[1:]),
                )
            )
    head = ("", "of prompts that some model gets right", "prompts", "score lost on each", "USD lost on 1,000 of them")
    return Table("Too low and too high", head, tuple(rows))


def _sent(evaluation: Evaluation) -> Table:
    """Of the prompts with each label, the share that each model gets."""
    testset, point = evaluation.testset, evaluation.router.default
    count = testset.counts
    shares = []
    for rung in range(len(testset.models)):
        table = np.zeros_like(testset.score)
        table[:, rung] = 1.0
        shares.append(point.take(table))
    rows = []
    for label, name in enumerate((*testset.models, ALL_FAIL)):
        at = testset.label == label
        if at.any():
            found = [100 * float(np.average(share[at], weights=count[at])) for share in shares]
            rows.append(
                cells(name, Cell(f"{int(at.sum()):,}", number=True), *(Cell(f"{x:.0f} %", shade=x) for x in found))
            )
    return Table("Where the prompts of each label go", ("label", "prompts", *testset.models), tuple(rows))
