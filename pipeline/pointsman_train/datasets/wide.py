"""The wide form: one row per prompt, a score and perhaps a cost column per model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from pointsman_train.data import DropLog
from pointsman_train.datasets.forms import OUTCOME_FIELDS, PROMPT_FIELDS, Tables, prompts_of
from pointsman_train.datasets.hints import listed
from pointsman_train.datasets.pool import pool_of
from pointsman_train.datasets.schema import OUTCOMES, checked
from pointsman_train.datasets.source import Columns
from pointsman_train.datasets.table import Table, locate
from pointsman_train.errors import ConfigError, DataError

_PLACE = "{model}"


def read_wide(
    table: Table,
    prompts: Table | None,
    columns: Columns,
    patterns: tuple[str, str],
    pool: Sequence[str],
    drops: DropLog,
) -> Tables:
    """Read outcomes in wide form.

    Parameters
    ----------
    table
        One row per prompt.
    prompts
        One row per prompt; None where ``table`` carries the text.
    columns
        The files' column names; those of outcomes in long form do not matter here.
    patterns
        Names of a model's score and cost column, with ``{model}`` in the place of its name.
    pool
        The models wanted; empty is every model that has a score column.
    drops
        Takes the count of scores of models outside the pool.

    Raises
    ------
    ConfigError, DataError, PoolError
        When a pattern lacks ``{model}``, the table breaks its schema, or the pool does not fit it.
    """
    texts = prompts_of(prompts or table, columns)
    rows, models = wide_rows(table, columns, patterns, pool, drops)
    return Tables(prompts=texts, outcomes=rows, models=models, origin=table.origin)


def wide_rows(
    table: Table, columns: Columns, patterns: tuple[str, str], pool: Sequence[str], drops: DropLog
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read and check the outcomes, without the prompts' texts; parameters and errors as :func:`read_wide`."""
    _refuse(table, columns.selection_probability, "the probability of each outcome", "selection_probability")
    _refuse(table, columns.logged, "whether a router chose who answered", "logged")
    score, cost = _models_of(table, columns, patterns)
    if not score:
        raise DataError(
            f"{table.origin}: no column is named like dataset.score_column={patterns[0]!r}; "
            f"the columns are {listed(table.columns)}"
        )
    # Where costs are given, they tell score columns from the rest; a model named by the pool needs none.
    available = [model for model in score if model in cost or not cost or model in pool]
    models = pool_of(pool, available, table.origin)
    rows = _melted(table, columns, {m: score[m] for m in models}, {m: cost[m] for m in models if m in cost})
    scores_per_model = len(rows) // len(models)
    drops.add("model not in the pool", scores_per_model * (len(available) - len(models)))
    return rows, models


def _refuse(table: Table, column: str, what: str, field: str) -> None:
    """Stop at what hangs on a single outcome."""
    if column in table.columns:
        raise DataError(
            f"{table.origin}: a wide table has no place for {what}, and has a column {column!r}; write it in long "
            f"form, or name another column in dataset.columns.{field} where this one means something else"
        )


def _models_of(table: Table, columns: Columns, patterns: tuple[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    own = {getattr(columns, field) for field in PROMPT_FIELDS}
    score, cost = (_matches(pattern, table.columns) for pattern in patterns)
    return {model: name for model, name in score.items() if name not in own}, cost


def _matches(pattern: str, names: Iterable[str]) -> dict[str, str]:
    if pattern.count(_PLACE) != 1:
        raise ConfigError(f"a column pattern holds {_PLACE} once, got {pattern!r}; for example '{_PLACE}|total_cost'")
    head, tail = pattern.split(_PLACE)
    fits = (n for n in names if n.startswith(head) and n.endswith(tail) and len(n) > len(head + tail))
    return {name[len(head) : len(name) - len(tail)]: name for name in fits}


def _melted(table: Table, columns: Columns, score: Mapping[str, str], cost: Mapping[str, str]) -> pd.DataFrame:
    ids = locate(table, columns, required=("prompt_id",), optional=())["prompt_id"]
    frame = table.read(list(dict.fromkeys([ids, *score.values(), *cost.values()])))
    parts = [
        pd.DataFrame(
            {
                "prompt_id": frame[ids],
                "model": model,
                "score": frame[score[model]],
                "cost_usd": frame[cost[model]] if model in cost else None,
            }
        )
        for model in score
    ]
    rows = pd.concat(parts, ignore_index=True).reindex(columns=list(OUTCOME_FIELDS))
    models = list(score)

    def place(field: str, index: int) -> tuple[int, str]:
        block, row = divmod(index, len(frame))
        return row + 1, {"score": score, "cost_usd": cost}.get(field, {}).get(models[block], ids)

    return checked(rows, OUTCOMES, table.origin, place)
