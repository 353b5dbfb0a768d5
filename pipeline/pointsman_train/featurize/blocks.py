"""Settings of the featurizer: which blocks it has."""

from __future__ import annotations

from dataclasses import dataclass, field

from pointsman_train.errors import ConfigError
from pointsman_train.featurize.stack import WordsConfig
from pointsman_train.featurize.window import WINDOW_PIECES


@dataclass(slots=True)
class EmbeddingConfig:
    """Settings of the word vectors, which the blocks below read.

    Attributes
    ----------
    dimensions
        Length of a vector; 0 switches the embedding off, and with it all that reads it.
    pieces
        Pieces of about 250 characters that are read, from both ends of the text inwards; at most 16.
    table
        File of word vectors to use instead of learned ones, a word and its numbers on each line (as word2vec and
        GloVe write them); null learns them on the training prompts.
    table_words
        Words of that file that are used, from its beginning.
    columns
        Whether the coordinates themselves are features. Only distance-based and neural formulations read them.
    seed
        Of the decomposition.
    """

    dimensions: int = 64
    pieces: int = 4
    table: str | None = None
    table_words: int = 20_000
    columns: bool = False
    seed: int = 0


@dataclass(slots=True)
class VectorsConfig:
    """Settings of the linear models on the embedding.

    Attributes
    ----------
    enabled
        Whether the block is there. Off by default: with it a decision takes longer, and routes no better.
    strength
        Inverse of the L2 penalty (scikit-learn's ``C``).
    """

    enabled: bool = False
    strength: float = 10.0


@dataclass(slots=True)
class CodebookConfig:
    """Settings of the codebook.

    Attributes
    ----------
    enabled
        Whether the success rates near the prompt are features. Off by default, as the linear models on the embedding.
    codes
        Clusters; a tenth of the training prompts at the most.
    nearest
        Clusters that a prompt reads.
    smoothing
        Prompts' worth of pull of a cluster's rate towards the model's overall rate.
    seed
        Of the clustering.
    """

    enabled: bool = False
    codes: int = 256
    nearest: int = 3
    smoothing: float = 5.0
    seed: int = 0


@dataclass(slots=True)
class FamiliarityConfig:
    """Settings of the similarity to the training prompts; it is there where the embedding is.

    Attributes
    ----------
    codes
        Clusters; a tenth of the training prompts at the most.
    seed
        Of the clustering.
    """

    codes: int = 256
    seed: int = 0


@dataclass(slots=True)
class TaskConfig:
    """Settings of the task block: how well each model does on the kind of task that a prompt looks like.

    It is the word block once more, taught by success rates of the sources in the place of outcomes: see
    :mod:`~pointsman_train.featurize.source_rates`.

    Attributes
    ----------
    enabled
        Whether there is such a block where two known sources have 20 training prompts or more.
    strength
        Inverse of the L2 penalty (scikit-learn's ``C``).
    """

    enabled: bool = True
    strength: float = 1.0


@dataclass(slots=True)
class FeaturesConfig:
    """Settings of the featurizer; the surface block is always there.

    Attributes
    ----------
    most_prompts
        Of more training prompts so many are drawn for the blocks to learn from: words, their weights, clusters. The
        trees learn from all.
    """

    most_prompts: int = 50_000
    words: WordsConfig = field(default_factory=WordsConfig)
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    vectors: VectorsConfig = field(default_factory=VectorsConfig)
    codebook: CodebookConfig = field(default_factory=CodebookConfig)
    familiarity: FamiliarityConfig = field(default_factory=FamiliarityConfig)
    task: TaskConfig = field(default_factory=TaskConfig)

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        self.words.check()
        ranges = {
            "most_prompts": (self.most_prompts >= 1, self.most_prompts, "1 or more"),
            "embedding.dimensions": (self.embedding.dimensions >= 0, self.embedding.dimensions, "0 or more"),
            "embedding.pieces": (
                1 <= self.embedding.pieces <= WINDOW_PIECES,
                self.embedding.pieces,
                f"from 1 to {WINDOW_PIECES}",
            ),
            "embedding.table_words": (self.embedding.table_words >= 1, self.embedding.table_words, "1 or more"),
            "task.strength": (self.task.strength > 0, self.task.strength, "above 0"),
            "vectors.strength": (self.vectors.strength > 0, self.vectors.strength, "above 0"),
            "codebook.codes": (self.codebook.codes >= 1, self.codebook.codes, "1 or more"),
            "familiarity.codes": (self.familiarity.codes >= 1, self.familiarity.codes, "1 or more"),
            "codebook.nearest": (self.codebook.nearest >= 1, self.codebook.nearest, "1 or more"),
            "codebook.smoothing": (self.codebook.smoothing > 0, self.codebook.smoothing, "above 0"),
        }
        for name, (good, got, expected) in ranges.items():
            if not good:
                raise ConfigError(f"train.features.{name} must be {expected}, got {got!r}")
