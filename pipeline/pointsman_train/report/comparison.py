"""The report of a comparison of two routers: the verdict first, then every figure with its paired interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from pointsman_train.comparison import Comparison
from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.compare import BETTER, CANNOT_TELL, WORSE, Row, SliceRows
from pointsman_train.evaluate.gate import failed
from pointsman_train.evaluate.router import Router
from pointsman_train.plots import draw_curves, draw_reliabilities
from pointsman_train.report import words, written
from pointsman_train.report.page import write_page
from pointsman_train.report.parts import (
    BAD,
    GOOD,
    PLAIN,
    UNSURE,
    Bar,
    Cell,
    Fold,
    Page,
    Part,
    Plot,
    Section,
    Table,
    Text,
    cells,
)
from pointsman_train.report.svg import inline

HEADLINE = (
    *words.FIRST,
    "quality",
    "cost_usd",
    "auc_macro",
    "ece",
    "unfamiliar_share",
)
OF_A_POINT = ("quality", "cost_saving", "under_routing_rate")
OF_A_SLICE = ("boundary_accuracy", "under_routing_rate", "over_routing_rate", "quality", "cost_usd", "score_lost")
_TONES = {BETTER: GOOD, WORSE: BAD, CANNOT_TELL: UNSURE}
_HEAD = ("metric", "A", "B", "B - A, 95 % interval", "B is")


def write_comparison_report(comparison: Comparison, path: Path) -> Path:
    """Write a comparison as one HTML file that asks for nothing from outside; returns the path."""
    return write_page(comparison_page(comparison), path)


def comparison_page(comparison: Comparison) -> Page:
    """Put the chapters together: gate, headline figures, slices, every figure."""
    bad = failed(comparison.checks)
    a, b = comparison.baseline, comparison.candidate
    return Page(
        title=f"{b.router.name} against {a.router.name}",
        facts=(
            f"A, the baseline: {a}",
            f"B, the candidate: {b}",
            f"the same {comparison.prompts:,} prompts and resamples for both, so that differences are paired",
            *(
                f"WARNING: {name} was trained on these prompts, or on some of them; its figures say nothing"
                for name in comparison.trained_on
            ),
        ),
        verdict=(_verdict(comparison), *(f"{check.name}: {check.reason}" for check in bad)),
        tone=BAD if bad else GOOD,
        cards=(),
        sections=(
            _headline(comparison),
            _gate(comparison),
            *_points(comparison),
            _curves(comparison),
            *_calibration(comparison),
            *_slices(comparison),
            _rest(comparison),
        ),
    )


def _verdict(comparison: Comparison) -> str:
    bad, name = failed(comparison.checks), comparison.candidate.router.name
    if bad:
        conditions = ", ".join(check.name for check in bad)
        return f"{name} does not pass the gate: {len(bad)} of {len(comparison.checks)} conditions fail ({conditions})."
    promoted = f" {comparison.promoted.uri} is promoted." if comparison.promoted else ""
    return f"{name} passes the gate: all {len(comparison.checks)} conditions hold.{promoted}"


def _headline(comparison: Comparison) -> Section:
    by_name = {row.metric: row for row in comparison.rows}
    rows = [by_name[name] for name in HEADLINE if name in by_name]
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in _TONES}
    lead = Text(
        f"Of {len(rows)} headline figures B is better in {counts[BETTER]}, worse in {counts[WORSE]}, and in "
        f"{counts[CANNOT_TELL]} it cannot be told. A verdict needs the paired interval to exclude 0; of equal routers "
        "one figure in twenty gets one by chance."
    )
    return Section("headline", "Headline figures", (lead, _table("A, B and the difference", rows)))


def _gate(comparison: Comparison) -> Section:
    rows = tuple(
        cells(check.name, Cell("holds" if check.passed else "fails", GOOD if check.passed else BAD), check.reason)
        for check in comparison.checks
    )
    lead = Text("All conditions must hold before the alias moves. Improvements are turned so that more is better.")
    return Section("gate", "Gate", (lead, Table("Each condition", ("condition", "it", "why"), rows)))


def _points(comparison: Comparison) -> tuple[Section, ...]:
    if not comparison.points:
        return ()
    rows = tuple(
        (Cell(part.name), *_row(row)) for part in comparison.points for row in part.rows if row.metric in OF_A_POINT
    )
    lead = Text("Every point that both have a name for, as served and as each router's own manifest sets it.")
    table = Table("Each operating point", ("point", *_HEAD), rows)
    return (Section("points", "Operating points", (lead, table)),)


def _by_name(comparison: Comparison) -> dict[str, Router]:
    found = (comparison.baseline, comparison.candidate)
    names = [f"{letter}, {one.router.name}" for letter, one in zip("AB", found, strict=True)]
    return dict(zip(names, comparison.routed, strict=True))


def _curves(comparison: Comparison) -> Section:
    testset, routers = comparison.testset, _by_name(comparison)
    row = next(row for row in comparison.rows if row.metric == "hull_gain")
    alt = (
        "Mean score against mean cost of both routers, the single models and their random mix. "
        f"HG of A is {row.a}, of B {row.b}."
    )
    size = (4.8, 3.7 + 0.1 * len(testset.models))
    svg = inline("curves", alt, lambda figure: draw_curves(figure, testset, routers), size)
    caption = (
        "Up and to the left is better. A curve is the probabilities alone, at every price of cost; the dot is the "
        "default operating point as served, guard included."
    )
    return Section("curves", "Cost and quality", (Plot(svg, caption),))


def _calibration(comparison: Comparison) -> tuple[Section, ...]:
    testset, routers = comparison.testset, _by_name(comparison)
    if any(router.p_success is None for router in routers.values()):
        return ()
    n = len(testset.models)
    size = (5.4, 0.9 + 2.0 * -(-n // (2 if n <= 4 else 3)))
    alt = f"Reliability curves of both routers for {n} models: observed share of successes against predicted."
    svg = inline("reliability", alt, lambda figure: draw_reliabilities(figure, testset, routers), size)
    caption = "On the dotted line, of the prompts given 70 % seven in ten succeed. Bars are 95 % binomial intervals."
    by_name = {row.metric: row for row in comparison.rows}
    names = [f"{name}_rung_{rung}" for name in ("auc", "ece") for rung in range(n)]
    rows = [by_name[name] for name in names if name in by_name]
    return (Section("calibration", "Calibration", (Plot(svg, caption), _table("Each model's probabilities", rows))),)


def _slices(comparison: Comparison) -> tuple[Section, ...]:
    if not comparison.slices:
        return ()
    told = [row for part in comparison.slices for row in _shown(part) if not math.isnan(row.difference.low)]
    better, worse = (sum(row.verdict == verdict for row in told) for verdict in (BETTER, WORSE))
    lead = Text(
        f"Of {len(told)} figures of slices with an interval, {better} are better and {worse} worse; of equal routers "
        f"about {len(told) / 40:.0f} and {len(told) / 40:.0f} would seem so."
    )
    parts: list[Part] = [lead]
    for by, group in groupby(comparison.slices, key=lambda part: part.by):
        parts.append(_slice_table(by, list(group)))
    return (Section("slices", "Slices", tuple(parts)),)


def _slice_table(by: str, parts: Sequence[SliceRows]) -> Fold:
    head = (by, "prompts", *_HEAD)
    rows = tuple(
        (Cell(part.name), Cell(f"{part.prompts:,}", number=True), *_row(row))
        for part in parts
        for row in _shown(part)
        if not math.isnan(row.difference.value)
    )
    changed = sum(cell.tone in (GOOD, BAD) for row in rows for cell in row[-1:])
    return Fold(f"By {by}: {len(parts)} slices, {changed} verdicts", (Table(f"By {by}", head, rows),))


def _rest(comparison: Comparison) -> Section:
    left_out = [(reason, count) for reason, count in comparison.excluded.items()]
    if comparison.cost_imputed:
        left_out.append(("a cost is unknown, and estimated by the prompt's others (kept)", comparison.cost_imputed))
    rows = tuple(cells(reason, Cell(f"{count:,}", number=True)) for reason, count in left_out)
    table = Table("Left out, or noted", ("reason", "how many"), rows)
    reasons = table if rows else Text("No prompt was left out.")
    every = Fold(f"Every figure ({len(comparison.rows)})", (_table("Every figure", comparison.rows, raw=True),))
    return Section("rest", "What was left out, and every figure", (reasons, every))


def _shown(part: SliceRows) -> list[Row]:
    by_name = {row.metric: row for row in part.rows}
    return [by_name[name] for name in OF_A_SLICE if name in by_name]


def _table(caption: str, rows: Sequence[Row], raw: bool = False) -> Table:
    return Table(caption, _HEAD, tuple(_row(row, raw) for row in rows))


def _row(row: Row, raw: bool = False) -> tuple[Cell, ...]:
    name = row.metric
    return (
        Cell(name if raw else words.words_of(name).label),
        Cell(written.value(name, row.a), number=True),
        Cell(written.value(name, row.b), number=True),
        Cell(written.both(name, row.difference, True), number=True, bar=_bar(row.difference)),
        Cell(row.verdict, _TONES.get(row.verdict, PLAIN)),
    )


def _bar(difference: Estimate) -> Bar | None:
    """Draw the interval with 0 in the middle, so that one that excludes it shows."""
    size = max(abs(difference.low), abs(difference.high)) if not math.isnan(difference.low) else 0.0
    return written.bar_of(difference, -size, size, zero=True)
