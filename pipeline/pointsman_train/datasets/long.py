"""The long form: one row per prompt and model."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pointsman_train.data import DropLog
from pointsman_train.datasets.forms import OUTCOME_FIELDS, Tables, prompts_of
from pointsman_train.datasets.pool import pool_of
from pointsman_train.datasets.schema import OUTCOMES, checked
from pointsman_train.datasets.source import Columns
from pointsman_train.datasets.table import Table, locate, pick


def read_long(outcomes: Table, prompts: Table | None, columns: Columns, pool: Sequence[str], drops: DropLog) -> Tables:
    """Read outcomes in long form.

    Parameters
    ----------
    outcomes
        One row per prompt and model.
    prompts
        One row per prompt; None where the rows of ``outcomes`` carry the text.
    columns
        The files' column names.
    pool
        The models wanted; empty is all.
    drops
        Takes the count of rows of models outside the pool.

    Raises
    ------
    DataError, PoolError
        When a table breaks its schema, or the pool does not fit it.
    """
    rows = long_rows(outcomes, columns)
    models = pool_of(pool, set(rows["model"].unique()), outcomes.origin)
    inside = rows["model"].isin(models)
    drops.add("model not in the pool", int((~inside).sum()))
    return Tables(
        prompts=prompts_of(prompts or outcomes, columns, repeated=prompts is None),
        outcomes=rows[inside],
        models=models,
        origin=outcomes.origin,
    )


def long_rows(outcomes: Table, columns: Columns) -> pd.DataFrame:
    """Read and check the outcomes of all models, without the prompts' texts; errors as :func:`read_long`."""
    names = locate(outcomes, columns, required=OUTCOME_FIELDS[:3], optional=OUTCOME_FIELDS[3:])
    rows = pick(outcomes, names, OUTCOME_FIELDS)
    return checked(rows, OUTCOMES, outcomes.origin, lambda field, index: (index + 1, names[field]))
