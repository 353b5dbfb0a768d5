"""Operating points: what each was fitted to, and what it held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pointsman_train.evaluate.figures import POINT_FIGURES
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.report import words, written
from pointsman_train.report.about import About, Promise
from pointsman_train.report.parts import BAD, Cell, Part, Section, Table, Text, cells, present

# How a target's words begin where no setting reaches it.
_NOT_REACHED = "not reached"


def section(evaluation: Evaluation, about: About) -> Section:
    """Make the chapter."""
    rows = tuple(
        cells(
            f"{name} (default)" if name == about.default else name,
            _target(about.promises.get(name)),
            *(written.cell(figure, figures.get(figure)) for figure in POINT_FIGURES),
        )
        for name, figures in evaluation.point_figures.items()
    )
    head = ("point", "fitted to", *(words.words_of(figure).label for figure in POINT_FIGURES))
    parts: list[Part | None] = [
        Text(
            "Each is a named trade-off. It was fitted on predictions for prompts that the heads had not seen, never on "
            "these prompts; the figures are what it holds here, as served."
        ),
        Table("As held on these prompts", head, rows),
        _promised(about),
    ]
    return Section("points", "Operating points", present(parts))


def _target(promise: Promise | None) -> Cell:
    if promise is None:
        return Cell("-")
    return Cell(promise.target, BAD if promise.target.startswith(_NOT_REACHED) else "")


def _promised(about: About) -> Table | None:
    """Tell what an exported router's manifest says; on the test split of its own run that would be the same table."""
    if not any(promise.held_out for promise in about.promises.values()):
        return None
    rows = tuple(
        cells(name, *(Cell(_ends(figure, promise.held_out), number=True) for figure in POINT_FIGURES))
        for name, promise in about.promises.items()
    )
    head = ("point", *(words.words_of(figure).label for figure in POINT_FIGURES))
    return Table("As promised: what the manifest says it held on the test split of its own run", head, rows)


def _ends(name: str, held_out: Mapping[str, Sequence[float | None]]) -> str:
    found = [float("nan") if end is None else end for end in held_out.get(name, (None, None, None))]
    unit = words.words_of(name).unit
    value, low, high = (written.number(end, unit) for end in found)
    return value if written.UNKNOWN in (value, low) else f"{value} [{low}, {high}]"
