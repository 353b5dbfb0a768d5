"""The tables of an evaluation's detail, as files: CSV for a spreadsheet, JSON for what is no table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.detail import Detail, LeftOut, WorstPrompt
from pointsman_train.evaluate.source_probe import SourceProbe
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.label.labels import ALL_FAIL
from pointsman_train.writing import as_json, write_json, write_text

_FIGURE = ("figure", "value", "low", "high", "n")
_PROBE = ("accuracy", "balanced_accuracy", "majority_share", "recovered")
_PER_MODEL = ("auc", "brier", "log_loss", "ece")


def write_detail(evaluation: Evaluation, detail: Detail, folder: Path) -> tuple[Path, ...]:
    """Write the tables that there are; returns the files.

    ``slices.csv``: every figure of every slice. ``worst.json``: the worst boundary prompts, explained.
    ``calibration.csv``: each model's. ``sweep.csv``: cost, quality and the dearest model's share along the sweep, the
    collapse check. ``left_out.csv``: both splits and their gap, all prompts and source by source.
    ``detail.json``: source probe, robustness, and why a part is absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    models = evaluation.testset.models
    files = [
        write_csv(("model", *_FIGURE), calibration_rows(evaluation), folder / "calibration.csv"),
        write_csv(
            ("position", "mean_cost_usd", "quality", "dearest_share"), sweep_rows(evaluation), folder / "sweep.csv"
        ),
        write_json(detail_json(detail), folder / "detail.json"),
    ]
    if detail.slices:
        files.append(
            write_csv(("by", "slice", "prompts", "groups", *_FIGURE), slice_rows(detail), folder / "slices.csv")
        )
    if detail.worst:
        found = {"exact": detail.reasons_exact, "prompts": [worst_json(one, models) for one in detail.worst]}
        files.append(write_json(found, folder / "worst.json"))
    if detail.left_out is not None:
        files.append(
            write_csv(("among", "prompts", "split", *_FIGURE), left_out_rows(detail.left_out), folder / "left_out.csv")
        )
    return tuple(files)


def write_csv(head: Sequence[str], rows: Iterable[Sequence[Any]], path: Path) -> Path:
    """Write a table; what is unknown is an empty cell."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return write_text(out.getvalue().rstrip("\n"), path)


def slice_rows(detail: Detail) -> Iterator[tuple[Any, ...]]:
    """One row for each figure of each slice."""
    for part in detail.slices:
        for row in figure_rows(part.figures):
            yield part.by, part.name, part.prompts, part.groups, *row


def calibration_rows(evaluation: Evaluation) -> Iterator[tuple[Any, ...]]:
    """One row for each model and figure of its probabilities."""
    for rung, model in enumerate(evaluation.testset.models):
        names = {name: evaluation.figures.get(f"{name}_rung_{rung}") for name in _PER_MODEL}
        for row in figure_rows({name: figure for name, figure in names.items() if figure is not None}):
            yield model, *row


def sweep_rows(evaluation: Evaluation) -> Iterator[tuple[Any, ...]]:
    """One row for each point of the sweep, from quality alone to the cheapest."""
    testset = evaluation.testset
    for k, point in enumerate(evaluation.router.sweep):
        tables = testset.cost_usd, testset.score, testset.is_dearest
        yield k, *(float(testset.mean(point.take(table))) for table in tables)


def left_out_rows(left_out: LeftOut) -> Iterator[tuple[Any, ...]]:
    """Both splits and their gap on all prompts, then each fold, then each source with its sources left out."""
    for split in ("figures", "random", "gap"):
        for row in figure_rows(getattr(left_out, split)):
            yield "all", left_out.prompts, "left out" if split == "figures" else split, *row
    for fold in left_out.folds:
        for row in figure_rows(fold.figures):
            yield f"fold: {fold.name}", fold.prompts, "left out", *row
    for source, figures in left_out.per_source.items():
        for row in figure_rows(figures):
            yield f"source: {source}", figures["quality"].n, "left out", *row


def figure_rows(figures: Mapping[str, Estimate]) -> Iterator[tuple[Any, ...]]:
    """Name, value, low, high and count of each; undefined is empty."""
    for name, figure in figures.items():
        ends = (figure.value, figure.low, figure.high)
        yield name, *("" if np.isnan(end) else float(end) for end in ends), figure.n


def worst_json(one: WorstPrompt, models: Sequence[str]) -> dict[str, Any]:
    """Return all that is known of one of the worst prompts, with names for rungs."""
    names = (*models, ALL_FAIL)
    case = one.case
    return {
        "prompt_id": one.prompt_id,
        "source": one.source,
        "prompt": one.excerpt,
        "chosen": models[case.chosen],
        "label": models[case.label],
        "loss": case.loss,
        "score_lost": case.score_lost,
        "cost_lost_usd": case.cost_lost_usd,
        "p_success": dict(zip(models, case.p_success, strict=True)),
        "margin": None if case.margin is None or np.isinf(case.margin) else case.margin,
        "reasons": [asdict(reason) for reason in one.reasons],
        "neighbours": [
            asdict(near) | {"label": names[near.label] if near.label >= 0 else None} for near in one.neighbours
        ],
    }


def detail_json(detail: Detail) -> dict[str, Any]:
    """Return what is no table: source probe, robustness, what could not be left out, and the notes."""
    return {
        "source_probe": None if detail.probe is None else _probe_json(detail.probe),
        "robustness": {kind: as_json(figure) for kind, figure in detail.robustness.items()},
        "left_out": None
        if detail.left_out is None
        else {
            "folds": [list(fold.sources) for fold in detail.left_out.folds],
            "not_measured": dict(detail.left_out.not_measured),
            "gap": {name: as_json(figure) for name, figure in detail.left_out.gap.items()},
        },
        "notes": dict(detail.notes),
    }


def _probe_json(probe: SourceProbe) -> dict[str, Any]:
    figures = {name: as_json(getattr(probe, name)) for name in _PROBE}
    return {"sources": probe.sources, "left_out": probe.left_out, "verdict": probe.verdict} | figures
