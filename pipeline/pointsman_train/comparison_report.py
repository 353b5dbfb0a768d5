"""What a comparison says: for the terminal, as a page and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from pointsman_train.comparison import POINT, Comparison
from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.compare import BETTER, WORSE, Row, SliceRows
from pointsman_train.evaluate.gate import Check, failed
from pointsman_train.export.card import HEADLINE, table
from pointsman_train.registry import Found
from pointsman_train.report.comparison import OF_A_POINT, write_comparison_report
from pointsman_train.writing import as_json, write_json, write_text

# What a terminal shows of all prompts, and the page of each slice; the JSON file has every figure of both.
SHOWN = (*HEADLINE, "quality", "cost_usd")
SHOWN_OF_A_SLICE = ("boundary_accuracy", "under_routing_rate", "over_routing_rate", "quality", "cost_usd")

_HEAD = ("metric", "A", "B", "B - A", "verdict on B")


def write_comparison(comparison: Comparison, run_dir: Path) -> tuple[Path, ...]:
    """Write ``comparison.html``, ``comparison.md``, and ``comparison.json``, which has every figure of every slice."""
    return (
        write_json(comparison_json(comparison), run_dir / "comparison.json"),
        write_text(comparison_page(comparison), run_dir / "comparison.md"),
        write_comparison_report(comparison, run_dir / "comparison.html"),
    )


def summarise_comparison(comparison: Comparison) -> str:
    """List the headline figures of both, their differences and verdicts, and what the gate says."""
    lines = [*_who(comparison), "", *_aligned(_HEAD, map(_cells, _among(comparison.rows, SHOWN)))]
    points = _lines_of(comparison.points, OF_A_POINT)
    lines += ["", *_aligned((POINT, *_HEAD), points)] if points else []
    told = _lines_of(comparison.slices, SHOWN_OF_A_SLICE, (BETTER, WORSE))
    lines += ["", _slices_in_short(comparison), *(_aligned(("slice", *_HEAD), told) if told else [])]
    lines += ["", f"gate {_verdict(comparison)}", *(f"  {line}" for line in _conditions(comparison))]
    return "\n".join(line.rstrip() for line in lines)


def comparison_page(comparison: Comparison) -> str:
    """Write the page: who, the headline figures, the gate, every figure, and the main figures slice by slice."""
    rows = comparison.rows
    parts = [
        f"# {comparison.candidate.router.name} against {comparison.baseline.router.name}",
        "\n".join(f"- {line}" for line in _who(comparison)),
        table(_HEAD, list(map(_cells, _among(rows, SHOWN)))),
        f"## Gate: it {_verdict(comparison)}",
        "\n".join(f"- {line}" for line in _conditions(comparison)),
    ]
    if comparison.points:
        parts += ["## Operating points", table((POINT, *_HEAD), _lines_of(comparison.points, OF_A_POINT))]
    parts += ["## By slice", _slices_in_short(comparison)]
    for by, group in groupby(comparison.slices, key=lambda part: part.by):
        parts += [f"### By {by}", _slice_table(list(group))]
    parts += ["## Every figure", table(_HEAD, list(map(_cells, rows)))]
    return "\n\n".join(parts)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return all of it; what is undefined is None."""
    return {
        "baseline": _router_json(comparison.baseline),
        "candidate": _router_json(comparison.candidate),
        "prompts": comparison.prompts,
        "excluded": dict(comparison.excluded),
        "costs_imputed": comparison.cost_imputed,
        "trained_on": list(comparison.trained_on),
        "gate": {
            "holds": not failed(comparison.checks),
            "promoted": comparison.promoted.uri if comparison.promoted else None,
            "conditions": [_check_json(check) for check in comparison.checks],
        },
        "figures": [_row_json(row) for row in comparison.rows],
        "operating_points": [_part_json(part) for part in comparison.points],
        "slices": [_part_json(part) for part in comparison.slices],
    }


def _who(comparison: Comparison) -> list[str]:
    lines = [f"A, the baseline: {comparison.baseline}", f"B, the candidate: {comparison.candidate}"]
    lines.append(f"the same {comparison.prompts} prompts, 95 % intervals of the paired difference")
    lines += [f"left out: {reason}: {count}" for reason, count in comparison.excluded.items()]
    if comparison.cost_imputed:
        lines.append(f"noted: a cost is unknown, and estimated by the prompt's others: {comparison.cost_imputed}")
    lines += [
        f"WARNING: {name} was trained on these prompts, or on some of them; its figures say nothing"
        for name in comparison.trained_on
    ]
    return lines


def _verdict(comparison: Comparison) -> str:
    bad = len(failed(comparison.checks))
    promoted = f"; {comparison.promoted.uri} is promoted" if comparison.promoted else ""
    return f"fails in {bad} of {len(comparison.checks)} conditions" if bad else f"holds{promoted}"


def _conditions(comparison: Comparison) -> list[str]:
    return [f"{check.name}: {check.reason}" for check in comparison.checks]


def _slices_in_short(comparison: Comparison) -> str:
    """Count the verdicts on the main figures, with how many of them equal routers would get."""
    rows = [row for part in comparison.slices for row in _among(part.rows, SHOWN_OF_A_SLICE)]
    told = [row for row in rows if not math.isnan(row.difference.low)]
    better, worse = (sum(row.verdict == verdict for row in told) for verdict in (BETTER, WORSE))
    return (
        f"Of {len(told)} figures of slices with an interval, {better} are better and {worse} worse; "
        f"of equal routers about {len(told) / 40:.0f} and {len(told) / 40:.0f} would seem so."
    )


def _slice_table(parts: Sequence[SliceRows]) -> str:
    lines = [
        (part.name, str(part.prompts), *_cells(row))
        for part in parts
        for row in _among(part.rows, SHOWN_OF_A_SLICE)
        if not math.isnan(row.difference.value)
    ]
    return table(("slice", "prompts", *_HEAD), lines)


def _lines_of(parts: Sequence[SliceRows], names: Sequence[str], verdicts: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """Write these figures of each part behind its name; with verdicts, only those that got one of them."""
    return [
        (part.name if part.by == POINT else f"{part.by} {part.name}", *_cells(row))
        for part in parts
        for row in _among(part.rows, names)
        if not verdicts or row.verdict in verdicts
    ]


def _aligned(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]


def _among(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    by_name = {row.metric: row for row in rows}
    return [by_name[name] for name in names if name in by_name]


def _cells(row: Row) -> tuple[str, ...]:
    return (row.metric, _value(row.a), _value(row.b), _difference(row.difference), row.verdict)


def _value(figure: Estimate) -> str:
    return "undefined" if math.isnan(figure.value) else f"{figure.value:.4g}"


def _difference(figure: Estimate) -> str:
    if math.isnan(figure.value):
        return "undefined"
    interval = "" if math.isnan(figure.low) else f" [{figure.low:+.3g}, {figure.high:+.3g}]"
    return f"{figure.value:+.3g}{interval}"


def _router_json(found: Found) -> dict[str, Any]:
    version = found.version.uri if found.version else None
    return {"router": found.router.name, "reference": found.reference, "version": version}


def _part_json(part: SliceRows) -> dict[str, Any]:
    rows = [_row_json(row) for row in part.rows]
    return {"by": part.by, "name": part.name, "prompts": part.prompts, "figures": rows}


def _row_json(row: Row) -> dict[str, Any]:
    figures = {name: as_json(getattr(row, name)) for name in ("a", "b", "difference")}
    return {"metric": row.metric, **figures, "verdict": row.verdict}


def _check_json(check: Check) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in asdict(check).items()
    }
