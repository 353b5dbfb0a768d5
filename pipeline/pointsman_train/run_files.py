"""What a run leaves in its folder and in its tracked run, and what it does not say of the machine."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pointsman_train import tracking
from pointsman_train.detail_files import write_detail
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.headline import all_metrics, fold_metrics, glance_tags, headline
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.inputs import label_table
from pointsman_train.label import Labelled
from pointsman_train.report.about import About
from pointsman_train.split import Split
from pointsman_train.split.split import PARTS
from pointsman_train.writing import nulled, write_json, write_parquet

log = logging.getLogger(__name__)

_PATHS = frozenset({"path", "prompts", "outcomes", "catalog", "folder", "table", "traffic"})


def report(evaluation: Evaluation, found: Detail, about: About, run_dir: Path, tracked: tracking.Run) -> None:
    """Write ``report.html``, ``metrics.json``, the tables of the detail and the plots, and log them."""
    # matplotlib is slow to import, and the earlier stages draw nothing.
    from pointsman_train.plots import write_plots
    from pointsman_train.report.run import write_run_report

    metrics = all_metrics(evaluation, found)
    write_json(nulled(metrics), run_dir / "metrics.json")
    tracked.metrics(metrics)
    tracked.tags(glance_tags(headline(evaluation, found)))
    tracked.artifacts([run_dir / "metrics.json"], "evaluate")
    tracked.artifacts(write_detail(evaluation, found, run_dir / "detail"), "detail")
    tracked.artifacts(write_plots(evaluation, run_dir / "plots"), "plots")
    tracked.artifacts([write_run_report(evaluation, found, run_dir / "report.html", about)], "report")
    for fold in () if found.left_out is None else found.left_out.folds:
        params = {"left_out": list(fold.sources), "prompts": fold.prompts}
        tracked.child(f"without {fold.name}", params, fold_metrics(fold))
    for reason, count in evaluation.excluded.items():
        log.info("not judged: %s: %d", reason, count)


def report_all(figures: Mapping[str, float], run_dir: Path, tracked: tracking.Run) -> None:
    """Write and log means over every test prompt, where more of them were predicted than were judged."""
    if figures:
        tracked.metrics(figures)
        tracked.artifacts([write_json(dict(figures), run_dir / "all_test.json")], "evaluate")


def write_labels(labelled: Labelled, parts: Split, path: Path) -> None:
    """Write the label of every prompt, with its part and why it has none, in one step."""
    table = label_table(labelled)
    table["rung"], table["boundary"], table["reason"] = labelled.label, labelled.boundary, list(labelled.reason)
    table["part"], table["group"] = [PARTS[int(value)] for value in parts.part], parts.group
    write_parquet(table, path)


def without_folders(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Keep only the names of files: what ships says nothing of the machine that it was made on.

    Examples
    --------
    >>> without_folders({"dataset": {"prompts": "far/p.parquet", "cost": "auto"}, "export": {"folder": "far/r"}})
    {'dataset': {'prompts': 'p.parquet', 'cost': 'auto'}, 'export': {'folder': 'r'}}
    """
    kept = dict(settings)
    for name, value in settings.items():
        if isinstance(value, Mapping):
            kept[name] = without_folders(value)
        elif name in _PATHS and isinstance(value, str):
            kept[name] = Path(value).name
    return kept
