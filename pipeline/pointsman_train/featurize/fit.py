"""Fitting the featurizer on the training prompts, and their features out of fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.datasets.selected import asked_rows
from pointsman_train.featurize.blocks import FeaturesConfig
from pointsman_train.featurize.codebook import fit_codebook
from pointsman_train.featurize.featurizer import Features, Featurizer
from pointsman_train.featurize.ground import Embedded, Ground, learn_ground
from pointsman_train.featurize.source_rates import source_rates
from pointsman_train.featurize.stack import fit_scores, last_fit, pick_out_of_fold
from pointsman_train.featurize.surface import SURFACE_NAMES
from pointsman_train.featurize.vectors import VectorModel, fit_vectors
from pointsman_train.featurize.words import LEXICON_NAMES


@dataclass(frozen=True, slots=True)
class Taught:
    """What the blocks learn from, besides the prompts.

    Attributes
    ----------
    models
        The ladder.
    success
        ndarray of shape (n_prompts, n_models), 0 or 1, NaN where unknown.
    source
        Of each prompt, "" where it is not known; the task block learns from it.
    fold
        ndarray of shape (n_prompts,), fold number from 0.
    drawn
        ndarray of shape (n_prompts,), mask of the prompts that blocks learn from; None is all of them.
    stands_for
        ndarray of shape (n_prompts, n_models): how many outcomes like it each stands for; None is one each.
    logged
        ndarray of the same shape: successes of prompts of which only a service's log has outcomes, NaN elsewhere; the
        word block alone learns from them. None without such prompts.
    """

    models: tuple[str, ...]
    success: Floats
    source: Sequence[str]
    fold: Ints
    drawn: Bools | None = None
    stands_for: Floats | None = None
    logged: Floats | None = None

    @property
    def asked(self) -> Bools:
        """Mask of the prompts that are not of a service's log."""
        return asked_rows(self.logged, len(self.fold))

    def take(self, rows: Bools) -> Taught:
        """Return the outcomes of the prompts of a mask, which are all learned from."""
        source = [self.source[i] for i in np.flatnonzero(rows).tolist()]
        counts = None if self.stands_for is None else self.stands_for[rows]
        logged = None if self.logged is None else self.logged[rows]
        return Taught(self.models, self.success[rows], source, self.fold[rows], None, counts, logged)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A featurizer with the features of the rows that it was fitted on.

    Attributes
    ----------
    features
        ndarray of shape (n_prompts, n_features), float32; what the outcomes taught is out of fold.
    similarity
        ndarray of shape (n_prompts,), to the training prompts, themselves among them; None without an embedding.
    unseen_similarity
        ndarray of shape (n_prompts_of_one_fold,), to the training prompts of the other folds: what new prompts of the
        same traffic have.
    ground
        Of the prompts that were learned from; None where it was not kept.
    """

    featurizer: Featurizer
    features: Features
    similarity: Features | None = None
    unseen_similarity: Floats | None = None
    ground: Ground | None = None

    def take(self, rows: Bools) -> Fitted:
        """Return the features of the prompts of a mask."""
        near = None if self.similarity is None else self.similarity[rows]
        ground = None if self.ground is None else self.ground.take(rows)
        return replace(self, features=self.features[rows], similarity=near, ground=ground)


class Featurize(Protocol):
    """How a featurizer is fitted; one that remembers its fits spares work where only the heads differ."""

    def __call__(
        self, prompts: Sequence[str], taught: Taught, config: FeaturesConfig, ground: Ground | None = None
    ) -> Fitted:
        """Fit as :func:`fit_featurizer` does."""
        ...


Widths: TypeAlias = tuple[tuple[int, int], ...]


def fit_featurizer(
    prompts: Sequence[str], taught: Taught, config: FeaturesConfig, ground: Ground | None = None
) -> Fitted:
    """Learn the vocabulary and every block, and compute the training features out of fold.

    Parameters
    ----------
    prompts
        Sanitised training prompts. Those that were not drawn to learn from have the features that are served, which
        are out of fold for them.
    ground
        Learned of the prompts that are learned from, by an earlier fit; None learns it.
    """
    if taught.drawn is None:
        return _fit(prompts, taught, config, ground)
    drawn = taught.drawn
    fitted = _fit(_kept(prompts, drawn), taught.take(drawn), config, ground)
    features, similarity = fitted.featurizer.transform_all(_kept(prompts, ~drawn))
    return replace(
        fitted,
        features=_merged(drawn, fitted.features, features),
        similarity=None if similarity is None else _merged(drawn, fitted.similarity, similarity),
        ground=None,
    )


def _fit(prompts: Sequence[str], taught: Taught, config: FeaturesConfig, ground: Ground | None = None) -> Fitted:
    # The guard is for kinds of prompts that no model was asked about, and a log's are such.
    ground = learn_ground(prompts, config, taught.asked) if ground is None else ground
    wide = fit_wide(ground, taught, config)
    features, similarity = features_out_of_fold(wide, prompts, taught.fold)
    unseen = unseen_similarity(ground, taught, config)
    return Fitted(serving(wide), features, similarity, unseen, ground)


def unseen_similarity(ground: Ground, taught: Taught, config: FeaturesConfig) -> Floats | None:
    """Return the similarity of asked prompts of one fold to those of the others; None without an embedding."""
    asked = taught.asked
    return ground.take(asked).similarity_without(taught.fold[asked] == 0, config.familiarity)


def _kept(prompts: Sequence[str], rows: Bools) -> list[str]:
    return [prompts[i] for i in np.flatnonzero(rows).tolist()]


def _merged(drawn: Bools, one: Features | None, other: Features) -> Features:
    merged = np.empty((len(drawn), *other.shape[1:]), other.dtype)
    merged[drawn], merged[~drawn] = one, other
    return merged


def fit_wide(ground: Ground, taught: Taught, config: FeaturesConfig) -> Featurizer:
    """Fit every block, with the scores of every fit: each fold's and that on all rows."""
    presence, vocabulary = ground.presence, ground.vocabulary
    outcomes, counts = (taught.success, taught.fold), taught.stands_for
    word_model = fit_scores(presence, vocabulary, *outcomes, config.words.strength, counts, taught.logged)
    wide = Featurizer(taught.models, vocabulary, word_model)
    rates = source_rates(taught.source)
    if config.task.enabled and rates.enough(taught.success):
        # From a service's log nothing: its prompts mostly have no source.
        task = fit_scores(presence, vocabulary, *outcomes, config.task.strength, counts, rates=rates)
        wide = replace(wide, task=task)
    return wide if ground.embedded is None else _with_embedding(wide, ground.embedded, taught, config)


