"""``pointsman-train``: run the stages."""

from __future__ import annotations

import sys

from pointsman_train.commands.command import Command, Job
from pointsman_train.datasets import SCHEMAS
from pointsman_train.pipeline import PipelineConfig, run_pipeline
from pointsman_train.summary import summarise


def run(settings: PipelineConfig, job: Job) -> float | None:
    """Run the stages; returns the hull gain, None where nothing was evaluated."""
    result = run_pipeline(settings, job.folder, job.sweep)
    sys.stdout.write(summarise(result, job.folder) + "\n")
    return result.evaluation.figures["hull_gain"].value if result.evaluation else None


COMMAND = Command(
    "train",
    PipelineConfig,
    run,
    kept="no router was written; a learning curve goes on where it stopped with the same hydra.run.dir, "
    "a search with the same tune.name, and engine=dask with the same engine.folder",
    groups={"dataset": SCHEMAS},
)
