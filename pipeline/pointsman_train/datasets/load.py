"""From files to outcomes: the one way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pointsman_train.data import DropLog, Floats, ModelSpec, Outcomes
from pointsman_train.datasets.costs import cost_of
from pointsman_train.datasets.files import files_of, open_table
from pointsman_train.datasets.fingerprint import fingerprint
from pointsman_train.datasets.forms import Tables
from pointsman_train.datasets.grid import Grid, grid_of
from pointsman_train.datasets.hub import open_hub
from pointsman_train.datasets.long import read_long
from pointsman_train.datasets.selected import marked, stands_for
from pointsman_train.datasets.source import DatasetConfig, HubConfig, LongConfig, PromptsConfig, WideConfig
from pointsman_train.datasets.table import Table
from pointsman_train.datasets.wide import read_wide
from pointsman_train.errors import ConfigError


def load(config: DatasetConfig, pool: Sequence[str], catalog: Mapping[str, ModelSpec] | None) -> Outcomes:
    """Load a data set.

    Parameters
    ----------
    config
        Where it is and in which form: a :class:`LongConfig`, :class:`WideConfig` or :class:`HubConfig`.
    pool
        The models to keep, whose order the result keeps; empty is every model with outcomes, by name.
    catalog
        Prices by model, for costs that the file does not tell; None where there is no catalog.

    Returns
    -------
    Prompts in order of their id, so that neither the file's form nor its order of rows changes the result.
    What was left out is counted in ``drops``; reasons that end in "(kept)" count what was changed or is
    unknown, and stayed.

    Raises
    ------
    DataError
        When a file cannot be read or breaks its schema, or a model's cost is unknown throughout.
    PoolError
        When the pool has fewer than two models, a repeated name, or a model without outcomes.
    ConfigError
        When a setting is none of its choices.
    """
    drops = DropLog()
    grid = grid_of(_read(config, pool, drops), drops, whole_pool=len(pool) > 0)
    cost, way = cost_of(config.cost, grid, catalog)
    drops.add("cost is unknown (kept)", int((grid.known & (cost != cost)).sum()))
    return outcomes_of(grid, cost, way, drops)


def outcomes_of(grid: Grid, cost: Floats, way: str, drops: DropLog) -> Outcomes:
    """Put a grid and its settled costs together; ``way`` says how they came about."""
    texts = (grid.prompt_id, grid.prompt, grid.source)
    counts, logged = stands_for(grid.selection_probability, grid.known), marked(grid.logged, grid.known)
    return Outcomes(
        prompt_id=grid.prompt_id,
        prompt=grid.prompt,
        source=grid.source,
        models=grid.models,
        score=grid.score,
        trials=grid.trials,
        cost_usd=cost,
        cost_source=way,
        drops=drops,
        fingerprint=fingerprint(texts, grid.models, grid.score, grid.trials, cost, counts, logged),
        stands_for=counts,
        logged=logged,
    )


def _read(config: DatasetConfig, pool: Sequence[str], drops: DropLog) -> Tables:
    match config:
        case LongConfig():
            prompts = [] if config.prompts is None else _open(config.prompts)
            return read_long(_open(config.outcomes), prompts, config.columns, pool, drops)
        case WideConfig():
            patterns = (config.score_column, config.cost_column)
            return read_wide(open_table(config.path), _maybe(config.prompts), config.columns, patterns, pool, drops)
        case HubConfig():
            return _read_hub(config, pool, drops)
        case PromptsConfig():
            raise ConfigError(
                "dataset=prompts has no outcomes; pointsman-evaluate measures drift on it, everything else needs "
                "dataset=outcomes, wide or hub"
            )
    raise ConfigError(f"dataset is one of LongConfig, WideConfig and HubConfig, got {type(config).__name__}")


def _open(named: str | Sequence[str]) -> list[Table]:
    return [open_table(file) for file in files_of(named)]


def _maybe(path: str | None) -> Table | None:
    return None if path is None else open_table(path)


def _read_hub(config: HubConfig, pool: Sequence[str], drops: DropLog) -> Tables:
    if config.form not in ("long", "wide"):
        raise ConfigError(f"dataset.form is long or wide, got {config.form!r}")
    table = open_hub(config, config.data_files)
    prompts = None if config.prompts_files is None else open_hub(config, config.prompts_files)
    if config.form == "long":
        return read_long([table], [] if prompts is None else [prompts], config.columns, pool, drops)
    return read_wide(table, prompts, config.columns, (config.score_column, config.cost_column), pool, drops)
