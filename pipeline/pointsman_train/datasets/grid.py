"""From rows to arrays of prompts by models, with a reason for every row left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pointsman.text import sanitise
from pointsman_train.data import Bools, DropLog, Floats, Ints
from pointsman_train.datasets.forms import Tables
from pointsman_train.datasets.hints import listed
from pointsman_train.datasets.pool import two_or_more
from pointsman_train.errors import DataError, PoolError


@dataclass(frozen=True, slots=True)
class Grid:
    """Outcomes as arrays of shape (n_prompts, n_models), NaN where unknown, before costs are settled.

    Attributes
    ----------
    prompt_id, prompt, source
        One entry a prompt, in order of ``prompt_id``; the prompts are sanitised.
    models
        The columns.
    score, trials, input_tokens, output_tokens, cost_usd, selection_probability, logged
        As in the table; ``trials`` is 0 where ``score`` is NaN.
    origin
        The outcomes' file.
    """

    prompt_id: list[str]
    prompt: list[str]
    source: list[str]
    models: tuple[str, ...]
    score: Floats
    trials: Ints
    input_tokens: Floats
    output_tokens: Floats
    cost_usd: Floats
    selection_probability: Floats
    logged: Floats
    origin: str

    @property
    def known(self) -> Bools:
        """Where there is a score."""
        return ~np.isnan(self.score)


def grid_of(tables: Tables, drops: DropLog, whole_pool: bool) -> Grid:
    """Arrange outcomes by prompt and model.

    Prompts come in order of their id, so that the order of the file's rows changes nothing downstream.

    Parameters
    ----------
    tables
        As read.
    drops
        Takes the count of rows left out, by reason, and of prompts that were sanitised.
    whole_pool
        Whether every model must have a score. Otherwise a model without one leaves the pool.

    Raises
    ------
    DataError
        When no prompt has an outcome.
    PoolError
        When a model has no score, or fewer than two are left.
    """
    prompts, rows = _joined(tables, drops)
    if prompts.empty:
        raise DataError(
            f"{tables.origin}: no prompt has an outcome that can be used; left out: {drops.counts}{_strangers(tables)}"
        )
    models = _scored(tables, rows, drops, whole_pool)
    return _arranged(prompts, rows, models, tables.origin)


def grid_of_part(tables: Tables, drops: DropLog) -> Grid:
    """Arrange a part of the prompts: it may be empty, and a model without a score in it stays in the pool."""
    prompts, rows = _joined(tables, drops)
    return _arranged(prompts, rows, tables.models, tables.origin)


def _strangers(tables: Tables) -> str:
    """Show ids of both tables, where none of one is in the other."""
    asked, told = tables.prompts["prompt_id"], tables.outcomes["prompt_id"]
    if asked.empty or told.empty or asked.isin(told).any():
        return ""
    here, there = (sorted(ids.head(3).tolist()) for ids in (asked, told))
    return f"; the prompts' ids are such as {here!r}, the outcomes' such as {there!r}: write them alike"


def _joined(tables: Tables, drops: DropLog) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prompts with an outcome, in order of their id, and the outcomes that can be used."""
    prompts, rows = _texts(tables.prompts, drops), tables.outcomes
    empty = prompts["empty"].to_numpy(bool)
    at = pd.Index(prompts["prompt_id"]).get_indexer(pd.Index(rows["prompt_id"]))
    usable = _usable(rows, at, empty, drops)
    asked = np.zeros(len(prompts), bool)
    asked[at[usable]] = True
    drops.add("prompt without any outcome", int((~asked & ~empty).sum()))
    return prompts[asked].sort_values("prompt_id", key=lambda ids: ids.astype(object)), rows[usable]


def _texts(prompts: pd.DataFrame, drops: DropLog) -> pd.DataFrame:
    raw = prompts["prompt"].tolist()
    clean = [sanitise(text) for text in raw]
    drops.add("prompt sanitised (kept)", sum(a != b for a, b in zip(raw, clean, strict=True)))
    empty = [not text.strip() for text in clean]
    drops.add("prompt is empty", sum(empty))
    return prompts.assign(prompt=pd.Series(clean, index=prompts.index, dtype=object), empty=empty)


def _usable(rows: pd.DataFrame, at: Ints, empty: Bools, drops: DropLog) -> Bools:
    """Mask of the outcomes that can be used; ``at`` is each one's prompt, -1 for none."""
    reasons = {
        "outcome of no such prompt": at < 0,
        "outcome of an empty prompt": np.append(empty, False)[at],  # -1 is none
        "score is null": rows["score"].isna().to_numpy(bool),
        "score of 0 trials": (rows["trials"] == 0).to_numpy(bool),
    }
    usable = np.ones(len(rows), bool)
    for reason, holds in reasons.items():
        drops.add(reason, int((usable & holds).sum()))
        usable &= ~holds
    return usable


def _scored(tables: Tables, rows: pd.DataFrame, drops: DropLog, whole_pool: bool) -> tuple[str, ...]:
    present = set(rows["model"].unique())
    silent = [model for model in tables.models if model not in present]
    if silent and whole_pool:
        raise PoolError(
            f"{tables.origin}: no score of {listed(silent)} can be used; take the model out of the pool or "
            f"collect its outcomes; left out: {drops.counts}"
        )
    return two_or_more(tuple(model for model in tables.models if model in present), tables.origin)


def _arranged(prompts: pd.DataFrame, rows: pd.DataFrame, models: tuple[str, ...], origin: str) -> Grid:
    at = (
        pd.Index(prompts["prompt_id"]).get_indexer(pd.Index(rows["prompt_id"])),
        pd.Index(models).get_indexer(pd.Index(rows["model"])),
    )

    def spread(values: pd.Series[float]) -> Floats:
        array = np.full((len(prompts), len(models)), np.nan)
        array[at] = values.to_numpy(dtype=float)
        return array

    return Grid(
        prompt_id=prompts["prompt_id"].tolist(),
        prompt=prompts["prompt"].tolist(),
        source=prompts["source"].astype(object).where(prompts["source"].notna(), "").tolist(),
        models=models,
        score=spread(rows["score"]),
        # Behind a score whose trials are not told there is at least one answer.
        trials=np.nan_to_num(spread(rows["trials"].fillna(1.0))).astype(np.int64),
        input_tokens=spread(rows["input_tokens"]),
        output_tokens=spread(rows["output_tokens"]),
        cost_usd=spread(rows["cost_usd"]),
        selection_probability=spread(rows["selection_probability"]),
        logged=spread(rows["logged"]),
        origin=origin,
    )
