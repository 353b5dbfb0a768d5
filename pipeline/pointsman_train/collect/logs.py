"""From a decision log of the runtime to prompts and outcomes.

The log is JSON Lines. A line with a ``model`` is a *decision*::

    {"decision_id": "d1", "prompt": "What is 7 + 5?", "model": "small", "input_tokens": 14, "output_tokens": 3,
     "cost_usd": 1.2e-6, "latency_ms": 210.0, "selection_probability": 0.9}

In the place of ``prompt`` it may have ``messages``, of which the last user turn counts, as it does when routing. The
numbers are optional. ``feedback`` is a score in [0, 1], or true or false; it stands in the decision or in a line of
its own anywhere in the log, and the last one counts::

    {"decision_id": "d1", "feedback": true}

Every decision is a prompt of its own, by the decision's id: the probability with which its model was selected belongs
to it alone. Training puts equal prompts on one side of its split by itself.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from pointsman.errors import PromptError
from pointsman.text import text_of
from pointsman_train.collect.config import CollectConfig
from pointsman_train.collect.keep import refuse_to_lose
from pointsman_train.collect.write import write_table
from pointsman_train.data import DropLog
from pointsman_train.datasets.read_text import open_text, require_file, unreadable
from pointsman_train.errors import DataError

_LOST = "feedback without a decision"
_MEND = {_LOST: "; if the log was rotated, name all its parts: log='decisions*.jsonl*'"}
_AMOUNTS = ("input_tokens", "output_tokens", "cost_usd", "latency_ms")


def collect_log(config: CollectConfig) -> str:
    """Write the prompts and the outcomes of ``config.log``.

    Returns
    -------
    What was read and what was left out, for a terminal.

    Raises
    ------
    ConfigError, DataError, CollectError
        For settings or a log that cannot be used, or tables that cannot be written.
    """
    config.check()
    drops = DropLog()
    prompts, outcomes = read_log(config.log_parts, config.success_threshold, drops)
    refuse_to_lose(config.outcomes_table, outcomes["prompt_id"].tolist(), outcomes["model"].unique().tolist())
    write_table(prompts, config.prompts_table)
    write_table(outcomes, config.outcomes_table)
    lines = [f"{len(outcomes)} decisions, {int(outcomes['score'].notna().sum())} of them with feedback"]
    lines += [f"{reason}: {count}{_MEND.get(reason, '')}" for reason, count in drops.counts.items()]
    return "\n".join([*lines, f"prompts   {config.prompts_table}", f"outcomes  {config.outcomes_table}"])


def read_log(paths: Sequence[Path], success_threshold: float, drops: DropLog) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a decision log.

    Parameters
    ----------
    paths
        Its parts; feedback in one may be of a decision in another.
    success_threshold
        Score from which feedback is a success.
    drops
        Takes the lines that were left out, by reason; reasons that end in "(kept)" count decisions that stayed.

    Returns
    -------
    The prompts table and the outcomes table, a row a decision in both. A decision without feedback is unknown.

    Raises
    ------
    DataError
        When the log cannot be read, or has no decision with a prompt and a model.
    """
    decisions: dict[str, Mapping[str, Any]] = {}
    prompts: dict[str, str] = {}
    feedback: dict[str, float] = {}
    for entry in chain.from_iterable(_entries(path, drops) for path in paths):
        key = str(entry["decision_id"])
        if entry.get("feedback") is not None:
            _note(feedback, key, entry["feedback"], drops)
            if "model" not in entry:
                continue
        prompt = _prompt(entry)
        if key in decisions:
            drops.add("a decision id once more", 1)
        elif prompt is None:
            drops.add("no prompt", 1)
        elif not isinstance(entry.get("model"), str):
            drops.add("no model", 1)
        else:
            decisions[key], prompts[key] = entry, prompt
    if not decisions:
        raise DataError(_nothing(paths, drops))
    drops.add(_LOST, len(feedback.keys() - decisions.keys()))
    drops.add("no feedback, so that they teach nothing (kept)", len(decisions.keys() - feedback.keys()))
    rows = [_row(key, decisions[key], feedback.get(key, math.nan), success_threshold) for key in decisions]
    return pd.DataFrame({"prompt_id": list(prompts), "prompt": list(prompts.values())}), pd.DataFrame(rows)


def _nothing(paths: Sequence[Path], drops: DropLog) -> str:
    """Say why there is nothing to make tables of."""
    why = ", ".join(f"{reason}: {count}" for reason, count in drops.counts.items()) or "it is empty"
    mend = "; prompts are logged with the setting log_prompts = true" if "no prompt" in drops.counts else ""
    return f"{', '.join(map(str, paths))}: no decision with a prompt and a model ({why}){mend}"


def _entries(path: Path, drops: DropLog) -> Iterator[Mapping[str, Any]]:
    """Yield the objects with an id; a service that was stopped leaves half a line."""
    require_file(path)
    with unreadable(path), open_text(path, errors="replace") as lines:
        for line in filter(str.strip, lines):
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            known = isinstance(entry, dict) and isinstance(entry.get("decision_id"), str | int)
            drops.add("not an object with a decision_id", not known)
            if known:
                yield entry


def _prompt(entry: Mapping[str, Any]) -> str | None:
    prompt = entry.get("prompt")
    try:
        return text_of(entry.get("messages") if prompt is None else prompt) or None  # type: ignore[arg-type]
    except PromptError:
        return None


def _note(feedback: dict[str, float], key: str, value: Any, drops: DropLog) -> None:
    score = _number(value, most=1.0)
    if math.isnan(score):
        drops.add("feedback is no score from 0 to 1", 1)
    else:
        feedback[key] = score


def _number(value: Any, most: float) -> float:
    """Return a number from 0 to ``most``, or NaN: unknown."""
    good = isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= most
    return float(value) if good else math.nan


def _row(key: str, entry: Mapping[str, Any], score: float, success_threshold: float) -> dict[str, Any]:
    graded = not math.isnan(score)
    return {
        "prompt_id": key,
        "model": entry["model"],
        "score": score,
        "trials": int(graded),
        "successes": int(graded and score >= success_threshold),
        **{name: _number(entry.get(name), most=math.inf) for name in _AMOUNTS},
        "error": None if graded else "no feedback",
        "selection_probability": _number(entry.get("selection_probability"), most=1.0) or math.nan,
        "logged": True,
    }
