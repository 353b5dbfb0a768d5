"""Files written in one step, and estimates as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from pointsman_train.evaluate.bootstrap import Estimate


def write_text(text: str, path: Path) -> Path:
    """Write a text so that a reader never sees half of it; returns the path."""
    partial = path.with_suffix(f"{path.suffix}.partial")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def write_json(values: Mapping[str, Any], path: Path) -> Path:
    """Write JSON in the same way; NaN is refused, since it is not JSON."""
    return write_text(json.dumps(values, indent=1, allow_nan=False), path)


def write_parquet(table: pd.DataFrame, path: Path) -> Path:
    """Write a table in the same way; an :class:`OSError` is the caller's to explain."""
    partial = path.with_suffix(f"{path.suffix}.partial")
    table.to_parquet(partial, index=False)
    partial.replace(path)
    return path


def nulled(values: Mapping[str, float]) -> dict[str, float | None]:
    """Return the same numbers with None for NaN, which JSON does not have.

    Examples
    --------
    >>> nulled({"a": 0.5, "b": float("nan")})
    {'a': 0.5, 'b': None}
    """
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def as_json(estimate: Estimate) -> dict[str, float | int | None]:
    """Return an estimate's value, interval and count; what is undefined is None.

    Examples
    --------
    >>> import numpy as np
    >>> from pointsman_train.evaluate.bootstrap import Estimate
    >>> as_json(Estimate(0.5, 0.25, float("nan"), 10, np.array([0.5])))
    {'value': 0.5, 'low': 0.25, 'high': None, 'n': 10}
    """
    ends = {name: getattr(estimate, name) for name in ("value", "low", "high")}
    return nulled(ends) | {"n": estimate.n}
