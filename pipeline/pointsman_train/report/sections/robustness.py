"""Robustness to noise, and whether the router has collapsed to one model."""

from __future__ import annotations

from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.report import words, written
from pointsman_train.report.parts import Part, Section, Table, Text, cells, present

_COLLAPSE = ("dearest_share", "dearest_share_max", "unfamiliar_share")


def section(evaluation: Evaluation, detail: Detail | None) -> Section:
    """Make the chapter; noise only where it was measured."""
    figures = evaluation.figures
    rows = tuple(
        cells(words.words_of(name).label, written.cell(name, figures[name], (0.0, 1.0)), words.words_of(name).meaning)
        for name in _COLLAPSE
        if name in figures
    )
    parts: list[Part | None] = [
        _noise(detail),
        Table("Collapse check: does everything go to one model?", ("figure", "share", "what it is"), rows),
    ]
    return Section("robustness", "Robustness and collapse", present(parts))


def _noise(detail: Detail | None) -> Part | None:
    if detail is None or not detail.robustness:
        note = "" if detail is None else detail.notes.get("robustness", "")
        return Text(note) if note else None
    rows = tuple(
        cells("all kinds" if kind == "all" else kind.replace("_", " "), written.cell("robustness", figure, (0.0, 1.0)))
        for kind, figure in detail.robustness.items()
    )
    return Table("Choices that stay the same under noise that keeps a prompt's meaning", ("noise", "share"), rows)
