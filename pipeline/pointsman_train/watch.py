"""Watching an exported router: prompts as they arrive, without outcomes, against those that it was made from."""

from __future__ import annotations

import logging
from pathlib import Path

from pointsman.router import Router
from pointsman_train import tracking
from pointsman_train.datasets import PromptsConfig
from pointsman_train.datasets.prompts import read_prompts
from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.reference import Reference
from pointsman_train.evaluate.traffic import Traffic, look_at, seen_by
from pointsman_train.fresh import judged_by, predictions_of
from pointsman_train.inputs import prompts_input
from pointsman_train.judge import JudgeConfig, opened, tags_of
from pointsman_train.report.about import about_exported
from pointsman_train.report.drift import write_drift_report
from pointsman_train.split import group_near_duplicates
from pointsman_train.writing import nulled, write_json

log = logging.getLogger(__name__)


def watch_router(config: JudgeConfig, run_dir: Path) -> Traffic:
    """Compare prompts without outcomes with the reference statistics of a router's manifest.

    Writes ``metrics.json`` and ``drift.html``, and warns where anything has drifted.

    Raises
    ------
    pointsman.BundleError
        When the router cannot be loaded.
    TrainError
        When the prompts cannot be read, or the manifest has no reference statistics.
    """
    config.check()
    with opened(config) as (found, tracked):
        run_dir.mkdir(parents=True, exist_ok=True)
        router = found.router
        traffic = _look(config, router, tracked)
        metrics = traffic.metrics()
        tracked.metrics(metrics)
        tracked.tags({**tags_of("drift", router.manifest), "drift": traffic.drift.verdict})
        page = write_drift_report(traffic, run_dir / "drift.html", about_exported(router.manifest))
        tracked.artifacts([write_json(nulled(metrics), run_dir / "metrics.json"), page], "drift")
    if traffic.drift.drifted:
        log.warning(
            "%d of %d columns have drifted: see %s", len(traffic.drift.drifted), len(traffic.drift.columns), page
        )
    return traffic


def _look(config: JudgeConfig, router: Router, tracked: tracking.Run) -> Traffic:
    dataset, manifest = config.dataset, router.manifest
    if not isinstance(dataset, PromptsConfig):
        raise ConfigError(f"drift is measured on dataset=prompts, got {type(dataset).__name__}")
    reference = Reference.from_dict(manifest.feature_reference)
    prompts, left_out = read_prompts(dataset.prompts, dataset.columns.prompt, "dataset.columns.prompt")
    tracked.inputs([prompts_input(dataset, prompts)])
    found = predictions_of(router, prompts)
    group = group_near_duplicates(prompts, config.group)
    seen = seen_by(found, judged_by(router, found), manifest.features, router.models, group)
    return look_at(reference, seen, config.drift, config.evaluate, left_out)
