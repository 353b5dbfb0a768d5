"""The requests of a decision log, each with both sides: what it cost, and what it would have cost otherwise."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from pointsman.errors import PointsmanError

NO_RECORD = "the line is not a record"
# US dollars of one request.
_MOST = 1e9


class SavingsError(PointsmanError, ValueError):
    """The log cannot be read, or holds nothing to compare."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One request: model and cost without routing, and with it."""

    session: str
    before: str
    after: str
    before_usd: float
    after_usd: float
    shadow: bool
    p_success: Mapping[str, float] = field(default_factory=dict)


def records_of(path: Path, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """Yield the records of a log, or of one part of it; lines that are none are counted, feedback is passed over.

    Raises
    ------
    SavingsError
        When it cannot be read.
    """
    try:
        with _opened(path) as lines:
            for line in lines:
                record = _record(line)
                if record is None:
                    left_out[NO_RECORD] += bool(line.strip())
                elif "feedback" not in record:
                    yield record
    except (OSError, EOFError, zlib.error) as error:
        raise SavingsError(f"the log {path} cannot be read: {error}") from error


def _opened(path: Path) -> TextIO:
    """Open a log, or one that was packed when it was rotated."""
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def _record(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "decision_id" in found else None


def pair_of(record: Mapping[str, Any], against: str | None) -> Pair | str:
    """Return both sides of a request, or why it does not count."""
    choice, paid, costs = record.get("choice"), record.get("cost_usd"), record.get("costs_usd") or {}
    shadow, sent = bool(record.get("shadow")), record.get("model")
    if sent is None or record.get("status", 0) >= 400:
        return "nobody answered, or with an error"
    if choice is None:
        return "the router did not choose: a model was pinned, or none could be chosen"
    if paid is None:
        untold = record.get("stream") and record.get("output_tokens") is None and record.get("error") is None
        mend = "; a streamed chat has one with the setting stream_usage" if untold else ""
        return f"its cost is unknown, for want of a price or of the upstream's count of tokens{mend}"
    if not shadow and against is None:
        return "it was routed, and no model to compare with was named"
    if not shadow and sent != choice["model"]:
        # What an outage did is not what routing does.
        return "another model stood in for the chosen one, which failed"
    after = choice["model"] if shadow else sent
    before = sent if against is None else against
    sides = [paid if model == sent else costs.get(model) for model in (before, after)]
    if sides[0] is None or sides[1] is None:
        missing = before if sides[0] is None else after
        return f"the cost of {missing} is unknown, or it could not have answered"
    session = record.get("session") or record["decision_id"]
    p_success = {_text(model): _number(p) for model, p in (choice.get("p_success") or {}).items()}
    cost = _number(sides[0]), _number(sides[1])
    return Pair(_text(session), _text(before), _text(after), *cost, shadow, p_success)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _number(value: Any) -> float:
    # A whole number of JSON may be too large for a float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST:
        raise ValueError("no number of 0 or more")
    return float(value)
