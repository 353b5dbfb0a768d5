"""The embedding: a prompt as the direction of the mean of its words' vectors.

The vectors are learned on the training prompts (the right singular vectors of the idf-weighted presence of words, an
LSA done as a look-up), or read from a table that the user has. In the graph that is one gather and one sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

from pointsman_train.cores import one_thread
from pointsman_train.data import Floats
from pointsman_train.featurize.vocabulary import Vocabulary
from pointsman_train.featurize.window import WINDOW_PIECES
from pointsman_train.graph import DOUBLE, FLOAT, GraphBuilder, in_block

# Sums of whole multiples of this step are exact in float32, whatever the order of summation.
_TABLE_STEP = 2.0**-10
# Coordinates of the direction are whole multiples of this step: products of two such directions are exact as well.
STEP = 2.0**-9


@dataclass(frozen=True, slots=True)
class Embedding:
    """Word vectors.

    Attributes
    ----------
    table
        ndarray of shape (n_words + 1, dimensions), by word id; row 0, the unknown word, is zero.
    pieces
        Pieces of the window that are read, from both ends of the text inwards.
    """

    table: Floats
    pieces: int = WINDOW_PIECES

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self.table.shape[1])


def learn_word_vectors(presence: sp.csr_array, vocabulary: Vocabulary, dimensions: int, seed: int) -> Floats:
    """Learn word vectors from which words occur together in a prompt: the table of an :class:`Embedding`.

    Parameters
    ----------
    presence
        Sparse array of shape (n_prompts, n_terms), 1 where a term occurs; the words come first.

    References
    ----------
    Deerwester et al. (1990), Indexing by latent semantic analysis.
    """
    n_words = len(vocabulary.words)
    # Without the 1 that the word block's idf has: what every prompt has, such as the final newline, says nothing.
    idf = vocabulary.idf[:n_words] - 1
    weighted = sp.csr_array(presence[:, :n_words].multiply(idf))
    length = np.sqrt(np.maximum(weighted.power(2).sum(axis=1), 1e-9))
    scaled = sp.csr_array(sp.diags_array(1.0 / length) @ weighted)
    kept = min(dimensions, min(scaled.shape) - 1)
    with one_thread():
        _, _, right = randomized_svd(scaled, kept, n_iter=4, random_state=seed)
    table = np.zeros((n_words + 1, kept))
    table[1:] = (right * idf).T
    return _rounded(table)


def pick_word_vectors(table: Mapping[str, Floats], vocabulary: Vocabulary) -> Floats:
    """Take the vectors of the words that a vocabulary knows, each weighed by the word's idf.

    Parameters
    ----------
    table
        Vectors of one length, by lower-cased word. A word without one counts as unknown; one that the training
        prompts do not have weighs as much as the rarest that they have.
    """
    words = (*vocabulary.words, *vocabulary.others)
    idf = vocabulary.idf[: len(vocabulary.words)] - 1
    weight = np.concatenate([idf, np.full(len(vocabulary.others), idf.max(initial=1.0))])
    rows = np.zeros((len(words) + 1, len(next(iter(table.values())))))
    for i, word in enumerate(words):
        if word in table:
            rows[i + 1] = weight[i] * table[word]
    return _rounded(rows)


def _rounded(table: Floats) -> Floats:
    rounded: Floats = np.round(table / _TABLE_STEP) * _TABLE_STEP
    return rounded


@in_block("embedding")
def add_embedding(g: GraphBuilder, ids: str, embedding: Embedding) -> str:
    """Add the direction of the sum of the words' vectors; double [N, dimensions], zero without a known word.

    It is in whole steps: :func:`add_direction` gives it the length of 1.

    Parameters
    ----------
    ids
        int64 [N, P, T], words of the window's pieces.
    """
    if embedding.pieces < WINDOW_PIECES:
        ids = g.add("Slice", ids, g.ints(0), g.ints(embedding.pieces), g.ints(1))
    vectors = g.add("Gather", g.const(embedding.table.astype(np.float32)), ids, axis=0)
    total = g.add("Cast", g.add("ReduceSum", vectors, g.ints(1, 2), keepdims=0), to=DOUBLE)
    # In double the squares and their sum are exact, so the length does not hang on the order of summation. A length
    # of 0 leaves zeros.
    direction = g.add("LpNormalization", total, axis=1, p=2)
    return g.add("Round", g.add("Mul", direction, g.const(np.array([1 / STEP]))))


@in_block("embedding")
def add_direction(g: GraphBuilder, steps: str) -> str:
    """Add the direction itself, double [N, dimensions], of length 1 or 0."""
    return g.add("Mul", steps, g.const(np.array([STEP])))


def add_embedding_columns(g: GraphBuilder, embedded: str) -> str:
    """Give the direction as features, float [N, dimensions]."""
    return g.add("Cast", embedded, to=FLOAT)
