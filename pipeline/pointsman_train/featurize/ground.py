"""What the prompts alone teach a featurizer: its vocabulary, its word vectors and what is typical.

Nothing of it hangs on outcomes or on folds, so that fits on other folds of the same prompts share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnxruntime as ort
import scipy.sparse as sp

from pointsman_train.cores import on_all_cores
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.featurize.blocks import EmbeddingConfig, FamiliarityConfig, FeaturesConfig
from pointsman_train.featurize.embedding import (
    Embedding,
    add_direction,
    add_embedding,
    learn_word_vectors,
    pick_word_vectors,
)
from pointsman_train.featurize.familiarity import Familiarity, fit_familiarity, held_out_similarity
from pointsman_train.featurize.run import batches, inputs_of, open_session, run
from pointsman_train.featurize.surface import add_surface
from pointsman_train.featurize.vocabulary import Vocabulary, learn_vocabulary, with_others
from pointsman_train.featurize.window import add_window
from pointsman_train.featurize.word_table import read_word_table
from pointsman_train.featurize.words import add_ids, add_presence, add_tokens
from pointsman_train.graph import DOUBLE, FLOAT, STRING, GraphBuilder


@dataclass(frozen=True, slots=True)
class Embedded:
    """Word vectors, and the training prompts as they place them.

    Attributes
    ----------
    embedding
        The vectors.
    direction
        ndarray of shape (n_prompts, dimensions), of length 1 or 0.
    surface
        ndarray of shape (n_prompts, n_surface).
    familiarity
        What is typical of the prompts.
    """

    embedding: Embedding
    direction: Floats
    surface: Floats
    familiarity: Familiarity


@dataclass(frozen=True, slots=True)
class Ground:
    """What was learned of prompts alone.

    Attributes
    ----------
    vocabulary
        Words and pairs, and the words of a table of vectors.
    presence
        Sparse array of shape (n_prompts, n_terms), 1 where a term occurs.
    embedded
        None without an embedding.
    """

    vocabulary: Vocabulary
    presence: sp.csr_array
    embedded: Embedded | None

    def take(self, rows: Bools) -> Ground:
        """Return what is known of the prompts of a mask, with the vocabulary and the vectors that all have taught."""
        if rows.all():
            return self
        if self.embedded is None:
            return replace(self, presence=self.presence[rows])
        direction, surface = self.embedded.direction[rows], self.embedded.surface[rows]
        embedded = replace(self.embedded, direction=direction, surface=surface)
        return replace(self, presence=self.presence[rows], embedded=embedded)

    def similarity_without(self, out: Bools, config: FamiliarityConfig) -> Floats | None:
        """Similarity of the prompts of a mask to the others; None without an embedding."""
        if self.embedded is None:
            return None
        return held_out_similarity(self.embedded.direction, self.embedded.surface, out, config.codes, config.seed)

    def similarity_out_of_fold(self, fold: Ints, config: FamiliarityConfig) -> Floats | None:
        """Similarity of each fold to the others, ndarray of shape (n_prompts,); None without an embedding."""
        if self.embedded is None:
            return None
        found = np.empty(len(fold))

        def one(k: int) -> None:
            found[fold == k] = self.similarity_without(fold == k, config)

        on_all_cores(one, range(int(fold.max()) + 1))
        return found


def learn_ground(prompts: Sequence[str], config: FeaturesConfig, typical: Bools | None = None) -> Ground:
    """Learn the vocabulary, the word vectors and what is typical, from sanitised prompts.

    Parameters
    ----------
    typical
        ndarray of shape (n_prompts,), mask of the prompts that word vectors and what is typical are learned from; None
        is all of them. A word of the others alone says nothing of where a prompt lies, as an unknown one does.
    """
    known = slice(None) if typical is None or typical.all() else typical
    vocabulary = learn_vocabulary(_tokens(prompts), config.words.max_terms, config.words.min_df)
    presence = _presence(prompts, vocabulary)
    if not config.embedding.dimensions:
        return Ground(vocabulary, presence, None)
    vocabulary, embedding = _embedding(vocabulary, presence[known], config.embedding)
    direction, surface = _place(prompts, vocabulary, embedding)
    familiarity = fit_familiarity(direction[known], surface[known], config.familiarity.codes, config.familiarity.seed)
    return Ground(vocabulary, presence, Embedded(embedding, direction, surface, familiarity))


def _embedding(vocabulary: Vocabulary, presence: sp.csr_array, config: EmbeddingConfig) -> tuple[Vocabulary, Embedding]:
    if config.table is None:
        table = learn_word_vectors(presence, vocabulary, config.dimensions, config.seed)
        return vocabulary, Embedding(table, config.pieces)
    vectors = read_word_table(config.table, config.table_words)
    vocabulary = with_others(vocabulary, list(vectors))
    return vocabulary, Embedding(pick_word_vectors(vectors, vocabulary), config.pieces)


def _tokens(prompts: Sequence[str]) -> Iterator[list[str]]:
    """Tokens of each prompt, in no particular order: a prompt's tokens take ten times the room of its text."""
    session, texts = _ragged(lambda g: g.flatten(add_tokens(g, add_window(g, "prompt"))), STRING), inputs_of(prompts)
    for batch in batches(prompts):
        yield from session.run(["out"], {"prompt": texts[batch]})[0].tolist()


def _presence(prompts: Sequence[str], vocabulary: Vocabulary) -> sp.csr_array:
    def build(g: GraphBuilder) -> str:
        return add_presence(g, add_ids(g, add_tokens(g, add_window(g, "prompt")), vocabulary), vocabulary)

    session, texts, positions = _ragged(build, FLOAT), inputs_of(prompts), list(batches(prompts))
    parts = on_all_cores(lambda batch: _sparse(session.run(["out"], {"prompt": texts[batch]})[0]), positions)
    back = np.argsort(np.concatenate(positions), kind="stable")
    return sp.csr_array(sp.vstack(parts, format="csr")[back])


def _sparse(dense: Floats) -> sp.csr_array:
    """Keep what is not 0. scipy's own way looks for it row by row and column by column, which takes twice as long."""
    at = np.flatnonzero(dense)
    rows, columns = np.divmod(at, dense.shape[1])
    ends = np.searchsorted(rows, np.arange(len(dense) + 1))
    return sp.csr_array((dense.ravel()[at], columns, ends), shape=dense.shape)


def _place(prompts: Sequence[str], vocabulary: Vocabulary, embedding: Embedding) -> tuple[Floats, Floats]:
    """Compute direction and surface of prompts, by the graph's own nodes."""
    g = GraphBuilder()
    window = add_window(g, "prompt")
    ids = add_ids(g, add_tokens(g, window), vocabulary)
    g.alias(add_direction(g, add_embedding(g, ids, embedding)), "direction")
    g.alias(add_surface(g, window), "surface")
    graph = g.model({"prompt": (STRING, ["N"])}, {"direction": (DOUBLE, ["N", "D"]), "surface": (FLOAT, ["N", "S"])})
    direction, surface = run(open_session(graph), prompts, ["direction", "surface"])
    return direction, surface.astype(np.float64)


def _ragged(build: Callable[[GraphBuilder], str], kind: int) -> ort.InferenceSession:
    """Open a graph with one output, whose width hangs on the batch."""
    g = GraphBuilder()
    g.alias(build(g), "out")
    return open_session(g.model({"prompt": (STRING, ["N"])}, {"out": (kind, ["N", "W"])}))
