"""What was left out and why, the data's counts, and every figure by its name."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman_train.datasets.selected import effective_size
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.report import words, written
from pointsman_train.report.about import About
from pointsman_train.report.parts import Cell, Fold, Part, Section, Table, Text, cells, present


def section(evaluation: Evaluation, detail: Detail | None, about: About) -> Section:
    """Make the chapter."""
    parts: list[Part | None] = [
        _reasons(evaluation, about),
        _notes(detail),
        _data(about),
        every_figure(evaluation),
    ]
    return Section("left-out", "What was left out, and every figure", present(parts))


def every_figure(evaluation: Evaluation) -> Fold:
    """List all figures of the router under the names that metrics.json and MLflow give them."""
    models = evaluation.testset.models
    rows = tuple(
        cells(
            f"test/{name}",
            words.words_of(name, models).label,
            written.cell(name, figure),
            Cell(f"{figure.n:,}", number=True),
        )
        for name, figure in evaluation.figures.items()
    )
    table = Table("Every figure on all prompts", ("name in metrics.json", "figure", "value", "prompts"), rows)
    return Fold(f"Every figure ({len(rows)})", (table,))


def _reasons(evaluation: Evaluation, about: About) -> Part:
    counts = [("judging: " + reason, count) for reason, count in evaluation.excluded.items()]
    if evaluation.cost_imputed:
        counts.append(
            (
                "judging: a cost is unknown, and estimated by the prompt's others",
                evaluation.cost_imputed,
            )
        )
    counts += _standing(evaluation.testset)
    counts += [(f"loading: {reason}", count) for reason, count in about.left_out.items()]
    if not counts:
        return Text("Nothing was left out: every prompt has a label and an outcome of every model.")
    rows = tuple(cells(reason, Cell(f"{count:,}", number=True)) for reason, count in counts)
    return Table("Left out, or noted and kept", ("reason", "how many"), rows)


def _standing(testset: TestSet) -> list[tuple[str, int]]:
    """Tell how much a test set tells that was asked of all models by chance in part."""
    if testset.stands_for is None:
        return []
    told = round(effective_size(testset.stands_for))
    return [
        (
            "judging: asked of every model by chance, and counted as often as makes up for it (kept)",
            int((testset.stands_for > 1).sum()),
        ),
        ("judging: as many prompts, had all been asked of every model, would tell as much", told),
    ]


def _notes(detail: Detail | None) -> Part | None:
    if detail is None or not detail.notes:
        return None
    rows = tuple(cells(name.replace("_", " "), note) for name, note in detail.notes.items())
    return Table("Parts that are absent, or rest on less than all prompts", ("part", "why"), rows)


def _data(about: About) -> Part | None:
    # Of the data that are judged it is told above.
    own = about.data.get("left_out") == about.left_out
    rows = tuple(
        cells(name.replace("_", " "), _plain(value))
        for name, value in about.data.items()
        if value and not (own and name == "left_out")
    )
    return Table("The data that the router was made from", ("", ""), rows) if rows else None


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value)
