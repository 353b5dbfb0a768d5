"""Random split against sources left out, and whether the features tell the source."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.detail import GAPS, Detail, LeftOut
from pointsman_train.evaluate.source_probe import SourceProbe
from pointsman_train.report import words, written
from pointsman_train.report.parts import BAD, Cell, Fold, Heading, Part, Section, Table, Text, cells, present

_PER_SOURCE = ("boundary_accuracy", "under_routing_rate", "over_routing_rate", "quality", "cost_usd")
# Of which the router's own less the one with the source left out stands beside it.
_WITH_GAP = ("boundary_accuracy", "quality")


def section(detail: Detail) -> Section | None:
    """Make the chapter; None where neither was measured."""
    left_out, probe = detail.left_out, detail.probe
    notes = [detail.notes[name] for name in ("left_out", "probe") if name in detail.notes]
    if left_out is None and probe is None and not notes:
        return None
    parts: list[Part | None] = [Text(note) for note in notes]
    if left_out is not None:
        parts += _left_out(left_out)
    if probe is not None:
        parts += _probe(probe)
    return Section("splits", "Prompts of a source that it never saw", present(parts))


def _left_out(found: LeftOut) -> list[Part | None]:
    lead = Text(
        f"The same {found.prompts:,} prompts judged twice: by the router itself, which saw other prompts of their "
        "sources (random split), and by routers of the same recipe that saw none of them (sources left out). New kinds "
        "of prompts are to be judged by the second."
    )
    names = [name for name in GAPS if name in found.gap]
    rows = tuple(
        cells(
            words.words_of(name).label,
            written.cell(name, found.random.get(name)),
            written.cell(name, found.figures.get(name)),
            Cell(written.both(name, found.gap[name], True), BAD if found.gap[name].low > 0 else "", number=True),
        )
        for name in names
    )
    head = ("figure", "random split", "sources left out", "gap")
    guard = found.guard_share
    fires = (
        None
        if guard is None
        else Text(f"The guard fires on {written.both('unfamiliar_share', guard)} of left-out prompts.")
    )
    return [
        lead,
        Table("What knowing the source is worth", head, rows),
        fires,
        _by_fold(found),
        _by_source(found),
        _missing(found),
    ]


def _by_fold(found: LeftOut) -> Table | None:
    rows = tuple(
        cells(
            fold.name,
            Cell(f"{fold.prompts:,}", number=True),
            *(written.cell(name, fold.figures.get(name)) for name in GAPS),
        )
        for fold in found.folds
    )
    head = ("left out together", "prompts", *(words.words_of(name).label for name in GAPS))
    return Table("Fold by fold: what a router that never saw these sources does on them", head, rows) if rows else None


def _by_source(found: LeftOut) -> Fold | None:
    if not found.per_source:
        return None
    rows = tuple(cells(source, *_source_cells(figures)) for source, figures in found.per_source.items())
    head = (
        "source left out",
        *(words.words_of(name).label for name in _PER_SOURCE),
        *(f"{words.words_of(name).label}: gap" for name in _WITH_GAP),
    )
    return Fold(f"Each source left out ({len(rows)})", (Table("Each source, left out", head, rows),))


def _source_cells(figures: Mapping[str, Estimate]) -> list[Cell]:
    found = [written.cell(name, figures.get(name)) for name in _PER_SOURCE]
    for name in _WITH_GAP:
        gap = figures.get(f"{name}_gap")
        found.append(Cell("-" if gap is None else written.both(name, gap, True), number=True))
    return found


def _missing(found: LeftOut) -> Table | None:
    if not found.not_measured:
        return None
    rows = tuple(cells(source, reason) for source, reason in found.not_measured.items())
    return Table("Not left out", ("source", "why"), rows)


def _probe(probe: SourceProbe) -> list[Part | None]:
    figures = {
        "accuracy": probe.accuracy,
        "balanced accuracy": probe.balanced_accuracy,
        "share of the largest source": probe.majority_share,
        "part of the way from guessing to knowing": probe.recovered,
    }
    rows = tuple(cells(name, written.cell("boundary_share", figure)) for name, figure in figures.items())
    table = Table(f"Source probe: a weak classifier from features to {probe.sources} sources", ("", ""), rows)
    return [
        Heading("Do the features tell the source?"),
        Text(probe.verdict, BAD if probe.tells else ""),
        table if probe.sources > 1 else None,
    ]
