"""What an exported router was made with, beside what it is judged by: the meaning of success, and costs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from pointsman.router import Router
from pointsman_train.label import LabelConfig, Labelled
from pointsman_train.label.apart import WORDS
from pointsman_train.label.ladder import mean_costs

log = logging.getLogger(__name__)

# Times as much, or as little, in the mean.
_FAR = 3.0


def labels_for(asked: LabelConfig, routers: Sequence[Router]) -> LabelConfig:
    """Return what counts as success: what was asked for, or else what the first router was made with; its ladder.

    Where a router was made with something else, that is warned of: its probabilities are of another success.
    """
    made = [_labels_of(router) for router in routers]
    given = replace(asked, ladder=[], logged=WORDS)
    chosen = made[0] if given == LabelConfig() else given
    for router, own in zip(routers, made, strict=True):
        if own != chosen:
            log.warning(
                "success is judged by %s here; %s was made with %s, and its probabilities are of that",
                _differing(chosen, own), router.name, _differing(own, chosen),
            )  # fmt: skip
    return replace(chosen, ladder=list(routers[0].models), logged=asked.logged)


def _labels_of(router: Router) -> LabelConfig:
    kept = router.manifest.config.get("label")
    # What a log taught a router is no meaning of success.
    names = {field.name for field in fields(LabelConfig)} - {"ladder", "logged"}
    return LabelConfig(**{name: value for name, value in (kept or {}).items() if name in names})


def _differing(one: LabelConfig, other: LabelConfig) -> str:
    names = [field.name for field in fields(LabelConfig) if getattr(one, field.name) != getattr(other, field.name)]
    return ", ".join(f"label.{name}={getattr(one, name)}" for name in names)


def warn_of_prices(labelled: Labelled, router: Router) -> None:
    """Say where costs are so far from those that the router was made with that they may be of another unit."""
    if np.isnan(labelled.outcomes.cost_usd).all(axis=0).any():
        return
    made = np.array([model.mean_cost_usd for model in router.manifest.models])
    here = mean_costs(labelled.outcomes)
    times = np.divide(here, made, out=np.ones(len(made)), where=made > 0)
    if times.max() > _FAR or times.min() < 1 / _FAR:
        how = ", ".join(f"{model} {one:.3g} times" for model, one in zip(router.models, times, strict=True))
        log.warning("costs here are not those that %s was made with (%s): are they US dollars?", router.name, how)
