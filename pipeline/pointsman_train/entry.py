"""The console scripts. They import nothing heavy, so that a missing extra is a sentence and not a traceback."""

from __future__ import annotations

import sys


def train() -> None:
    """``pointsman-train``."""
    _run("train")


def evaluate() -> None:
    """``pointsman-evaluate``."""
    _run("evaluate")


def collect() -> None:
    """``pointsman-collect``."""
    _run("collect")


def compare() -> None:
    """``pointsman-compare``."""
    _run("compare")


def _run(name: str) -> None:
    try:
        from pointsman_train import cli
        from pointsman_train.commands import command_of

        command = command_of(name)
    except ModuleNotFoundError as error:
        sys.stderr.write(f'pointsman-{name} needs the training extra ({error}): pip install "pointsman[train]"\n')
        raise SystemExit(1) from error
    cli.main(command)
