"""Fitting the featurizer on the training prompts, and their features out of fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import onnxruntime as ort
import scipy.sparse as sp

from pointsman_train.cores import on_all_cores
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.featurize.blocks import EmbeddingConfig, FeaturesConfig, TaskConfig
from pointsman_train.featurize.codebook import fit_codebook
from pointsman_train.featurize.embedding import (
    Embedding,
    add_direction,
    add_embedding,
    learn_word_vectors,
    pick_word_vectors,
)
from pointsman_train.featurize.familiarity import fit_familiarity, held_out_similarity
from pointsman_train.featurize.featurizer import Features, Featurizer
from pointsman_train.featurize.run import batches, inputs_of, open_session, run
from pointsman_train.featurize.stack import fit_scores, last_fit, pick_out_of_fold
from pointsman_train.featurize.surface import SURFACE_NAMES, add_surface
from pointsman_train.featurize.vectors import VectorModel, fit_vectors
from pointsman_train.featurize.vocabulary import Vocabulary, learn_vocabulary, with_others
from pointsman_train.featurize.window import add_window
from pointsman_train.featurize.word_table import read_word_table
from pointsman_train.featurize.words import LEXICON_NAMES, add_ids, add_presence, add_tokens
from pointsman_train.graph import DOUBLE, FLOAT, STRING, GraphBuilder


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
        Of each prompt; read by the task block alone.
    fold
        ndarray of shape (n_prompts,), fold number from 0.
    drawn
        ndarray of shape (n_prompts,), mask of the prompts that blocks learn from; None is all of them.
    """

    models: tuple[str, ...]
    success: Floats
    source: Sequence[str]
    fold: Ints
    drawn: Bools | None = None

    def take(self, rows: Bools) -> Taught:
        """Return the outcomes of the prompts of a mask, which are all learned from."""
        source = [self.source[i] for i in np.flatnonzero(rows).tolist()]
        return Taught(self.models, self.success[rows], source, self.fold[rows])


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
    """

    featurizer: Featurizer
    features: Features
    similarity: Features | None = None
    unseen_similarity: Floats | None = None


# How a featurizer is fitted; one that remembers its fits spares work where only the heads differ.
Featurize: TypeAlias = Callable[[Sequence[str], Taught, FeaturesConfig], Fitted]
Widths: TypeAlias = tuple[tuple[int, int], ...]


def fit_featurizer(prompts: Sequence[str], taught: Taught, config: FeaturesConfig) -> Fitted:
    """Learn the vocabulary and every block, and compute the training features out of fold.

    Parameters
    ----------
    prompts
        Sanitised training prompts. Those that were not drawn to learn from have the features that are served, which
        are out of fold for them.
    """
    if taught.drawn is None:
        return _fit(prompts, taught, config)
    drawn = taught.drawn
    fitted = _fit(_kept(prompts, drawn), taught.take(drawn), config)
    features, similarity = fitted.featurizer.transform_all(_kept(prompts, ~drawn))
    return replace(
        fitted,
        features=_merged(drawn, fitted.features, features),
        similarity=None if similarity is None else _merged(drawn, fitted.similarity, similarity),
    )


def _fit(prompts: Sequence[str], taught: Taught, config: FeaturesConfig) -> Fitted:
    wide, unseen = fit_wide(prompts, taught, config)
    features, similarity = features_out_of_fold(wide, prompts, taught.fold)
    return Fitted(serving(wide), features, similarity, unseen)


def _kept(prompts: Sequence[str], rows: Bools) -> list[str]:
    return [prompts[i] for i in np.flatnonzero(rows).tolist()]


def _merged(drawn: Bools, one: Features | None, other: Features) -> Features:
    merged = np.empty((len(drawn), *other.shape[1:]), other.dtype)
    merged[drawn], merged[~drawn] = one, other
    return merged


def fit_wide(prompts: Sequence[str], taught: Taught, config: FeaturesConfig) -> tuple[Featurizer, Floats | None]:
    """Learn the vocabulary and every block, with the scores of every fit: each fold's and that on all rows.

    Returns
    -------
    The featurizer, and the similarities of one fold to the others; None without an embedding.
    """
    words = config.words
    vocabulary = learn_vocabulary(_tokens(prompts), words.max_terms, words.min_df)
    presence = _presence(prompts, vocabulary)
    word_model = fit_scores(presence, vocabulary, taught.success, taught.fold, words.strength)
    wide = Featurizer(taught.models, vocabulary, word_model)
    if config.task.enabled:
        wide = _with_task(wide, presence, taught, config.task)
    if not config.embedding.dimensions:
        return wide, None
    return _with_embedding(wide, prompts, presence, taught, config)


def features_out_of_fold(wide: Featurizer, prompts: Sequence[str], fold: Ints) -> tuple[Features, Features | None]:
    """Compute the features of prompts, what the outcomes taught from the fits without their fold, and the similarity.

    One graph has the scores of every fit: the features come from the graph, the choice of fold from here.
    """
    features, similarity = wide.transform_all(prompts)
    return pick_fold(features, widths_of(wide), fold), similarity


def similarity_out_of_fold(
    prompts: Sequence[str], featurizer: Featurizer, fold: Ints, config: FeaturesConfig
) -> Floats | None:
    """Similarity of each fold to the others, ndarray of shape (n_prompts,); None without an embedding.

    Parameters
    ----------
    prompts
        Those that the featurizer was fitted on.
    fold
        ndarray of shape (n_prompts,), fold number from 0.
    """
    if featurizer.embedding is None:
        return None
    embedded, surface = _run_embedding(prompts, featurizer.vocabulary, featurizer.embedding)
    found = np.empty(len(fold))
    for k in range(int(fold.max()) + 1):
        out = fold == k
        found[out] = held_out_similarity(embedded, surface, out, config.familiarity.codes, config.familiarity.seed)
    return found


def _with_task(wide: Featurizer, presence: sp.csr_array, taught: Taught, config: TaskConfig) -> Featurizer:
    """Add a score of each source against the rest: the word block's models, with the sources for outcomes."""
    names, counts = np.unique(np.asarray(taught.source), return_counts=True)
    kept = names[np.argsort(-counts, kind="stable")][: config.max_sources]
    is_from = (np.asarray(taught.source)[:, None] == kept).astype(np.float64)
    task = fit_scores(presence, wide.vocabulary, is_from, taught.fold, config.strength)
    return replace(wide, task=task, sources=tuple(kept.tolist()))


