"""Tables that were collected before: none is written over by one that lacks what it has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from pointsman_train.datasets.hints import listed
from pointsman_train.errors import CollectError

_MEND = "give another out=PATH, and training both, as 'dataset.outcomes=[{path},PATH]'; or move the table away"


def refuse_to_lose(path: Path, prompts: Collection[str], models: Collection[str]) -> None:
    """Stop where a table of outcomes is there with prompts or models that are not among these.

    Raises
    ------
    CollectError
        With some of what would be lost.
    """
    if not path.exists():
        return
    rows = _read(path, ["prompt_id", "model"])
    strangers = rows.loc[~rows["prompt_id"].isin(list(prompts)), "prompt_id"].unique().tolist()
    others = rows.loc[~rows["model"].isin(list(models)), "model"].unique().tolist()
    lost = [f"{kind} ({listed(names)})" for kind, names in (("prompts", strangers), ("models", others)) if names]
    if lost:
        raise CollectError(
            f"{path} has outcomes of {' and of '.join(lost)} that are not asked now, and would be lost; "
            f"{_MEND.format(path=path)}"
        )


def refuse_to_shrink(path: Path, ladder: Sequence[str], success_threshold: float) -> None:
    """Stop a ladder where a table is there in which models were asked whatever the cheaper ones did.

    Raises
    ------
    CollectError
        With how many outcomes would be lost.
    """
    if not path.exists():
        return
    rows = _read(path, ["prompt_id", "model", "score", "selection_probability"])
    rung = rows["model"].map({model: i for i, model in enumerate(ladder)})
    first = rung[rows["score"] >= success_threshold].groupby(rows["prompt_id"]).min()
    behind = rung > rows["prompt_id"].map(first)
    lost = int((behind & (rows["selection_probability"].fillna(1.0) == 1)).sum())
    if lost:
        raise CollectError(
            f"{path} was collected with plan=full: plan=ladder would leave out {lost:,} of its outcomes, those behind "
            "the first success; set plan=full, or give another out=PATH"
        )


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CollectError(
            f"{path} is there, and is no table of outcomes that could be read ({error}): it would be written over; "
            "give another out=PATH, or move it away"
        ) from error
