"""Nearest neighbours: each model's success rate on the training prompts most like the prompt. A baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.errors import ConfigError
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.graph import DOUBLE, GraphBuilder
from pointsman_train.train.link import add_logit, logit
from pointsman_train.train.success import Descriptors, Targets
from pointsman_train.train.sums import Sums
from pointsman_train.train.trees import Ensemble

# Numbers of neighbours that are tried.
GRID = (5, 10, 20, 50, 100, 200)
# Directions are scaled and rounded to whole numbers: their products and sums are exact in double whatever the order
# of summation, so prompts that are equally near are so in numpy, in a graph and on every machine.
_SCALE = 2.0**20
# Prompts whose similarities are held at a time.
_BATCH = 512


@dataclass(slots=True)
class NeighboursConfig:
    """Settings of the nearest neighbours.

    Attributes
    ----------
    max_prompts
        Training prompts that are kept, drawn at random from more: size and time of the router grow with them.
    tuning_prompts
        Prompts, drawn at random, whose log loss given all the others decides how many neighbours are read.
    seed
        Of both draws.
    """

    max_prompts: int = 20_000
    tuning_prompts: int = 2_000
    seed: int = 0

    def check(self, where: str) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        for name, least in (("max_prompts", 1), ("tuning_prompts", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{where}.{name} must be {least} or more, got {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True)
class NeighboursModel:
    """Training prompts and what each model did with them.

    Attributes
    ----------
    columns
        Where the embedding is among the features.
    directions
        ndarray of shape (n_training, dimensions), whole numbers.
    successes, weight
        ndarrays of shape (n_training, n_models): answers that succeeded and answers; both 0 where unknown.
    k
        Neighbours that are read. One that is not nearer than at a right angle tells nothing and is left out.
    """

    columns: Ints
    directions: Floats
    successes: Floats
    weight: Floats
    k: int

    def margins(self, features: Features) -> Floats:
        """Log-odds of success, ndarray of shape (n_prompts, n_models)."""
        asked = _whole(features[:, self.columns])
        parts = [asked[start : start + _BATCH] @ self.directions.T for start in range(0, len(asked), _BATCH)]
        return logit(np.concatenate([self.rates(similarity, [self.k])[0] for similarity in parts]))

    def rates(self, similarity: Floats, ks: Sequence[int]) -> Floats:
        """Success rates with each number of neighbours, ndarray of shape (len(ks), n_prompts, n_models).

        Parameters
        ----------
        similarity
            ndarray of shape (n_prompts, n_training); of equal ones the first is the nearer.
        """
        order = np.argsort(-similarity, axis=1, kind="stable")[:, : max(ks)]
        near = (np.take_along_axis(similarity, order, axis=1) > 0)[..., None]
        last = np.array(ks) - 1
        successes, answers = (
            np.cumsum(table[order] * near, axis=1)[:, last] for table in (self.successes, self.weight)
        )
        return np.asarray((successes + self.prior) / (answers + 1)).swapaxes(0, 1)

    @property
    def prior(self) -> Floats:
        """Each model's overall rate, ndarray of shape (n_models,), which counts as one more answer."""
        return np.asarray((self.successes.sum(axis=0) + 1) / (self.weight.sum(axis=0) + 2))

    def add(self, g: GraphBuilder, features: str, forest: Sequence[Sums]) -> Sums:
        """Add the search and the rates of what it finds."""
        direction = g.add("Gather", features, g.const(self.columns), axis=1)
        asked = g.add("Round", g.add("Mul", direction, g.const(np.array(_SCALE))))
        # Whole numbers of this size are exact in float32, which halves the file.
        stored = g.add("Cast", g.const(self.directions.T.astype(np.float32)), to=DOUBLE)
        similarity = g.add("MatMul", asked, stored)
        nearest, order = g.add_many("TopK", similarity, g.ints(self.k), outputs=2, axis=1)
        near = g.add("Cast", g.add("Greater", nearest, g.const(np.array(0.0))), to=DOUBLE)
        found = g.add("Gather", g.const(np.hstack([self.successes, self.weight])), order, axis=0)
        counted = g.add("ReduceSum", g.add("Mul", found, g.add("Unsqueeze", near, g.ints(2))), g.ints(1), keepdims=0)
        successes, answers = g.add_many("Split", counted, outputs=2, axis=1, num_outputs=2)
        above, below = g.add("Add", successes, g.const(self.prior)), g.add("Add", answers, g.const(np.array(1.0)))
        return add_logit(g, g.add("Div", above, below), len(self.prior))

    def ensembles(self) -> tuple[Ensemble, ...]:
        """Return nothing: there are no trees."""
        return ()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The neighbours formulation."""

    config: NeighboursConfig

    def fit(self, features: Features, targets: Targets, descriptors: Descriptors, layout: Layout) -> NeighboursModel:
        """Keep the prompts and choose the number of neighbours.

        Raises
        ------
        ConfigError
            When the block "embedding" is switched off.
        """
        columns = layout.columns("embedding")
        if not len(columns):
            raise ConfigError(
                "train.formulation=neighbours reads the feature block 'embedding', but the blocks are "
                f"{[block.name for block in layout.blocks]!r}; set train.features.embedding.columns=true"
            )
        rng = np.random.default_rng(self.config.seed)
        rows = _draw(rng, len(features), self.config.max_prompts)
        directions = _whole(features[np.ix_(rows, columns)])
        kept = NeighboursModel(columns, directions, targets.successes[rows], targets.weight[rows], k=1)
        return replace(kept, k=_tune(kept, _draw(rng, len(rows), self.config.tuning_prompts)))


def _whole(directions: Features) -> Floats:
    return np.rint(directions.astype(np.float64) * _SCALE)


def _draw(rng: np.random.Generator, n: int, most: int) -> Ints:
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _tune(model: NeighboursModel, rows: Ints) -> int:
    """Find the number of neighbours with the least log loss on these rows, each without itself."""
    ks = [k for k in GRID if k < len(model.directions)] or [1]
    loss = np.zeros(len(ks))
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        similarity = model.directions[batch] @ model.directions.T
        similarity[np.arange(len(batch)), batch] = -np.inf
        p = model.rates(similarity, ks)
        successes, failures = model.successes[batch], model.weight[batch] - model.successes[batch]
        loss -= (successes * np.log(p) + failures * np.log1p(-p)).sum(axis=(1, 2))
    return ks[int(np.argmin(loss))]
