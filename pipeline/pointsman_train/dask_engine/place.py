"""The training prompts on the cluster: the featurizer is fitted on the sample here, the heads on all of them there."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import compress

import numpy as np

from pointsman_train.dask_engine.cluster import Cluster
from pointsman_train.dask_engine.features import Folds, WriteFeatures
from pointsman_train.dask_engine.lessons import OnCluster
from pointsman_train.dask_engine.splitting import Parts
from pointsman_train.dask_engine.store import Step, digest, write_whole
from pointsman_train.data import UNKNOWN_LABEL, Bools, Floats, Ints
from pointsman_train.errors import LabelError
from pointsman_train.featurize.blocks import FeaturesConfig
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.fit import Fitted, Taught, fit_wide, pick_fold, serving, unseen_similarity, widths_of
from pointsman_train.featurize.ground import learn_ground
from pointsman_train.label.partial import partly_known
from pointsman_train.split.split import fold_of
from pointsman_train.train.booster import BoosterConfig
from pointsman_train.train.both_heads import BothHeads
from pointsman_train.train.complexity import ComplexityModel
from pointsman_train.train.heads import Head
from pointsman_train.train.label_shares import WeighedLabels
from pointsman_train.train.learner import InMemory, LabelOf, Lesson, learning
from pointsman_train.train.success import SuccessModel, Targets

log = logging.getLogger(__name__)

# Share of prompts without a label that makes no difference.
_FEW = 0.05


@dataclass(slots=True)
class OnWorkers:
    """Where the training prompts are.

    Attributes
    ----------
    of_split
        Parts of the split that are trained on.
    """

    cluster: Cluster
    parts: Parts
    of_split: tuple[int, ...]
    seed: int
    _folds: Folds = field(init=False)
    _features: Step = field(init=False)

    def folds(self, training: Bools, group: Ints, folds: int, rng: np.random.Generator) -> Ints:
        """Deal the sample's training prompts into folds; those of one machine where the sample has all of them."""
        names = list(compress(self.parts.groups, training))
        if not self.parts.whole:
            self._folds = Folds(self.seed, folds, None)
            return self._folds(names)
        fold = fold_of(group[training], folds, rng)
        content = json.dumps(dict(zip(names, fold.tolist(), strict=True))).encode()
        file = self.parts.rows.file(f"folds-{digest(content)[:12]}", ".json")
        write_whole(file, content)
        self._folds = Folds(self.seed, folds, str(file))
        return fold

    def featurize(self, prompts: Sequence[str], taught: Taught, config: FeaturesConfig) -> Fitted:
        """Fit the featurizer on the sample, and compute the features of all training prompts on the workers."""
        ground = learn_ground(prompts, config, taught.asked)
        wide = fit_wide(ground, taught, config)
        served, widths = serving(wide), widths_of(wide)
        graph = wide.graph().SerializeToString()
        step = self.parts.rows.under("features", graph, self.of_split, asdict(self._folds))
        file = step.file("featurizer", ".onnx")
        write_whole(file, graph)
        work = WriteFeatures(step, self.parts.rows, str(file), widths, len(served.names), self._folds, self.of_split)
        for _ in self.cluster.each(work, step.missing(range(self.parts.number)), "featurizing"):
            pass
        self._features = step
        features, similarity = wide.transform_all(prompts)
        unseen = unseen_similarity(ground, taught, config)
        return Fitted(served, pick_fold(features, widths, taught.fold), similarity, unseen, ground)

    def heads(self, heads: BothHeads) -> HeadsOnWorkers:
        """Return what fits these heads on all training prompts."""
        kept = self._features.under("boosters", len(self.cluster.ready()))
        return HeadsOnWorkers(heads, OnCluster(self.cluster, self._features, kept, self.parts.number, heads.layout))


@dataclass(frozen=True, slots=True)
class _WithSample:
    """Fits boosters on the prompts of all parts, with the sample of them that is here."""

    boosters: OnCluster
    here: InMemory

    def classifiers(self, lessons: Sequence[Lesson], config: BoosterConfig) -> list[Head]:
        return self.boosters.classifiers(lessons, config)

    def regressors(self, lessons: Sequence[Lesson], config: BoosterConfig) -> list[Head]:
        return self.boosters.regressors(lessons, config)


@dataclass(frozen=True, slots=True)
class HeadsOnWorkers:
    """Fits either head on all training prompts; what it is given of them is the sample, which it predicts."""

    here: BothHeads
    learner: OnCluster

    @property
    def classes(self) -> tuple[int, ...]:
        """Labels that occur in training, ascending."""
        return self.here.classes

    def success(self, features: Features, targets: Targets) -> SuccessModel:
        """Fit the success model on every known outcome of every prompt."""
        return self._success(self.learner, InMemory(features, targets, self.here.layout))

    def success_out_of_fold(self, features: Features, targets: Targets, fold: Ints) -> Floats:
        """Margins of the sample, each fold's from a model that was fitted on all prompts of the others."""
        margins = np.empty_like(targets.success)
        sample = InMemory(features, targets, self.here.layout)
        for k in range(int(fold.max()) + 1):
            out = fold == k
            margins[out] = self._success(self.learner.leave_out(k), sample.without(out)).margins(features[out])
        return margins

    def complexity(self, features: Features, labels: WeighedLabels) -> ComplexityModel:
        """Fit the complexity classifier on the labels of all prompts."""
        return self._complexity(self.learner)

    def complexity_out_of_fold(self, features: Features, labels: WeighedLabels, fold: Ints) -> Floats:
        """Margins of the sample, each fold's from a classifier that was fitted on all prompts of the others."""
        margins = np.empty((len(features), len(self.classes)))
        for k in range(int(fold.max()) + 1):
            margins[fold == k] = self._complexity(self.learner.leave_out(k)).margins(features[fold == k])
        return margins

    def _success(self, learner: OnCluster, sample: InMemory) -> SuccessModel:
        formulation = learning(self.here.formulation)
        return formulation.learn(_WithSample(learner, sample), self.here.descriptors, self.here.layout)

    def _complexity(self, learner: OnCluster) -> ComplexityModel:
        lesson = Lesson("label", LabelOf(self.classes))
        objective = {"objective": "multiclass", "num_class": len(self.classes)}
        booster = learner.booster(lesson, self.here.config.booster, learner.sums(lesson), objective)
        return ComplexityModel(booster, self.classes, self.here.layout)


def refuse_partly_known(targets: Targets, models: Sequence[str]) -> None:
    """Stop where labels hang on a model that is known on few prompts: the classifier would take prompts for easier.

    Of a ladder that was climbed until a model succeeds, the dear models are known on few prompts, and every label is.

    Raises
    ------
    LabelError
        With the models' names.
    """
    partial = partly_known(targets.known)
    if partial.any() and float(np.mean(targets.label == UNKNOWN_LABEL)) > _FEW:
        few = [model for model, is_partial in zip(models, partial, strict=True) if is_partial]
        raise LabelError(
            f"{few!r} have outcomes on less than half as many prompts as the best known model; engine=dask does not "
            "weigh the labels that such prompts may have: collect more outcomes, take the models out of the pool, or "
            "set engine=local"
        )
