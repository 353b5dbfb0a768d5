"""What a run says at its end, in a terminal."""

from __future__ import annotations

import shlex
from pathlib import Path

from pointsman_train.data import told
from pointsman_train.engine import Prepared
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.evaluate.traffic import Traffic
from pointsman_train.export.card import HEADLINE
from pointsman_train.pipeline import Result

# What a terminal shows where nothing has drifted; the report has all.
_COLUMNS = 5

# In the form that the embedded data set's prompts have, so that its guard lets it pass.
EXAMPLE = "What is 17 * 23? Answer with the number only."


def summarise(result: Result, run_dir: Path) -> str:
    """Sum up a run of the stages."""
    parts = [summarise_data(result.prepared)]
    if result.evaluation is not None:
        parts.append(summarise_evaluation(result.evaluation))
    if result.bundle is not None:
        folder = shlex.quote(str(result.bundle))
        parts.append(f'router  {result.bundle}\ntry     pointsman route {folder} "{EXAMPLE}"')
    if result.study is not None:
        parts.append(result.study.text)
    parts.append(f"run     {run_dir}")
    return "\n\n".join(parts)


def summarise_data(prepared: Prepared) -> str:
    """Count labels, the parts of the split and what was left out."""
    labelled, parts = prepared.labelled, prepared.split
    total = len(labelled.label)
    lines = [f"{total} prompts, {int(parts.group.max()) + 1} groups of near-duplicates, split {parts.counts()}"]
    lines += [f"  {name:<40} {count:>7} {count / total:>6.1%}" for name, count in labelled.counts().items() if count]
    lines += [f"{told(reason)}: {rows}" for reason, rows in labelled.outcomes.drops.counts.items()]
    return "\n".join(lines)


def summarise_evaluation(evaluation: Evaluation) -> str:
    """List the headline figures with their intervals, the operating points and the baselines."""
    lines = [f"on {len(evaluation.testset)} test prompts, 95 % intervals"]
    lines += [f"  {name:<30} {evaluation.figures[name]}" for name in HEADLINE if name in evaluation.figures]
    lines.append(f"{'':<16} {'mean score':<22} {'saved against best single':<26} under-routing")
    for name, figures in [*evaluation.point_figures.items(), *evaluation.baseline_figures.items()]:
        columns = str(figures["quality"]), str(figures["cost_saving"]), str(figures["under_routing_rate"])
        lines.append(f"  {name:<14} {columns[0]:<22} {columns[1]:<26} {columns[2]}")
    return "\n".join(lines)


def summarise_traffic(traffic: Traffic) -> str:
    """Say whether prompts have drifted, in which columns, and where they would go."""
    drift = traffic.drift
    lines = [f"WARNING {drift.verdict}" if drift.drifted else drift.verdict, ""]
    lines.append(f"{'column':<44} {'PSI':>7} {'threshold':>10}")
    for column in drift.columns[: max(_COLUMNS, len(drift.drifted))]:
        drifted = "   drifted" if column.drifted else ""
        lines.append(f"  {column.name:<42} {column.psi:>7.3f} {column.threshold:>10.3f}{drifted}")
    lines += ["", f"{'would go to':<44} {'training':>8}   now"]
    lines += [f"  {model:<42} {share.training:>8.3f}   {share.arriving}" for model, share in traffic.mix.items()]
    if traffic.unfamiliar is not None:
        lines.append(f"the guard fires on a share of {traffic.unfamiliar}")
    return "\n".join(lines)
