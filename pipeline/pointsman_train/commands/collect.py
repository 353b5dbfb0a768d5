"""``pointsman-collect``: ask models and grade their answers, or read a decision log."""

from __future__ import annotations

import logging
import sys

from pointsman_train.collect.config import CollectConfig
from pointsman_train.commands.command import Command, Job


def run(settings: CollectConfig, job: Job) -> None:
    """Write the tables, and say what they cost. A log needs no client, whose import takes a second."""
    if settings.log is not None:
        from pointsman_train.collect import logs

        sys.stdout.write(logs.collect_log(settings) + "\n")
        return
    from pointsman_train.collect import stage

    # They tell of every request, which would drown the progress bar, and of headers, which are nobody's business.
    for name in ("httpx2", "httpcore2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.stdout.write(stage.summarise(stage.collect(settings), settings) + "\n")


COMMAND = Command("collect", CollectConfig, run, kept="every answer is kept, run the same command to go on")
