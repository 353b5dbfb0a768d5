"""Slices: where the router goes wrong, by source, length, language and margin of the decision."""

from __future__ import annotations

from collections.abc import Sequence

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.ratio import is_share
from pointsman_train.evaluate.slices import Slice
from pointsman_train.report import words, written
from pointsman_train.report.parts import Cell, Fold, Section, Table, Text, cells, present

TITLES = {
    "source": "By source",
    "length": "By length of the prompt",
    "language": "By language",
    "margin": "By margin of the decision",
}
FIGURES = (
    "boundary_accuracy",
    "under_routing_rate",
    "over_routing_rate",
    "boundary_label_accuracy",
    "score_lost",
    "cost_lost_usd",
)
# A table of a thousand tenants helps nobody; the largest are shown.
_MOST = 40


def section(detail: Detail) -> Section | None:
    """Make the chapter; None where there are no slices."""
    if not detail.slices:
        return None
    tables = [slice_table(title, by, detail.slices, FIGURES) for by, title in TITLES.items()]
    lead = Text(
        "Each figure with its 95 % interval and the prompts that it rests on. Score and dollars lost are against the "
        "cheapest model that succeeds, per prompt and per 1,000 prompts of the slice; negative dollars are below it, "
        "which is what failing cheaply looks like. Small slices have no interval."
    )
    notes = tuple(f"{part.by} {part.name}: {part.note}" for part in detail.slices if part.note)
    return Section("slices", "Slices", present([lead, *tables, _notes(notes)]))


def slice_table(caption: str, by: str, slices: Sequence[Slice], names: Sequence[str]) -> Table | None:
    """Make the table of one way to divide, the order that of the slices; None where there are none."""
    own = [part for part in slices if part.by == by]
    if not own:
        return None
    kept = sorted(own, key=lambda part: -part.prompts)[:_MOST] if len(own) > _MOST else own
    more = f" (the {_MOST} largest of {len(own)})" if len(own) > _MOST else ""
    rows = tuple(
        cells(
            part.name, Cell(f"{part.prompts:,}", number=True), *(_cell(name, part.figures.get(name)) for name in names)
        )
        for part in kept
    )
    return Table(caption + more, (by, "prompts", *(words.words_of(name).label for name in names)), rows)


def _cell(name: str, figure: Estimate | None) -> Cell:
    if figure is None or not figure.n:
        return Cell("-", number=True)
    found = written.cell(name, figure, (0.0, 1.0) if is_share(name) else None)
    return Cell(f"{found.text} · {figure.n:,}", number=True, bar=found.bar)


def _notes(notes: tuple[str, ...]) -> Fold | None:
    if not notes:
        return None
    table = Table("What has no interval, and why", ("slice",), tuple(cells(note) for note in notes))
    return Fold(f"What has no interval, and why ({len(notes)} slices)", (table,))
