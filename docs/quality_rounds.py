"""Keeping finished rounds of the quality study as NumPy archives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pointsman_train.evaluate.router import Choice, Router
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.study.crossfit import Round

_OF_TESTSET = ("score", "success", "cost_usd", "label", "group", "train_mean_cost", "train_mean_score")
_OF_ROUTER = ("p_success", "p_label", "unfamiliar")


def save_rounds(path: Path, rounds: Mapping[str, Round]) -> None:
    """Write one round of every recipe in one step."""
    arrays: dict[str, Any] = {}
    for name, one in rounds.items():
        arrays |= {f"{name}/{key}": value for key, value in _arrays(one).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)
    partial.replace(path)


def load_rounds(path: Path) -> dict[str, Round]:
    """Read one round of every recipe."""
    by_recipe: dict[str, dict[str, Any]] = {}
    with np.load(path, allow_pickle=False) as archive:
        for key in archive.files:
            name, _, part = key.rpartition("/")
            by_recipe.setdefault(name, {})[part] = archive[key]
    return {name: _round(arrays) for name, arrays in by_recipe.items()}


def _arrays(one: Round) -> dict[str, Any]:
    testset, router = one.testset, one.router
    arrays: dict[str, Any] = {name: getattr(testset, name) for name in _OF_TESTSET}
    arrays |= {"models": np.array(testset.models), "source": np.array(list(testset.source))}
    arrays |= {name: table for name in _OF_ROUTER if (table := getattr(router, name)) is not None}
    arrays["sweep"] = np.stack([_choice(point) for point in router.sweep]).astype(np.int16)
    arrays |= {"default": _choice(router.default), "default_lambda": np.array(router.default_lambda)}
    if router.default.margin is not None:
        arrays["margin"] = router.default.margin
    return arrays


def _choice(point: Any) -> Any:
    return point.choice


def _round(arrays: Mapping[str, Any]) -> Round:
    testset = TestSet(
        models=tuple(arrays["models"].tolist()),
        source=arrays["source"].tolist(),
        **{name: arrays[name] for name in _OF_TESTSET},
    )
    router = Router(
        sweep=tuple(Choice(choice.astype(np.int64)) for choice in arrays["sweep"]),
        default=Choice(arrays["default"], arrays.get("margin")),
        default_lambda=float(arrays["default_lambda"]),
        **{name: arrays.get(name) for name in _OF_ROUTER},
    )
    return Round(testset, router)
