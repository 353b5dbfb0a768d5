"""``pointsman-evaluate``: judge an exported router, or watch it on prompts without outcomes."""

from __future__ import annotations

import sys

from pointsman_train.commands.command import Command, Job
from pointsman_train.datasets import SCHEMAS, PromptsConfig
from pointsman_train.judge import JudgeConfig, judge_router
from pointsman_train.summary import summarise_evaluation, summarise_traffic
from pointsman_train.watch import watch_router


def run(settings: JudgeConfig, job: Job) -> float | None:
    """Judge or watch; returns the hull gain, None for prompts without outcomes."""
    if isinstance(settings.dataset, PromptsConfig):
        traffic = watch_router(settings, job.folder)
        sys.stdout.write(summarise_traffic(traffic) + f"\n\nrun     {job.folder}\n")
        return None
    evaluation = judge_router(settings, job.folder)
    sys.stdout.write(summarise_evaluation(evaluation) + f"\n\nrun     {job.folder}\n")
    return evaluation.figures["hull_gain"].value


COMMAND = Command("evaluate", JudgeConfig, run, kept="nothing was written", groups={"dataset": SCHEMAS})
