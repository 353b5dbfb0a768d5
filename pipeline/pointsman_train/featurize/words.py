"""The word block: which known words and word pairs occur in the window, and what they say of each model.

A linear model per model of the pool (logistic regression on presence, idf-weighted and of unit length) is fitted on
the training prompts, and its score is a feature. In the graph that is one sparse look-up and one product. Scores
of several fits (one a fold, and the one on everything) come from the same product, so the features that the trees
are trained on are out-of-fold and still come from this graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.featurize.lexicon import LEXICON
from pointsman_train.featurize.vocabulary import Vocabulary
from pointsman_train.featurize.window import Window
from pointsman_train.graph import MICROSOFT, ML, GraphBuilder, in_block

# A run of letters of an alphabet, a run of digits, or any other visible character (so Han text goes by character).
_TOKEN = r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Arabic}\p{Hebrew}\p{Devanagari}\p{Hangul}]+|[0-9]+|\S|\n"

# Sums of whole multiples of these steps are exact in float32, whatever the order of summation.
_WEIGHT_STEP = 2.0**-12
_NORM_STEP = 2.0**-4
# Begins each sum of norms: of no term the score is then 0 and not 0 / 0, and one step of a norm already swallows it.
_LEAST_NORM = 2.0**-40

LEXICON_NAMES: tuple[str, ...] = tuple(f"words_{name}" for name in LEXICON)


@dataclass(frozen=True, slots=True)
class WordModel:
    """Linear models on the presence of terms.

    Attributes
    ----------
    weights
        ndarray of shape (n_terms, n_scores); a term's weight already holds its idf.
    bias
        ndarray of shape (n_scores,).
    """

    weights: Floats
    bias: Floats


def join(one: WordModel, other: WordModel) -> WordModel:
    """Put the scores of another model behind those of one."""
    return WordModel(np.hstack([one.weights, other.weights]), np.concatenate([one.bias, other.bias]))


@in_block("words")
def add_tokens(g: GraphBuilder, window: Window) -> str:
    """Add the cutting of the window into tokens; returns the name of string [N, P, T], padded with "".

    Each piece's are between the two of :data:`pointsman_train.featurize.window.MARKS`.
    """
    return g.add("Tokenizer", window.pieces, domain=MICROSOFT, mark=1, mincharnum=1, pad_value="", tokenexp=_TOKEN)


@in_block("words")
def add_ids(g: GraphBuilder, tokens: str, vocabulary: Vocabulary) -> str:
    """Add the look-up of words; returns the name of int64 [N, P, T], 0 where a word is unknown or padding."""
    return g.add(
        "LabelEncoder",
        tokens,
        domain=ML,
        keys_strings=list(vocabulary.forms),
        values_int64s=list(vocabulary.forms.values()),
        default_int64=0,
    )


@in_block("words")
def add_presence(g: GraphBuilder, ids: str, vocabulary: Vocabulary) -> str:
    """Add the look-up of terms; returns the name of float [N, n_terms], 1 where a term occurs."""
    n_words, n_terms = len(vocabulary.words), vocabulary.n_terms
    return g.add(
        "TfIdfVectorizer",
        g.flatten(ids),
        mode="IDF",
        min_gram_length=1,
        max_gram_length=2 if vocabulary.pairs else 1,
        max_skip_count=0,
        ngram_counts=[0, n_words] if vocabulary.pairs else [0],
        ngram_indexes=list(range(n_terms)),
        pool_int64s=[*range(1, n_words + 1), *(i for pair in vocabulary.pairs for i in pair)],
        weights=[1.0] * n_terms,
    )


@in_block("words")
def add_words(g: GraphBuilder, presence: str, vocabulary: Vocabulary, model: WordModel) -> tuple[str, str]:
    """Add lexicon counts and scores; returns float [N, len(LEXICON)] and float [N, n_scores].

    A score is ``sum_t w_t / sqrt(sum_t idf_t^2) + bias`` over the terms that occur.
    """
    weights = np.round(model.weights / _WEIGHT_STEP) * _WEIGHT_STEP
    norms = np.round(vocabulary.idf[:, None] ** 2 / _NORM_STEP) * _NORM_STEP
    # A product with all terms costs by its columns, so the few words that are counted have one of their own.
    columns = _lexicon_columns(vocabulary)
    counted = np.flatnonzero(columns.any(axis=1))
    own = g.add("Gather", presence, g.const(counted), axis=1)
    counts = g.add("MatMul", own, g.const(columns[counted].astype(np.float32)))
    # A row a score, and left as it is: onnxruntime would widen a constant of so few columns to sixteen, and reading
    # it takes three times as long.
    rows = g.default(np.hstack([norms, weights]).T.astype(np.float32))
    least = np.zeros(1 + weights.shape[1], np.float32)
    least[0] = _LEAST_NORM
    sums = g.add("Gemm", presence, rows, g.const(least), transB=1)
    norm, score = g.add_many("Split", sums, g.ints(1, weights.shape[1]), outputs=2, axis=1)
    unit = g.add("Div", score, g.add("Sqrt", norm))
    return counts, g.add("Add", unit, g.const(model.bias.astype(np.float32)))


def _lexicon_columns(vocabulary: Vocabulary) -> Floats:
    position = {word: i for i, word in enumerate(vocabulary.words)}
    columns = np.zeros((vocabulary.n_terms, len(LEXICON)))
    for column, words in enumerate(LEXICON.values()):
        columns[[position[word] for word in words], column] = 1.0
    return columns
