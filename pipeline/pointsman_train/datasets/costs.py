"""What an answer costs: from the file, from tokens and prices, or from prices alone.

One way holds for the whole pool, since a measured cost and a nominal one cannot be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from pointsman_train.data import Floats, ModelSpec
from pointsman_train.datasets.grid import Grid
from pointsman_train.datasets.hints import did_you_mean
from pointsman_train.errors import ConfigError, DataError

NOMINAL_TOKENS = 1_000
"""Tokens an answer is taken to use where only prices are known."""

ENOUGH = 0.5
"""Share of each model's answers whose cost ``auto`` wants to know before it prefers a more exact way."""

Catalog: TypeAlias = Mapping[str, ModelSpec]


def from_file(grid: Grid, catalog: Catalog) -> Floats:
    """Costs as the outcomes give them."""
    return grid.cost_usd


def from_tokens(grid: Grid, catalog: Catalog) -> Floats:
    """``(input_tokens * input_per_m + output_tokens * output_per_m) / 1e6``.

    A price over input and output together stands in for one that the catalog lacks.
    """
    into, out = (_prices(grid, catalog, key) for key in ("input_per_m", "output_per_m"))
    return (grid.input_tokens * into + grid.output_tokens * out) / 1e6


def from_price(grid: Grid, catalog: Catalog) -> Floats:
    """Cost of :data:`NOMINAL_TOKENS` at each model's list price, the same for every prompt.

    The price is ``avg_per_m``, or else the mean of input and output. Only the ratios mean something.
    """
    return np.tile(_list_prices(grid, catalog) * NOMINAL_TOKENS / 1e6, (len(grid.prompt_id), 1))


WAYS: dict[str, Callable[[Grid, Catalog], Floats]] = {
    "file": from_file,
    "tokens": from_tokens,
    "price": from_price,
}


def cost_of(way: str, grid: Grid, catalog: Catalog | None) -> tuple[Floats, str]:
    """Settle the cost of every answer.

    Parameters
    ----------
    way
        ``file``, ``tokens``, ``price``, or ``auto``: the first of these that knows the cost of at least half
        of each model's answers, or else the one that knows most of its least known model.
    grid
        The outcomes.
    catalog
        Prices, by model; None where there is no catalog.

    Returns
    -------
    ndarray of shape (n_prompts, n_models) in USD, NaN where unknown, and the way taken.

    Raises
    ------
    ConfigError
        When there is no such way.
    DataError
        When a model's cost is known for no prompt.
    """
    if way not in (*WAYS, "auto"):
        raise ConfigError(f"dataset.cost is one of auto, {', '.join(WAYS)}, got {way!r}")
    tried = list(WAYS) if way == "auto" else [way]
    costs = {name: WAYS[name](grid, catalog or {}) for name in tried}
    share = {name: _least_known(grid, cost) for name, cost in costs.items()}
    best = best_way(share)
    if not share[best]:
        reasons = "".join(f"\n  {name}: {_gap(name, grid, costs[name], catalog)}" for name in tried)
        raise DataError(f"{grid.origin}: dataset.cost={way} leaves a model of the pool without any known cost{reasons}")
    return costs[best], best


def best_way(share: Mapping[str, float]) -> str:
    """Choose among ways in order of exactness, by the share of its least known model's answers that each knows.

    Examples
    --------
    >>> best_way({"file": 0.1, "tokens": 0.7, "price": 1.0}), best_way({"file": 0.2, "tokens": 0.1})
    ('tokens', 'file')
    """
    return next((name for name in share if share[name] >= ENOUGH), max(share, key=lambda name: share[name]))


def _least_known(grid: Grid, cost: Floats) -> float:
    known = (~np.isnan(cost) & grid.known).sum(axis=0) / grid.known.sum(axis=0)
    return float(known.min())


def _list_prices(grid: Grid, catalog: Catalog) -> Floats:
    mean = (_prices(grid, catalog, "input_per_m") + _prices(grid, catalog, "output_per_m")) / 2
    price = np.array([_or_nan(catalog, model, "avg_per_m") for model in grid.models])
    return np.where(np.isnan(price), mean, price)


def _prices(grid: Grid, catalog: Catalog, key: str) -> Floats:
    own = np.array([_or_nan(catalog, model, key) for model in grid.models])
    mean = np.array([_or_nan(catalog, model, "avg_per_m") for model in grid.models])
    return np.where(np.isnan(own), mean, own)


def _or_nan(catalog: Catalog, model: str, key: str) -> float:
    price = getattr(catalog.get(model), key, None)
    return np.nan if price is None else float(price)


def _gap(way: str, grid: Grid, cost: Floats, catalog: Catalog | None) -> str:
    """Say for which model one way knows nothing, and how to mend it."""
    model = grid.models[int(np.argmin((~np.isnan(cost) & grid.known).any(axis=0)))]
    if way == "file":
        return f"no cost_usd of {model!r}; fill that column, or name it in dataset.columns.cost_usd"
    if catalog is None:
        return "no catalog is given; give one (catalog=FILE) with each model's input_per_m and output_per_m"
    if model not in catalog:
        return f"the catalog lacks {model!r}{did_you_mean(model, catalog)}; add it with its prices"
    if np.isnan(_list_prices(grid, catalog)[grid.models.index(model)]):
        return f"the catalog has no price of {model!r}; give input_per_m and output_per_m, or avg_per_m"
    return f"no row of {model!r} has input_tokens and output_tokens; fill them, or use dataset.cost=price"
