"""The measured part of the data card: labels, families and models, counted from the tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pointsman_train.errors import DataError

MARKS = ("<!-- measured: begin -->", "<!-- measured: end -->")
"""The card's lines between which the counts stand."""

SUCCESS = 0.5
"""The least score of a success."""


def label(scores: Sequence[float | None], models: Sequence[str]) -> str:
    """Name the cheapest model that succeeds; "all-fail"; or "unknown" where a cheaper outcome is missing.

    Parameters
    ----------
    scores
        One a model; None or NaN where unknown.
    models
        Cheapest first.

    Examples
    --------
    >>> label([0.0, 1.0, None], "abc"), label([0.0, None, 1.0], "abc"), label([0.0, 0.0, 0.0], "abc")
    ('b', 'unknown', 'all-fail')
    """
    for name, score in zip(models, scores, strict=True):
        if score is None or pd.isna(score):
            return "unknown"
        if score >= SUCCESS:
            return name
    return "all-fail"


def markdown(table: pd.DataFrame) -> str:
    """Write a table in Markdown, its index first.

    Examples
    --------
    >>> print(markdown(pd.DataFrame({"n": [3]}, index=pd.Index(["x"], name="kind"))))
    | kind | n |
    | --- | --- |
    | x | 3 |
    """
    head = [str(table.index.name), *map(str, table.columns)]
    body = [[str(key), *map(str, row)] for key, row in zip(table.index, table.to_numpy(), strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *body))


def _models(outcomes: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    by_model = outcomes.groupby("model")
    columns = {
        "success rate of the graded": by_model["score"].mean().map("{:.3f}".format),
        "unknown": by_model["score"].apply(lambda scores: int(scores.isna().sum())),
        "mean input tokens": by_model["input_tokens"].mean().map("{:.1f}".format),
        "mean output tokens": by_model["output_tokens"].mean().map("{:.1f}".format),
        "mean cost, micro-USD": (by_model["cost_usd"].mean() * 1e6).map("{:.2f}".format),
        "median latency, ms": by_model["latency_ms"].median().map("{:.0f}".format),
    }
    return pd.DataFrame(columns).loc[list(models)]


def measured(prompts: pd.DataFrame, outcomes: pd.DataFrame, models: Sequence[str]) -> str:
    """Return the counts by label, by family and label, and by model, as Markdown.

    Parameters
    ----------
    prompts
        The prompts table, with ``prompt_id`` and ``source``.
    outcomes
        The outcomes table, with one row a prompt and model.
    models
        The models' names, cheapest first.
    """
    columns = [*models, "all-fail", "unknown"]
    scores = outcomes.pivot(index="prompt_id", columns="model", values="score")[list(models)]
    labels = [label(row, models) for row in scores.loc[prompts["prompt_id"]].to_numpy().tolist()]
    crossed = pd.crosstab(prompts["source"].to_numpy(), pd.Series(labels).to_numpy())
    crossed = crossed.reindex(columns=columns, fill_value=0).rename_axis("family")
    crossed.insert(0, "prompts", crossed.sum(axis=1))
    share = crossed[columns].sum().rename_axis("label").to_frame("prompts")
    share["share"] = [f"{count / len(labels):.1%}" for count in share["prompts"]]
    parts = [markdown(share), markdown(crossed), markdown(_models(outcomes, models))]
    return "\n\n".join([f"{len(prompts)} prompts, {len(outcomes)} outcomes.", *parts])


def write_card(card: Path, text: str) -> None:
    """Replace what stands between the marks of the card; a folder without a card is left without one.

    Raises
    ------
    DataError
        Where the card lacks the marks.
    """
    if not card.is_file():
        return
    begin, end = MARKS
    old = card.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    if not pattern.search(old):
        raise DataError(f"{card.name} has no {begin} ... {end}; add both lines where the counts belong")
    card.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", old), encoding="utf-8")
