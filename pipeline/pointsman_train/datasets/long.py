"""The long form: one row per prompt and model."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pointsman_train.data import DropLog
from pointsman_train.datasets.forms import OUTCOME_FIELDS, Tables, prompts_of
from pointsman_train.datasets.pool import pool_of
from pointsman_train.datasets.schema import OUTCOMES, checked
from pointsman_train.datasets.several import asked_before_logged, outcomes_together, prompts_together
from pointsman_train.datasets.source import Columns
from pointsman_train.datasets.table import Table, locate, pick


def read_long(
    outcomes: Sequence[Table], prompts: Sequence[Table], columns: Columns, pool: Sequence[str], drops: DropLog
) -> Tables:
    """Read outcomes in long form.

    Parameters
    ----------
    outcomes
        One row per prompt and model, in one table or in several.
    prompts
        One row per prompt; empty where the rows of ``outcomes`` carry the text.
    columns
        The files' column names.
    pool
        The models wanted; empty is all.
    drops
        Takes the count of rows of models outside the pool, and of a log's that are not needed.

    Raises
    ------
    DataError, PoolError
        When a table breaks its schema, or the pool does not fit it.
    """
    origin = ", ".join(table.origin for table in outcomes)
    rows = outcomes_together([long_rows(table, columns, drops) for table in outcomes], origin, drops)
    models = pool_of(pool, set(rows["model"].unique()), origin)
    inside = rows["model"].isin(models)
    drops.add("model not in the pool", int((~inside).sum()))
    of_texts = ", ".join(table.origin for table in prompts or outcomes)
    texts = [prompts_of(table, columns, repeated=not prompts) for table in prompts or outcomes]
    return Tables(prompts_together(texts, of_texts), rows[inside], models, origin)


def long_rows(outcomes: Table, columns: Columns, drops: DropLog) -> pd.DataFrame:
    """Read and check the outcomes of all models, without the prompts' texts; errors as :func:`read_long`."""
    names = locate(outcomes, columns, required=OUTCOME_FIELDS[:3], optional=OUTCOME_FIELDS[3:])
    rows = asked_before_logged(pick(outcomes, names, OUTCOME_FIELDS), drops)
    return checked(rows, OUTCOMES, outcomes.origin, lambda field, index: (index + 1, names[field]))
