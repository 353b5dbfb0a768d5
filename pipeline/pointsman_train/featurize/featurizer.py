"""The whole featurizer: one graph from the raw prompt to all blocks, run in training and in serving alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from pointsman_train.data import Floats
from pointsman_train.featurize.codebook import Codebook, add_codebook
from pointsman_train.featurize.embedding import Embedding, add_direction, add_embedding, add_embedding_columns
from pointsman_train.featurize.familiarity import Familiarity, add_familiarity
from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.featurize.run import open_session, run
from pointsman_train.featurize.surface import SURFACE_NAMES, add_surface
from pointsman_train.featurize.vectors import VectorModel, add_vectors
from pointsman_train.featurize.vocabulary import Vocabulary
from pointsman_train.featurize.window import add_window
from pointsman_train.featurize.words import (
    LEXICON_NAMES,
    WordModel,
    add_ids,
    add_presence,
    add_tokens,
    add_words,
    join,
)
from pointsman_train.graph import DOUBLE, FLOAT, STRING, GraphBuilder

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Added:
    """Names of the featurizer's results in a graph.

    Attributes
    ----------
    features
        float [N, n_features].
    similarity
        float [N], how near a prompt is to the training prompts; None without an embedding.
    """

    features: str
    similarity: str | None


@dataclass(frozen=True, slots=True)
class Featurizer:
    """A fitted featurizer: everything needed to add it to a graph.

    Attributes
    ----------
    models
        The ladder; the blocks words, task, vectors and neighbours have one column for each.
    embedding, vectors, codebook, familiarity
        None where the block is off.
    embedding_columns
        Whether the embedding itself is among the features.
    task
        Scores of how well each model does on the kind of task that a prompt looks like; None where the block is off.
    """

    models: tuple[str, ...]
    vocabulary: Vocabulary
    word_model: WordModel
    embedding: Embedding | None = None
    embedding_columns: bool = False
    vectors: VectorModel | None = None
    codebook: Codebook | None = None
    familiarity: Familiarity | None = None
    task: WordModel | None = None

    @property
    def layout(self) -> Layout:
        """Which columns are which."""
        blocks = [Block("surface", SURFACE_NAMES), Block("lexicon", LEXICON_NAMES), self._per_model("words", "score")]
        if self.task is not None:
            # Not one of the per-model blocks: that a kind of task is hard for one model tells trees of the others too.
            blocks.append(Block("task", tuple(f"task_{model}" for model in self.models)))
        if self.vectors is not None:
            blocks.append(self._per_model("vectors", "vector"))
        if self.codebook is not None:
            blocks.append(self._per_model("neighbours", "near"))
        if self.embedding is not None and self.embedding_columns:
            names = tuple(f"embedding_{i}" for i in range(self.embedding.dimensions))
            blocks.append(Block("embedding", names, dense=True))
        return Layout(tuple(blocks))

    def _per_model(self, block: str, prefix: str) -> Block:
        return Block(block, tuple(f"{prefix}_{model}" for model in self.models), per_model=True)

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each feature, in the order of the columns."""
        return self.layout.names

    def add(self, g: GraphBuilder, prompt: str) -> Added:
        """Add the featurizer to a graph in which ``prompt`` is string [N]."""
        window = add_window(g, prompt)
        ids = add_ids(g, add_tokens(g, window), self.vocabulary)
        presence = add_presence(g, ids, self.vocabulary)
        linear = self.word_model if self.task is None else join(self.word_model, self.task)
        surface = add_surface(g, window)
        parts = [surface, *add_words(g, presence, self.vocabulary, linear)]
        similarity = None
        if self.embedding is not None:
            steps = add_embedding(g, ids, self.embedding)
            embedded = add_direction(g, steps)
            if self.vectors is not None:
                parts.append(add_vectors(g, embedded, self.vectors))
            if self.codebook is not None:
                parts.append(add_codebook(g, embedded, self.codebook))
            if self.familiarity is not None:
                similarity = add_familiarity(g, steps, surface, self.familiarity)
            parts += [add_embedding_columns(g, embedded)] if self.embedding_columns else []
        return Added(g.add("Concat", *parts, axis=1), similarity)

    def transform(self, prompts: Sequence[str]) -> Features:
        """Compute the features of prompts, by the same graph that is served."""
        return self.transform_all(prompts)[0]

    def embed(self, prompts: Sequence[str]) -> Floats | None:
        """Compute the embedding of prompts, ndarray of shape (n_prompts, dimensions); None without an embedding."""
        if self.embedding is None:
            return None
        g = GraphBuilder()
        ids = add_ids(g, add_tokens(g, add_window(g, "prompt")), self.vocabulary)
        g.alias(add_direction(g, add_embedding(g, ids, self.embedding)), "embedded")
        graph = g.model({"prompt": (STRING, ["N"])}, {"embedded": (DOUBLE, ["N", "D"])})
        return np.asarray(run(open_session(graph), prompts, ["embedded"])[0])

    def transform_all(self, prompts: Sequence[str]) -> tuple[Features, Features | None]:
        """Compute the features of prompts and their similarity to the training prompts, ndarray (n_prompts,)."""
        return run_featurizer(open_session(self.graph()), prompts)

    def graph(self) -> onnx.ModelProto:
        """Build the featurizer's own graph: ``prompt`` to ``features`` and, with an embedding, ``similarity``."""
        g = GraphBuilder()
        added = self.add(g, "prompt")
        g.alias(added.features, "features")
        outputs: dict[str, tuple[int, list[str | int]]] = {"features": (FLOAT, ["N", "F"])}
        if added.similarity is not None:
            g.alias(added.similarity, "similarity")
            outputs["similarity"] = (FLOAT, ["N"])
        return g.model({"prompt": (STRING, ["N"])}, outputs)


def run_featurizer(session: ort.InferenceSession, prompts: Sequence[str]) -> tuple[Features, Features | None]:
    """Run what :meth:`Featurizer.graph` built."""
    found = run(session, prompts, [output.name for output in session.get_outputs()])
    return found[0], found[1] if len(found) > 1 else None
