"""What a file of settings holds, in TOML, JSON or YAML by its ending."""

from __future__ import annotations

import importlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any


def parsed(path: Path, what: str, error: type[Exception]) -> dict[str, Any]:
    """Read a file that holds a mapping.

    Parameters
    ----------
    what
        The file's kind, for errors: "catalog".
    error
        Raised where the file cannot be read or parsed, or holds no mapping.
    """
    readers: dict[str, Callable[[str], Any]] = {
        ".toml": tomllib.loads,
        ".json": json.loads,
        ".yaml": lambda text: _yaml(text, what, error),
        ".yml": lambda text: _yaml(text, what, error),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise error(f"{path}: a {what} is a file that ends in {', '.join(readers)}")
    try:
        content = reader(path.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, error):
            raise
        raise error(f"{path} cannot be parsed: {problem}") from problem
    if not isinstance(content, dict):
        raise error(f"{path}: expected a mapping, got a {type(content).__name__}")
    return content


def _yaml(text: str, what: str, error: type[Exception]) -> Any:
    try:
        yaml = importlib.import_module("yaml")
    except ModuleNotFoundError as problem:
        raise error(f"a {what} in YAML needs PyYAML: pip install PyYAML, or write it as TOML or JSON") from problem
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        # Not its own text, which quotes the line: a key may have been put there by mistake.
        mark, wrong = getattr(problem, "problem_mark", None), getattr(problem, "problem", None)
        where = "" if mark is None else f" in line {mark.line + 1}, column {mark.column + 1}"
        raise ValueError(f"{wrong or 'it is no YAML'}{where}") from None
