"""Which models to route over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pointsman_train.datasets.hints import did_you_mean, listed
from pointsman_train.errors import PoolError


def pool_of(wanted: Sequence[str], available: Collection[str], origin: str) -> tuple[str, ...]:
    """Settle the pool before outcomes are read into a grid.

    Parameters
    ----------
    wanted
        The pool as configured, its order kept; empty means every model that has outcomes.
    available
        The models of the table.
    origin
        The table, for the error.

    Raises
    ------
    PoolError
        When a name is repeated or has no outcomes, or fewer than two models are left.

    Examples
    --------
    >>> pool_of(["b", "a"], {"a", "b", "c"}, "outcomes.csv")
    ('b', 'a')
    >>> pool_of([], {"b", "a"}, "outcomes.csv")
    ('a', 'b')
    """
    known = sorted(available)
    repeated = sorted({name for name in wanted if list(wanted).count(name) > 1})
    if repeated:
        raise PoolError(f"the pool names {listed(repeated)} more than once; name each model once")
    unknown = [name for name in wanted if name not in available]
    if unknown:
        raise PoolError(
            f"{origin} has no outcomes of the pool's "
            + ", ".join(f"{name!r}{did_you_mean(name, known)}" for name in unknown)
            + f"; the models with outcomes are {listed(known)}"
        )
    return two_or_more(tuple(wanted) or tuple(known), origin)


def two_or_more(models: tuple[str, ...], origin: str) -> tuple[str, ...]:
    """Return the pool unchanged.

    Raises
    ------
    PoolError
        When there is nothing to choose between.
    """
    if len(models) < 2:
        raise PoolError(
            f"{origin}: routing chooses between two models or more, the pool is {listed(models)}; "
            "add models to the pool, or outcomes to the table"
        )
    return models
