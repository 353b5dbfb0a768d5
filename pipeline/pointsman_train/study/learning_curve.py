"""The learning curve: quality against labels, so that one knows what the next labels would buy."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError, LabelError, PoolError
from pointsman_train.evaluate.bootstrap import Estimate, Weights, estimate, mean_of_known, resample_weights
from pointsman_train.evaluate.complete import complete_rows
from pointsman_train.study.crossfit import run_round
from pointsman_train.study.folds import Fold
from pointsman_train.study.guess import guess_log_loss
from pointsman_train.study.headline import HEADLINE, headline
from pointsman_train.study.points import Points
from pointsman_train.study.power_law import LEAST_SIZES, PowerLaw, fit_power_law
from pointsman_train.study.subsets import nested_subsets, sizes_up_to
from pointsman_train.study.task import Task

log = logging.getLogger(__name__)

# The figures that a law is fitted to, as errors.
FOLLOWED = ("hull_gain", "auc_macro", "log_loss")


@dataclass(slots=True)
class LearningCurveConfig:
    """Settings of the learning curve.

    Attributes
    ----------
    sizes
        Labelled training prompts to train on; those that the data does not have are left out, and all are added.
    repeats
        Draws of each subset, and of the folds; each figure is their mean.
    seed
        Of the draws.
    next_labels
        How many more labels the curve is continued for.
    """

    sizes: list[int] = field(default_factory=lambda: [200 * 2**k for k in range(9)])
    repeats: int = 3
    seed: int = 0
    next_labels: int = 1_000

    def check(self, where: str = "learning_curve") -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        if not self.sizes or min(self.sizes) < 1:
            raise ConfigError(
                f"{where}.sizes must be one or more numbers of labels, each 1 or more, got {self.sizes!r}"
            )
        for name, least in (("repeats", 1), ("seed", 0), ("next_labels", 1)):
            if getattr(self, name) < least:
                raise ConfigError(f"{where}.{name} must be {least} or more, got {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """What was measured.

    Attributes
    ----------
    sizes
        Labelled training prompts, rising; the last is all there are.
    prompts
        Test prompts, the same for every size.
    figures
        Of each name of :data:`pointsman_train.study.headline.HEADLINE`, one estimate a size.
    guess
        Log loss of always guessing each model's success rate.
    next_labels
        How many more labels ``gains`` is about.
    gains
        By how much each of :data:`FOLLOWED` would get better, by its law; log loss gets better by falling. Empty where
        there are too few sizes to fit a law.
    laws
        Fitted to each of :data:`FOLLOWED` as an error; the first row is that of the figures themselves.
    """

    sizes: tuple[int, ...]
    prompts: int
    figures: Mapping[str, tuple[Estimate, ...]]
    guess: float
    next_labels: int
    gains: Mapping[str, Estimate]
    laws: Mapping[str, PowerLaw]

    @property
    def buys(self) -> bool:
        """Whether the next labels would bring better routing or ranking, by more than chance explains.

        Log loss alone does not count: with labels that are pure noise it still falls, towards that of guessing.
        """
        return any(self.gains[name].low > 0 for name in ("hull_gain", "auc_macro") if name in self.gains)


def measure_curve(task: Task, config: LearningCurveConfig, kept: Path) -> LearningCurve:
    """Train on nested random subsets of the training prompts, and judge each on the same test split.

    The intervals cover the draw of the test prompts and, as far as so few draws can tell, that of the subsets.

    Parameters
    ----------
    kept
        Folder of the finished points: measuring again, with the same data and settings, goes on from there.

    Raises
    ------
    ConfigError
        For settings that cannot work.
    DataError
        When no test prompt has a label and an outcome of every model.
    """
    config.check()
    task.check("a learning curve")
    total = int(task.labelled_training.sum())
    sizes = sizes_up_to(config.sizes, total)
    judged = complete_rows(task.labelled, task.split.rows("test"))
    rng = np.random.default_rng(task.evaluate.seed)
    counts = task.labelled.stands_for
    counts = None if counts is None else counts[judged]
    weights = resample_weights(task.split.group[judged], rng, task.evaluate.resamples, counts)
    picks = rng.integers(config.repeats, size=(task.evaluate.resamples, config.repeats))
    points = _measured(task, config, sizes, weights, Points(kept, task))
    resampled = {name: np.stack([_mixed(size[name], picks) for size in points], axis=1) for name in HEADLINE}
    n = int(judged.sum())
    laws = _laws(np.array(sizes, np.float64), resampled)
    more = total + config.next_labels
    return LearningCurve(
        sizes=tuple(sizes),
        prompts=n,
        figures={name: tuple(estimate(column, n) for column in table.T) for name, table in resampled.items()},
        guess=guess_log_loss(task.labelled, task.training, judged),
        next_labels=config.next_labels,
        gains={name: estimate(law.at(total) - law.at(more), n) for name, law in laws.items()},
        laws=laws,
    )


def _measured(
    task: Task, config: LearningCurveConfig, sizes: list[int], weights: Weights, points: Points
) -> list[dict[str, Floats]]:
    """Measure each size, of shape (n_repeats, 1 + n_resamples) for each figure."""
    found = []
    for size in sizes:
        rows = []
        for repeat in range(config.repeats):
            log.info("%d of %d labels, draw %d of %d", size, sizes[-1], repeat + 1, config.repeats)
            rng = np.random.default_rng([config.seed, repeat])
            subset = subset_of(task, size, rng)
            name = f"{size}-{config.seed}-{repeat}"
            rows.append(points.get(name, partial(_point, task, subset, repeat, weights)))
        found.append({name: np.stack([row[name] for row in rows]) for name in HEADLINE})
    return found


def subset_of(task: Task, size: int, rng: np.random.Generator) -> Bools:
    """Draw training prompts with so many labels; a log's are there already, however many labels are bought."""
    training, asked = task.training, task.labelled.asked
    [drawn] = nested_subsets(training & asked, task.labelled_training, task.split.group, [size], rng)
    return np.asarray(drawn | (training & ~asked))


def _point(task: Task, subset: Bools, repeat: int, weights: Weights) -> dict[str, Floats]:
    fold = Fold("test", subset, task.split.rows("test"))
    recipe = {"": replace(task.train, seed=task.train.seed + repeat)}
    try:
        _, one = next(run_round(task.labelled, task.split.group, fold, recipe, task.folds))
    except (LabelError, PoolError) as error:
        log.warning("not measured: %s", error)
        return dict.fromkeys(HEADLINE, np.full(len(weights), np.nan))
    return headline(one.testset, one.router, weights)


def _mixed(repeats: Floats, picks: Ints) -> Floats:
    """Mean over the draws; under each resample, over draws with replacement."""
    rows = np.arange(1, repeats.shape[1])[:, None]
    return np.append(mean_of_known(repeats[:, 0]), mean_of_known(repeats[picks, rows]))


def _laws(n: Floats, resampled: Mapping[str, Floats]) -> dict[str, PowerLaw]:
    if len(n) < LEAST_SIZES:
        return {}
    errors = {name: table if name == "log_loss" else 1 - table for name, table in resampled.items()}
    return {name: fit_power_law(n, errors[name]) for name in FOLLOWED}
