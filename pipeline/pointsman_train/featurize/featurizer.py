"""The whole featurizer: window, surface block and word block, fitted on the training prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import scipy.sparse as sp
from numpy.typing import NDArray

from pointsman_train.data import Floats, Ints
from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.featurize.run import batches, open_session, run
from pointsman_train.featurize.stack import WordsConfig, fit_scores, last_fit, pick_out_of_fold
from pointsman_train.featurize.surface import SURFACE_NAMES, add_surface
from pointsman_train.featurize.window import add_window
from pointsman_train.featurize.words import (
    LEXICON_NAMES,
    Vocabulary,
    WordModel,
    add_presence,
    add_tokens,
    add_words,
    learn_vocabulary,
)
from pointsman_train.graph import FLOAT, STRING, GraphBuilder

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Featurizer:
    """A fitted featurizer: everything needed to add it to a graph.

    Attributes
    ----------
    models
        The ladder; each model has one word score.
    """

    models: tuple[str, ...]
    vocabulary: Vocabulary
    word_model: WordModel

    @property
    def layout(self) -> Layout:
        """Which columns are which."""
        scores = tuple(f"score_{model}" for model in self.models)
        return Layout(
            (
                Block("surface", SURFACE_NAMES),
                Block("lexicon", LEXICON_NAMES),
                Block("words", scores, per_model=True),
            )
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each feature, in the order of the columns; the models' scores are the last."""
        return self.layout.names

    def add(self, g: GraphBuilder, prompt: str) -> str:
        """Add the featurizer; returns the name of float [N, len(names)]."""
        return _add_features(g, prompt, self.vocabulary, self.word_model)

    def transform(self, prompts: Sequence[str]) -> Features:
        """Compute the features of prompts, by the same graph that is served."""
        return run(open_session(_feature_graph(self.vocabulary, self.word_model)), prompts, ["features"])[0]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A featurizer with the features of the rows that it was fitted on.

    Attributes
    ----------
    features
        ndarray of shape (n_prompts, n_features), float32; the word scores are out of fold.
    """

    featurizer: Featurizer
    features: Features


def fit_featurizer(
    prompts: Sequence[str], models: tuple[str, ...], success: Floats, fold: Ints, config: WordsConfig
) -> Fitted:
    """Learn the vocabulary and the word models, and compute the training features out of fold.

    Parameters
    ----------
    prompts
        Sanitised training prompts.
    success
        ndarray of shape (n_prompts, n_models), 0 or 1, NaN where unknown.
    fold
        ndarray of shape (n_prompts,), fold number from 0.
    """
    vocabulary = learn_vocabulary(_tokens(prompts), config.max_terms, config.min_df)
    everything = fit_scores(_presence(prompts, vocabulary), vocabulary, success, fold, config.strength)
    featurizer = Featurizer(models, vocabulary, last_fit(everything, len(models)))
    # One graph with the scores of every fit: the features come from the graph, the choice of fold from here.
    wide = run(open_session(_feature_graph(vocabulary, everything)), prompts, ["features"])[0]
    n_before = len(SURFACE_NAMES) + len(LEXICON_NAMES)
    scores = pick_out_of_fold(wide[:, n_before:], fold, len(models))
    return Fitted(featurizer, np.hstack([wide[:, :n_before], scores]))


def _add_features(g: GraphBuilder, prompt: str, vocabulary: Vocabulary, word_model: WordModel) -> str:
    window = add_window(g, prompt)
    surface = add_surface(g, window)
    presence = add_presence(g, add_tokens(g, window), vocabulary)
    return g.add("Concat", surface, add_words(g, presence, vocabulary, word_model), axis=1)


def _feature_graph(vocabulary: Vocabulary, word_model: WordModel) -> onnx.ModelProto:
    g = GraphBuilder()
    g.alias(_add_features(g, "prompt", vocabulary, word_model), "features")
    return g.model({"prompt": (STRING, ["N"])}, {"features": (FLOAT, ["N", "F"])})


def _tokens(prompts: Sequence[str]) -> list[list[str]]:
    g = GraphBuilder()
    g.alias(add_tokens(g, add_window(g, "prompt")), "tokens")
    session = open_session(g.model({"prompt": (STRING, ["N"])}, {"tokens": (STRING, ["N", "T"])}))
    texts = np.array([*prompts, None], dtype=object)[:-1]
    rows: list[list[str]] = []
    for batch in batches(prompts):
        rows += session.run(["tokens"], {"prompt": texts[batch]})[0].tolist()
    return rows


def _presence(prompts: Sequence[str], vocabulary: Vocabulary) -> sp.csr_array:
    g = GraphBuilder()
    g.alias(add_presence(g, add_tokens(g, add_window(g, "prompt")), vocabulary), "presence")
    session = open_session(g.model({"prompt": (STRING, ["N"])}, {"presence": (FLOAT, ["N", "V"])}))
    texts = np.array([*prompts, None], dtype=object)[:-1]
    order = list(batches(prompts))
    parts = [sp.csr_array(session.run(["presence"], {"prompt": texts[batch]})[0]) for batch in order]
    back = np.argsort(np.concatenate(order), kind="stable")
    return sp.vstack(parts, format="csr")[back]
