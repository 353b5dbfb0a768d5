"""What a booster is to learn, apart from where the prompts are: in memory, or on the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from pointsman_train.cores import on_all_cores
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.datasets.selected import of_rows
from pointsman_train.errors import ConfigError
from pointsman_train.featurize.featurizer import Features
from pointsman_train.featurize.layout import Layout
from pointsman_train.train.booster import BoosterConfig
from pointsman_train.train.heads import Head, bin_features, fit_classifier, fit_regressor
from pointsman_train.train.success import Descriptors, Formulation, SuccessModel, Targets


@dataclass(frozen=True, slots=True)
class Known:
    """Prompts that a target is known for.

    Attributes
    ----------
    rows
        ndarray of shape (n_prompts,), whether it is.
    target, weight
        ndarrays of shape (n_known,): what is learned, and answers behind it.
    """

    rows: Bools
    target: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class Lesson:
    """One target of one booster.

    Attributes
    ----------
    name
        Tells it from the others of a formulation.
    of
        Takes the target from any prompts' outcomes.
    """

    name: str
    of: Callable[[Targets], Known]


class Learner(Protocol):
    """Fits boosters on prompts, wherever they are: one head a lesson."""

    @property
    def here(self) -> InMemory:
        """The prompts that are here: all of them, or a sample, for what needs no more."""
        ...

    def classifiers(self, lessons: Sequence[Lesson], config: BoosterConfig) -> list[Head]:
        """Fit as :func:`~pointsman_train.train.heads.fit_classifier` does."""
        ...

    def regressors(self, lessons: Sequence[Lesson], config: BoosterConfig) -> list[Head]:
        """Fit as :func:`~pointsman_train.train.heads.fit_regressor` does."""
        ...


@runtime_checkable
class Learns(Protocol):
    """A formulation that is fitted by a learner, so that its prompts may be anywhere."""

    def learn(self, learner: Learner, descriptors: Descriptors, layout: Layout) -> SuccessModel:
        """Fit as :meth:`~pointsman_train.train.success.Formulation.fit` does."""
        ...


def learning(formulation: Formulation) -> Learns:
    """Return a formulation as one that is fitted by a learner.

    Raises
    ------
    ConfigError
        When it can only be fitted in memory.
    """
    if not isinstance(formulation, Learns):
        raise ConfigError(
            f"the formulation {type(formulation).__name__} is fitted in memory alone; with engine=dask take one of "
            "average, per_model, difference, logistic and linear, or set engine=local"
        )
    return formulation


@dataclass(frozen=True, slots=True)
class InMemory:
    """Prompts that are here; boosters are fitted side by side."""

    features: Features
    targets: Targets
    layout: Layout

    @property
    def here(self) -> InMemory:
        """All prompts."""
        return self

    def without(self, rows: Bools) -> InMemory:
        """Leave the prompts of a mask out."""
        return InMemory(self.features[~rows], self.targets.take(~rows), self.layout)

    def classifiers(self, lessons: Sequence[Lesson], config: BoosterConfig) -> list[Head]:
        """Fit each on the prompts where its target is known."""
        return self._each(fit_classifier, lessons, config)

    def regressors(self, lessons: Sequence[Lesson], config: BoosterConfig) -> list[Head]:
        """Fit each on the prompts where its target is known."""
        return self._each(fit_regressor, lessons, config)

    def _each(self, fit: Callable[..., Head], lessons: Sequence[Lesson], config: BoosterConfig) -> list[Head]:
        targets = [lesson.of(self.targets) for lesson in lessons]
        # Early stopping bins other rows.
        shared = config.early_stopping is None and sum(known.rows.all() for known in targets) > 1
        bins = bin_features(self.features, self.layout, config) if shared else None

        def one(known: Known) -> Head:
            whole = bins is not None and known.rows.all()
            rows = self.features if whole else self.features[known.rows]
            groups = self.targets.groups[known.rows]
            return fit(rows, known.target, known.weight, self.layout, config, groups, bins if whole else None)

        return on_all_cores(one, targets, config.threads)


@dataclass(frozen=True, slots=True)
class SuccessOf:
    """One model's success rate, where it is known."""

    model: int

    def __call__(self, targets: Targets) -> Known:
        """Take it from prompts' outcomes."""
        known = targets.known[:, self.model]
        return Known(known, targets.rate[known, self.model], targets.weight[known, self.model])


@dataclass(frozen=True, slots=True)
class DifferenceOf:
    """One model's success rate less another's, where both are known."""

    model: int
    to: int

    def __call__(self, targets: Targets) -> Known:
        """Take it from prompts' outcomes."""
        both = targets.known[:, self.model] & targets.known[:, self.to]
        gap = targets.rate[both, self.model] - targets.rate[both, self.to]
        answers = _answers(targets.trials[both, self.model], targets.trials[both, self.to])
        counts = None if targets.stands_for is None else of_rows(targets.stands_for[both][:, [self.model, self.to]])
        return Known(both, gap, answers if counts is None else answers * counts)


@dataclass(frozen=True, slots=True)
class LabelOf:
    """The label of the prompts that have one, numbered among the classes."""

    classes: tuple[int, ...]

    def __call__(self, targets: Targets) -> Known:
        """Take it from prompts' outcomes."""
        rows = np.isin(targets.label, self.classes)
        target = np.searchsorted(self.classes, targets.label[rows]).astype(np.float64)
        return Known(rows, target, targets.label_weight[rows])


def _answers(one: Ints, other: Ints) -> Floats:
    """Weight of a difference of two means, whose variance goes with ``1 / n + 1 / n'``: their harmonic mean."""
    return np.asarray(2 * one * other / (one + other))
