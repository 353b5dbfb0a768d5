"""The recipes of the quality study: the default, every formulation and baseline, and changes of one part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pointsman_train.featurize.blocks import EmbeddingConfig, FeaturesConfig
from pointsman_train.train.stage import TrainConfig

DEFAULT = "average of four"
TFIDF = "TF-IDF of scikit-learn"
FORMULATIONS = ("pooled", "per_model", "multiclass", "cumulative", "difference", "average of two", "average of three")
BASELINES = ("logistic", "neighbours", "mlp", "cohort")
EVERY_SEED = (DEFAULT, "pooled", "per_model", "multiclass", *BASELINES, TFIDF)


def recipes(names: Sequence[str]) -> dict[str, TrainConfig]:
    """Make recipes by name: a formulation, or a change of the default one."""
    return {name: _recipe(name) for name in names}


def without_unseen(config: TrainConfig) -> TrainConfig:
    """Let the operating points look at no left-out sources, which fits all twice; probabilities stay as they are."""
    for point in config.operating_points.points.values():
        point.unseen = None
    return config


def _recipe(name: str) -> TrainConfig:
    # One fit of the featurizer serves all: the embedding's columns are read by neighbours and mlp alone.
    config = TrainConfig(features=FeaturesConfig(embedding=EmbeddingConfig(columns=True)))
    if name == "average of three":
        config.average.of = ["per_model", "difference", "logistic"]
    elif name != DEFAULT:
        # The others keep the blocks that the default did without, so that the table of blocks shows each, and read all
        # of a text.
        config.features.vectors.enabled = config.features.codebook.enabled = True
        config.features.embedding.pieces = 16
        # Formulations are compared by their probabilities of success alone, as every baseline is: without the caution,
        # which takes a complexity classifier, and without a look at left-out sources.
        config.rule.caution = 0.0
        config.complexity.booster.trees = 5
        # Twice the trees at a lower rate: nothing here is held back for the sake of a quick decision.
        for boosted in (config.pooled, config.per_model, config.multiclass, config.cumulative, config.difference):
            boosted.booster.trees, boosted.booster.learning_rate = 200, 0.04
        without_unseen(config)
        # Blocks, rules and calibrations are compared with one booster: quick, and no part of it hides another.
        config.formulation = "pooled" if name in CHANGES else name
    if name in CHANGES:
        CHANGES[name](config)
    return config


def _set(path: str, value: object) -> Callable[[TrainConfig], None]:
    def change(config: TrainConfig) -> None:
        *parents, last = path.split(".")
        target: object = config
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, last, value)

    return change


def _both(*changes: Callable[[TrainConfig], None]) -> Callable[[TrainConfig], None]:
    def change(config: TrainConfig) -> None:
        for one in changes:
            one(config)

    return change


NO_WORDS = _both(_set("features.words.max_terms", 0), _set("features.words.min_df", 10**9))
NO_TASK = _set("features.task.enabled", False)
NO_EMBEDDING = _set("features.embedding.dimensions", 0)
CHANGES: Mapping[str, Callable[[TrainConfig], None]] = {
    "threshold rule": _set("rule.kind", "threshold"),
    "conservative rule": _set("rule.kind", "conservative"),
    "platt": _set("calibration.success", "platt"),
    "isotonic": _set("calibration.success", "isotonic"),
    "not calibrated": _set("calibration.success", "none"),
    "surface only": _both(NO_WORDS, NO_TASK, NO_EMBEDDING),
    "surface, words": _both(NO_TASK, NO_EMBEDDING),
    "surface, words, task": NO_EMBEDDING,
    "surface, words, task, vectors": _set("features.codebook.enabled", False),
    "average of two": _both(_set("formulation", "average"), _set("average.of", ["pooled", "difference"])),
}
ABLATION = ("surface only", "surface, words", "surface, words, task", "surface, words, task, vectors", "pooled")
VARIANTS = ("threshold rule", "conservative rule", "platt", "isotonic", "not calibrated")
