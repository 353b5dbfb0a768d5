"""The prompts to ask, with what their answers are graded against."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from pointsman.text import sanitise
from pointsman_train.collect.ask import Message
from pointsman_train.collect.config import PromptsConfig
from pointsman_train.datasets.files import open_table
from pointsman_train.errors import DataError


@dataclass(frozen=True, slots=True)
class Item:
    """One prompt to ask.

    Attributes
    ----------
    messages
        None where ``prompt`` is the one user message; else the conversation.
    max_tokens
        Output limit of its own; None is the run's.
    """

    prompt_id: str
    prompt: str
    messages: Sequence[Message] | None
    source: str
    reference: str
    grader: str
    max_tokens: int | None


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer that people scored."""

    prompt: str
    reference: str
    answer: str
    grader: str
    score: float


def read_labelled(path: str) -> list[Labelled]:
    """Read answers that people scored, with the columns of :class:`Labelled`.

    Raises
    ------
    DataError
        When the table cannot be read, lacks a column or holds a score outside [0, 1].
    """
    table = open_table(path)
    names = [field.name for field in fields(Labelled)]
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise DataError(f"{path}: no column {missing!r}; a labelled sample has {names!r}")
    frame = table.read(names)
    score = pd.to_numeric(frame["score"], errors="coerce")
    if not score.between(0, 1).all() or frame.isna().any(axis=None):
        raise DataError(f"{path}: every row needs every value, and a score from 0 to 1")
    texts = [frame[name].astype(str) for name in names[:-1]]
    return [Labelled(*row) for row in zip(*texts, score.astype(float), strict=True)]


def read_items(config: PromptsConfig) -> list[Item]:
    """Read the prompts.

    Raises
    ------
    DataError
        When the table cannot be read, lacks a column, or holds a prompt id twice or nothing at all; when ``only`` names
        a prompt that it does not have.
    """
    table = open_table(config.path)
    optional = (config.source, config.reference, config.grader, config.max_tokens)
    wanted = [config.prompt_id, config.prompt, *(name for name in optional if name in table.columns)]
    missing = [name for name in wanted[:2] if name not in table.columns]
    if missing:
        raise DataError(f"{config.path}: no column {missing!r}; the columns are {sorted(table.columns)!r}")
    frame = table.read(wanted)
    ids = frame[config.prompt_id].astype(str)
    twice = ids[ids.duplicated()]
    if len(twice) or frame[[config.prompt_id, config.prompt]].isna().any(axis=None) or not len(frame):
        raise DataError(
            f"{config.path}: every prompt needs an id of its own and a text; repeated ids: {twice[:3].tolist()!r}"
        )
    if config.only is not None:
        frame = frame[ids.isin(_wanted(config.only, config, set(ids)))]
    return [_item(row, config) for row in frame.to_dict("records")]


def _wanted(path: str, config: PromptsConfig, there: set[str]) -> set[str]:
    table = open_table(path)
    if config.prompt_id not in table.columns:
        raise DataError(f"{path}: no column {config.prompt_id!r}; the columns are {sorted(table.columns)!r}")
    wanted = set(table.read([config.prompt_id])[config.prompt_id].astype(str))
    unknown = sorted(wanted - there)
    if unknown or not wanted:
        raise DataError(f"{path}: expected ids of prompts of {config.path}, got {unknown[:3]!r} among {len(wanted)}")
    return wanted


def _item(row: Mapping[Any, Any], config: PromptsConfig) -> Item:
    def text(column: str) -> str:
        value = row.get(column)
        return "" if value is None or value is pd.NA or value != value else str(value)

    source, limit = text(config.source), text(config.max_tokens)
    prompt = sanitise(str(row[config.prompt]))
    return Item(
        prompt_id=str(row[config.prompt_id]),
        prompt=prompt,
        messages=_messages(prompt),
        source=source,
        reference=text(config.reference),
        grader=text(config.grader) or config.graders.get(source, config.default_grader),
        max_tokens=_limit(limit, config.path) if limit else None,
    )


def _limit(text: str, path: str) -> int:
    # A column of whole numbers with gaps is one of floats.
    if not re.fullmatch(r"[1-9]\d*(\.0+)?", text):
        raise DataError(f"{path}: max_tokens must be whole numbers above 0, got {text!r}")
    return int(float(text))


def _messages(prompt: str) -> list[Message] | None:
    """Chat messages, where the text is a JSON list of them."""
    if not prompt.startswith("["):
        return None
    try:
        found = json.loads(prompt)
    except ValueError:
        return None
    good = isinstance(found, list) and found and all(isinstance(m, dict) and "role" in m for m in found)
    return found if good else None


def trial_seed(seed: int, prompt_id: str, trial: int) -> int:
    """Seed of one trial: the same for every model, so that they see the same shuffled options.

    Examples
    --------
    >>> trial_seed(0, "p1", 0) == trial_seed(0, "p1", 0) != trial_seed(0, "p1", 1)
    True
    """
    digest = hashlib.sha256(f"{seed}\x1f{prompt_id}\x1f{trial}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF
