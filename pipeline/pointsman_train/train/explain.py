"""``explain.npz``: the success model's trees as paths, for :mod:`pointsman.contributions`."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pointsman.contributions import FORMAT, Explainer, Paths
from pointsman_train.data import Floats
from pointsman_train.errors import ExportError
from pointsman_train.featurize.featurizer import Features
from pointsman_train.train.average import AverageModel
from pointsman_train.train.difference import DifferenceModel
from pointsman_train.train.heads import Heads
from pointsman_train.train.linear import LinearModel
from pointsman_train.train.logistic import LogisticModel
from pointsman_train.train.pooled import PooledModel
from pointsman_train.train.router import TrainedRouter
from pointsman_train.train.success import SuccessModel
from pointsman_train.train.trees import Leaf, Tree

log = logging.getLogger(__name__)

TOLERANCE = 1e-6
_CHECKED_ROWS = 50


def explain_file(router: TrainedRouter, onnx_sha256: str) -> bytes | None:
    """Write the success model so that its log-odds can be taken apart; None where it is no sum that can be.

    Raises
    ------
    ExportError
        When the contributions do not add up to the trained model's log-odds.
    """
    content = _content(router.success, router.features, onnx_sha256)
    if content is not None:
        check_explainer(router, Explainer.read(content, onnx_sha256))
    return content


def explainer_of(success: SuccessModel, training: Features) -> Explainer | None:
    """Return what the runtime will take log-odds apart by; None where they are no sum that can be.

    Parameters
    ----------
    training
        ndarray of shape (n_training_prompts, n_features).
    """
    content = _content(success, training, "")
    return None if content is None else Explainer.read(content, "")


def _content(success: SuccessModel, training: Features, onnx_sha256: str) -> bytes | None:
    written = _Written(training)
    try:
        for part in _flat(success):
            written.add(part)
    except _NoSumError as error:
        log.info("decisions of this router cannot be explained: %s", error)
        return None
    header = {"format": FORMAT, "onnx_sha256": onnx_sha256, "parts": written.parts}
    content = io.BytesIO()
    arrays: dict[str, Any] = {"header": np.array(json.dumps(header)), **written.arrays}
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def check_explainer(router: TrainedRouter, explainer: Explainer) -> None:
    """Compare the sums of the contributions with the trained model's log-odds, on training prompts.

    Raises
    ------
    ExportError
        When one differs by more than 1e-6.
    """
    rows = router.features[np.linspace(0, len(router.features) - 1, _CHECKED_ROWS).astype(int)]
    found = np.array([explainer(row).total for row in rows])
    worst = float(np.abs(found - router.success.margins(rows)).max())
    # Written so that NaN fails as well.
    if not worst <= TOLERANCE:
        raise ExportError(f"contributions differ from the log-odds by {worst:.3g} (allowed {TOLERANCE})")


class _NoSumError(Exception):
    """A model that is no sum of trees or columns."""


def _flat(model: SuccessModel) -> Iterator[SuccessModel]:
    if not isinstance(model, AverageModel):
        yield model
        return
    for part in model.parts:
        if isinstance(part, AverageModel):
            raise _NoSumError("an average of averages")
        yield part


@dataclass(slots=True)
class _Written:
    """What has been written so far."""

    features: Features
    parts: list[dict[str, Any]] = field(default_factory=list)
    arrays: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    tables: int = 0

    def add(self, model: SuccessModel) -> None:
        if isinstance(model, Heads | PooledModel):
            self._add_trees(model)
        elif isinstance(model, DifferenceModel):
            self._add_trees(model.heads, model.weight)
        elif isinstance(model, LogisticModel):
            mean = self.features[:, model.columns].astype(np.float64).mean(axis=0)
            self.parts.append({"kind": "columns", "column": model.columns.tolist(), "mean": mean.tolist()})
        elif isinstance(model, LinearModel):
            self.parts.append({"kind": "linear"} | _terms(model))
        else:
            raise _NoSumError(f"a {type(model).__name__} is no sum of trees or columns")

    def _add_trees(self, model: Heads | PooledModel, weight: Floats | None = None) -> None:
        paths = paths_of(model)
        weight = np.eye(len(paths.constant)) if weight is None else weight
        self.arrays |= {f"{name}_{self.tables}": getattr(paths, name) for name in Paths.__slots__}
        self.parts.append({"kind": "trees", "trees": self.tables, "weight": weight.tolist()})
        self.tables += 1


def _terms(model: LinearModel) -> dict[str, Any]:
    scale = model.scale
    return {
        "column": [*scale.counts.tolist(), *scale.plain.tolist()],
        "roots": len(scale.counts),
        "mean": scale.mean.tolist(),
        "weight": scale.unscaled(model.weight).tolist(),
        "usual": model.bias.tolist(),
    }


def paths_of(model: Heads | PooledModel) -> Paths:
    """Return the leaves of a model's trees; a pooled booster's splits on the model are decided already."""
    (ensemble,) = model.ensembles()
    constant, found = np.zeros(ensemble.n_targets), _Found()
    for target, tree in ensemble.trees:
        for value, conditions in _leaves(tree, {}):
            if conditions:
                found.add(target, value, conditions)
            else:
                constant[target] += value
    return found.paths(constant)


@dataclass(frozen=True, slots=True)
class _Condition:
    """What a path asks of one feature, and the share of the rows that passed."""

    low: float = -np.inf
    high: float = np.inf
    share: float = 1.0


def _leaves(node: Tree, conditions: dict[int, _Condition]) -> Iterator[tuple[float, Mapping[int, _Condition]]]:
    if isinstance(node, Leaf):
        yield node.value, conditions
        return
    was = conditions.get(node.feature, _Condition())
    for child, low, high in ((node.left, was.low, node.threshold), (node.right, node.threshold, was.high)):
        now = _Condition(max(low, was.low), min(high, was.high), was.share * child.rows / node.rows)
        yield from _leaves(child, conditions | {node.feature: now})


class _Found:
    """Leaves with their conditions, one after another."""

    def __init__(self) -> None:
        self._leaves: list[tuple[float, int, int]] = []
        self._conditions: list[tuple[int, _Condition]] = []

    def add(self, target: int, value: float, conditions: Mapping[int, _Condition]) -> None:
        self._leaves.append((value, target, len(self._conditions)))
        self._conditions += conditions.items()

    def paths(self, constant: Any) -> Paths:
        value, target, start = zip(*self._leaves, strict=True) if self._leaves else ((), (), ())
        conditions: Sequence[_Condition] = [one for _, one in self._conditions]
        return Paths(
            value=np.array(value, np.float64),
            target=np.array(target, np.int64),
            start=np.array(start, np.int64),
            feature=np.array([feature for feature, _ in self._conditions], np.int64),
            low=np.array([one.low for one in conditions], np.float64),
            high=np.array([one.high for one in conditions], np.float64),
            share=np.array([one.share for one in conditions], np.float64),
            constant=np.array(constant, np.float64),
        )