def _with_embedding(
    wide: Featurizer, prompts: Sequence[str], presence: sp.csr_array, taught: Taught, config: FeaturesConfig
) -> tuple[Featurizer, Floats]:
    """Add what reads the embedding; returns the similarities of one fold to the others as well."""
    vocabulary, embedding = _embedding(wide.vocabulary, presence, config.embedding)
    embedded, surface = _run_embedding(prompts, vocabulary, embedding)
    codes, seed = config.familiarity.codes, config.familiarity.seed
    codebook, strength = config.codebook, config.vectors.strength
    featurizer = replace(
        wide,
        vocabulary=vocabulary,
        embedding=embedding,
        embedding_columns=config.embedding.columns,
        vectors=fit_vectors(embedded, taught.success, taught.fold, strength) if config.vectors.enabled else None,
        codebook=fit_codebook(embedded, taught.success, taught.fold, codebook) if codebook.enabled else None,
        familiarity=fit_familiarity(embedded, surface, codes, seed),
    )
    return featurizer, held_out_similarity(embedded, surface, taught.fold == 0, codes, seed)


def _embedding(vocabulary: Vocabulary, presence: sp.csr_array, config: EmbeddingConfig) -> tuple[Vocabulary, Embedding]:
    if config.table is None:
        table = learn_word_vectors(presence, vocabulary, config.dimensions, config.seed)
        return vocabulary, Embedding(table, config.pieces)
    vectors = read_word_table(config.table, config.table_words)
    vocabulary = with_others(vocabulary, list(vectors))
    return vocabulary, Embedding(pick_word_vectors(vectors, vocabulary), config.pieces)


