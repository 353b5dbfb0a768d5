"""Where a data set comes from: the settings of :func:`pointsman_train.datasets.load`, one class a form.

The classes are schemas for configuration files as well, so they are neither frozen nor positional.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import Any


@dataclass(slots=True, kw_only=True)
class Columns:
    """What the file calls each column.

    A required column must be there under its name. An optional one may be absent as long as its name here is
    the default; once it is renamed here, its absence is an error.

    Attributes
    ----------
    prompt_id, prompt
        Required wherever prompts are read; ``prompt_id`` ties outcomes to prompts.
    source
        Optional: the benchmark, product or tenant a prompt came from, which tells training what kinds of task there
        are. "" where absent.
    model, score
        Required in long form. ``score`` is in [0, 1], null where the answer was not graded.
    trials
        Optional: how many answers the score is the mean of. 1 where absent or null.
    input_tokens, output_tokens, cost_usd
        Optional: of one answer. Null is unknown, never 0.
    selection_probability
        Optional: with which the model was asked, in (0, 1]. 1 where absent or null.
    logged
        Optional: whether a router chose who answered, as in a service's log. False where absent or null.
    """

    prompt_id: str = "prompt_id"
    prompt: str = "prompt"
    source: str = "source"
    model: str = "model"
    score: str = "score"
    trials: str = "trials"
    input_tokens: str = "input_tokens"
    output_tokens: str = "output_tokens"
    cost_usd: str = "cost_usd"
    selection_probability: str = "selection_probability"
    logged: str = "logged"


@dataclass(slots=True, kw_only=True)
class DatasetConfig:
    """What every form shares.

    Attributes
    ----------
    columns
        The file's column names.
    cost
        ``file``: the cost column. ``tokens``: token counts times the catalog's prices. ``price``: list prices
        alone, the same for every prompt. ``auto``: the best of the three that the data allow.
    """

    columns: Columns = field(default_factory=Columns)
    cost: str = "auto"


@dataclass(slots=True, kw_only=True)
class LongConfig(DatasetConfig):
    """Files with one row per prompt and model.

    Attributes
    ----------
    outcomes
        Path of the outcomes: ``.parquet``, ``.csv``, ``.jsonl``, the last two also with ``.gz``. A pattern, or a list
        of paths and patterns, names several files.
    prompts
        The same of the prompts, one row each; None where the rows of ``outcomes`` carry the prompt's text.
    """

    # A path or a list of them; configuration files know no such union.
    outcomes: Any
    prompts: Any = None


@dataclass(slots=True, kw_only=True)
class WideConfig(DatasetConfig):
    """A file with one row per prompt and columns per model, as RouterBench ships.

    Attributes
    ----------
    path
        Path of the table.
    prompts
        Path of the prompts where the table does not carry their text.
    score_column, cost_column
        A model's column names, with ``{model}`` in the place of its name.
    """

    path: str
    prompts: str | None = None
    score_column: str = "{model}"
    cost_column: str = "{model}|total_cost"


@dataclass(slots=True, kw_only=True)
class PromptsConfig(DatasetConfig):
    """A file of prompts alone, without outcomes: nothing can be trained or judged on it, but drift can be measured.

    Attributes
    ----------
    prompts
        Path of the table, a pattern, or a list of both. Of the columns only ``prompt`` is read.
    """

    prompts: Any


@dataclass(slots=True, kw_only=True)
class HubConfig(DatasetConfig):
    """A data set that ``datasets.load_dataset`` finds: on the Hugging Face hub, or in a local folder.

    Attributes
    ----------
    path
        Repository (``owner/name``) or local folder.
    name
        The data set's configuration, where it has several.
    split
        Which split to read.
    data_files
        Name or glob pattern of the files inside ``path`` that hold the table; None leaves the choice to the
        library.
    prompts_files
        The same for the prompts, where they are a table of their own.
    form
        ``long`` or ``wide``.
    score_column, cost_column
        For the wide form, see :class:`WideConfig`.
    """

    path: str
    name: str | None = None
    split: str = "train"
    data_files: str | None = None
    prompts_files: str | None = None
    form: str = "long"
    score_column: str = "{model}"
    cost_column: str = "{model}|total_cost"


def origin_of(config: DatasetConfig) -> str:
    """Where the outcomes of a data set are, or the prompts where there are none, as messages and records call it.

    Examples
    --------
    >>> origin_of(LongConfig(outcomes=["a.parquet", "b.parquet"])), origin_of(WideConfig(path="w.csv"))
    ('a.parquet, b.parquet', 'w.csv')
    """
    match config:
        case LongConfig():
            named = config.outcomes
        case PromptsConfig():
            named = config.prompts
        case _:
            named = getattr(config, "path", "")
    return fspath(named) if isinstance(named, str | PathLike) else ", ".join(named)