def features_out_of_fold(wide: Featurizer, prompts: Sequence[str], fold: Ints) -> tuple[Features, Features | None]:
    """Compute the features of prompts, what the outcomes taught from the fits without their fold, and the similarity.

    One graph has the scores of every fit: the features come from the graph, the choice of fold from here.
    """
    features, similarity = wide.transform_all(prompts)
    return pick_fold(features, widths_of(wide), fold), similarity


def _with_embedding(wide: Featurizer, embedded: Embedded, taught: Taught, config: FeaturesConfig) -> Featurizer:
    """Add what reads the embedding."""
    direction, codebook, strength = embedded.direction, config.codebook, config.vectors.strength
    outcomes = taught.success, taught.fold
    counts = taught.stands_for
    return replace(
        wide,
        embedding=embedded.embedding,
        embedding_columns=config.embedding.columns,
        vectors=fit_vectors(direction, *outcomes, strength, counts) if config.vectors.enabled else None,
        codebook=fit_codebook(direction, *outcomes, codebook, counts) if codebook.enabled else None,
        familiarity=embedded.familiarity,
    )


def serving(wide: Featurizer) -> Featurizer:
    """Keep of each block only the fit on all rows: what is served."""
    n = len(wide.models)
    vectors, codebook = wide.vectors, wide.codebook
    return replace(
        wide,
        word_model=last_fit(wide.word_model, n),
        task=None if wide.task is None else last_fit(wide.task, n),
        vectors=None if vectors is None else VectorModel(vectors.weights[:, -n:], vectors.bias[-n:]),
        codebook=None if codebook is None else replace(codebook, rates=codebook.rates[:, -n:]),
    )


def widths_of(wide: Featurizer) -> Widths:
    """Return the number of columns of each block with a score per fit, over all fits and in one."""
    n = len(wide.models)
    blocks = [(wide.word_model.weights.shape[1], n)]
    blocks += [] if wide.task is None else [(wide.task.weights.shape[1], n)]
    blocks += [] if wide.vectors is None else [(wide.vectors.weights.shape[1], n)]
    blocks += [] if wide.codebook is None else [(wide.codebook.rates.shape[1], n)]
    return tuple(blocks)


def pick_fold(features: Features, blocks: Widths, fold: Ints) -> Features:
    """Keep of each block with a score per fit only those of the fits without the prompt's fold."""
    widths = [len(SURFACE_NAMES) + len(LEXICON_NAMES), *(width for width, _ in blocks)]
    plain, *scores, rest = np.split(features, np.cumsum(widths), axis=1)
    kept = [pick_out_of_fold(part, fold, each) for part, (width, each) in zip(scores, blocks, strict=True) if width]
    return np.hstack([plain, *kept, rest])