def serving(wide: Featurizer) -> Featurizer:
    """Keep of each block only the fit on all rows: what is served."""
    n = len(wide.models)
    vectors, codebook = wide.vectors, wide.codebook
    return replace(
        wide,
        word_model=last_fit(wide.word_model, n),
        task=None if wide.task is None else last_fit(wide.task, len(wide.sources)),
        vectors=None if vectors is None else VectorModel(vectors.weights[:, -n:], vectors.bias[-n:]),
        codebook=None if codebook is None else replace(codebook, rates=codebook.rates[:, -n:]),
    )


def widths_of(wide: Featurizer) -> Widths:
    """Return the number of columns of each block with a score per fit, over all fits and in one."""
    n = len(wide.models)
    blocks = [(wide.word_model.weights.shape[1], n)]
    blocks += [] if wide.task is None else [(wide.task.weights.shape[1], len(wide.sources))]
    blocks += [] if wide.vectors is None else [(wide.vectors.weights.shape[1], n)]
    blocks += [] if wide.codebook is None else [(wide.codebook.rates.shape[1], n)]
    return tuple(blocks)


def pick_fold(features: Features, blocks: Widths, fold: Ints) -> Features:
    """Keep of each block with a score per fit only those of the fits without the prompt's fold."""
    widths = [len(SURFACE_NAMES) + len(LEXICON_NAMES), *(width for width, _ in blocks)]
    plain, *scores, rest = np.split(features, np.cumsum(widths), axis=1)
    kept = [pick_out_of_fold(part, fold, each) for part, (width, each) in zip(scores, blocks, strict=True) if width]
    return np.hstack([plain, *kept, rest])


def _tokens(prompts: Sequence[str]) -> Iterator[list[str]]:
    """Tokens of each prompt, in no particular order: a prompt's tokens take ten times the room of its text."""
    session, texts = _ragged(lambda g: g.flatten(add_tokens(g, add_window(g, "prompt"))), STRING), inputs_of(prompts)
    for batch in batches(prompts):
        yield from session.run(["out"], {"prompt": texts[batch]})[0].tolist()


def _presence(prompts: Sequence[str], vocabulary: Vocabulary) -> sp.csr_array:
    def build(g: GraphBuilder) -> str:
        return add_presence(g, add_ids(g, add_tokens(g, add_window(g, "prompt")), vocabulary), vocabulary)

    session, texts, positions = _ragged(build, FLOAT), inputs_of(prompts), list(batches(prompts))
    parts = on_all_cores(lambda batch: sp.csr_array(session.run(["out"], {"prompt": texts[batch]})[0]), positions)
    back = np.argsort(np.concatenate(positions), kind="stable")
    return sp.csr_array(sp.vstack(parts, format="csr")[back])


def _run_embedding(prompts: Sequence[str], vocabulary: Vocabulary, embedding: Embedding) -> tuple[Floats, Floats]:
    """Compute the embedding and the surface of prompts, by the graph's own nodes."""
    g = GraphBuilder()
    window = add_window(g, "prompt")
    ids = add_ids(g, add_tokens(g, window), vocabulary)
    g.alias(add_direction(g, add_embedding(g, ids, embedding)), "embedded")
    g.alias(add_surface(g, window), "surface")
    graph = g.model({"prompt": (STRING, ["N"])}, {"embedded": (DOUBLE, ["N", "D"]), "surface": (FLOAT, ["N", "S"])})
    embedded, surface = run(open_session(graph), prompts, ["embedded", "surface"])
    return embedded, surface.astype(np.float64)


def _ragged(build: Callable[[GraphBuilder], str], kind: int) -> ort.InferenceSession:
    """Open a graph with one output, whose width hangs on the batch."""
    g = GraphBuilder()
    g.alias(build(g), "out")
    return open_session(g.model({"prompt": (STRING, ["N"])}, {"out": (kind, ["N", "W"])}))
