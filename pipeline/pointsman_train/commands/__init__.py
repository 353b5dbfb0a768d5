"""The commands, a module each: what it takes and what it does. One is imported where it is called, and no other."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pointsman_train.commands.command import Command, Job

COMMANDS = ("train", "evaluate", "compare", "collect")

__all__ = ["COMMANDS", "Command", "Job", "command_of"]


def command_of(name: str) -> Command[Any]:
    """Import one of :data:`COMMANDS`.

    Examples
    --------
    >>> command_of("collect").settings.__name__
    'CollectConfig'
    """
    found: Command[Any] = import_module(f"pointsman_train.commands.{name}").COMMAND
    return found
