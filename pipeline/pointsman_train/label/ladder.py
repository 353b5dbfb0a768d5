"""The ladder: the pool's models in order of mean cost, cheapest first."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from pointsman_train.data import Floats, Outcomes
from pointsman_train.errors import DataError, PoolError
from pointsman_train.label.partial import means_by_ratio

log = logging.getLogger(__name__)


def mean_costs(outcomes: Outcomes) -> Floats:
    """Mean cost of each model over the prompts whose cost is known for every model of the pool.

    Comparing on the same prompts keeps a model that was only asked the long ones from looking dear. A model that was
    asked few prompts is compared by its ratio to the others: see :func:`~pointsman_train.label.partial.means_by_ratio`.
    Where no prompt has all costs, each model's own known costs are averaged.

    Returns
    -------
    ndarray of shape (n_models,), US dollars per answer, in the order of ``outcomes.models``.

    Raises
    ------
    DataError
        When a model has no known cost at all.
    """
    known = ~np.isnan(outcomes.cost_usd)
    bare = [model for m, model in enumerate(outcomes.models) if not known[:, m].any()]
    if bare:
        raise DataError(f"no known cost for {bare!r}; give a cost column, or token counts or prices in a catalog")
    return means_by_ratio(outcomes.cost_usd, outcomes.stands_for)


def ladder_order(outcomes: Outcomes, given: Sequence[str]) -> list[int]:
    """Positions of the models in ladder order: as given, or by mean cost (ties by name).

    Raises
    ------
    PoolError
        When ``given`` is not a permutation of the pool.
    """
    if given:
        if sorted(given) != sorted(outcomes.models):
            raise PoolError(f"label.ladder {list(given)!r} must name each model of the pool {outcomes.models!r} once")
        _warn_of_costs(outcomes, given)
        return [outcomes.models.index(model) for model in given]
    costs = mean_costs(outcomes)
    return sorted(range(len(outcomes.models)), key=lambda m: (costs[m], outcomes.models[m]))


def _warn_of_costs(outcomes: Outcomes, given: Sequence[str]) -> None:
    """Say where the costs of these data would make another ladder, by which figures would be other ones."""
    if np.isnan(outcomes.cost_usd).all(axis=0).any():
        return
    costs = dict(zip(outcomes.models, mean_costs(outcomes).tolist(), strict=True))
    if any(costs[one] > costs[other] for one, other in pairwise(given)):
        told = ", ".join(f"{model} {costs[model]:.3g} USD" for model in given)
        log.warning(
            "the ladder is not in the order of these outcomes' mean costs (%s): cheapest and dearest, labels and "
            "savings go by the ladder all the same", told,
        )  # fmt: skip


def climb(outcomes: Outcomes, order: Sequence[int]) -> Outcomes:
    """Return the same outcomes with the models' columns in ladder order."""
    columns = list(order)
    return replace(
        outcomes,
        models=tuple(outcomes.models[m] for m in columns),
        score=outcomes.score[:, columns],
        trials=outcomes.trials[:, columns],
        cost_usd=outcomes.cost_usd[:, columns],
        stands_for=None if outcomes.stands_for is None else outcomes.stands_for[:, columns],
        logged=None if outcomes.logged is None else outcomes.logged[:, columns],
    )
