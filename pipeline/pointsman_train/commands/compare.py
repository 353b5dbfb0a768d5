"""``pointsman-compare``: compare two routers, and promote the better."""

from __future__ import annotations

import sys

from pointsman_train.champion import compare_routers, first_champion, refuse_failed
from pointsman_train.commands.command import Command, Job
from pointsman_train.comparison import NO_BASELINE, CompareConfig
from pointsman_train.comparison_report import summarise_comparison
from pointsman_train.datasets import SCHEMAS


def run(settings: CompareConfig, job: Job) -> None:
    """Compare, or make the first champion."""
    if settings.baseline == NO_BASELINE:
        sys.stdout.write(f"{first_champion(settings).uri} is {settings.alias} now\n")
        return
    comparison = compare_routers(settings, job.folder)
    sys.stdout.write(summarise_comparison(comparison) + f"\n\nrun     {job.folder}\n")
    refuse_failed(settings, comparison)


COMMAND = Command("compare", CompareConfig, run, kept="nothing was promoted", groups={"dataset": SCHEMAS})
