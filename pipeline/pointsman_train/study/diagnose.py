"""Diagnosis: whether routing will pay, from the user's own data."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pointsman_train.datasets.prompts import read_prompts
from pointsman_train.errors import ConfigError, LabelError, PoolError
from pointsman_train.evaluate.bootstrap import Estimate, resample_weights, weights_of
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.study.balance import check_balance
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check
from pointsman_train.study.crossfit import Crossfit, crossfit
from pointsman_train.study.folds import k_fold
from pointsman_train.study.gain import GAIN, LABELS, check_gain, check_labels
from pointsman_train.study.headroom import check_headroom
from pointsman_train.study.learning_curve import LearningCurveConfig, measure_curve
from pointsman_train.study.noise import check_noise
from pointsman_train.study.sources import check_sources
from pointsman_train.study.task import Report, Task
from pointsman_train.study.traffic import check_traffic
from pointsman_train.train.rows import describe_models, rows_of

log = logging.getLogger(__name__)


@dataclass(slots=True)
class DiagnoseConfig:
    """Settings of the diagnosis.

    Attributes
    ----------
    least_score, least_saving
        Mean score gained, and share of the best single model's cost saved, below which routing is not worth it even
        for a router that knows every outcome.
    least_gain
        Hull gain below which it is not worth it for the router that can be had.
    most_loss
        Mean score that may be lost on kinds of prompts that were not trained on.
    folds
        Rounds of the cross-fit that hull gain is measured by.
    curve
        The learning curve's settings; few sizes will do.
    sources
        How many are left out in turn, the largest first; 0 leaves none out.
    traffic
        File of prompts as they arrive (Parquet, CSV or JSON Lines), to compare with the training prompts; null for
        none.
    traffic_column
        Its column with the prompts.
    """

    least_score: float = 0.01
    least_saving: float = 0.1
    least_gain: float = 0.03
    most_loss: float = 0.02
    folds: int = 5
    curve: LearningCurveConfig = field(default_factory=lambda: LearningCurveConfig([250, 500, 1_000, 2_000, 4_000], 2))
    sources: int = 6
    traffic: str | None = None
    traffic_column: str = "prompt"

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        for name in ("least_score", "least_saving", "least_gain", "most_loss"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"diagnose.{name} must be in [0, 1], got {getattr(self, name)!r}")
        if self.folds < 2:
            raise ConfigError(f"diagnose.folds must be at least 2, got {self.folds!r}")
        if self.sources < 0:
            raise ConfigError(f"diagnose.sources must be 0 or more, got {self.sources!r}")
        self.curve.check("diagnose.curve")


def diagnose(task: Task, config: DiagnoseConfig, run_dir: Path) -> Report:
    """Make every check, and write ``diagnose.json``, ``diagnose.md`` and a plot for each check that has one."""
    # matplotlib is slow to import, and most runs draw nothing of this.
    from pointsman_train.study.diagnose_page import write_page

    config.check()
    task.check("a diagnosis")
    # Read before hours of work, not after.
    prompts = None
    if config.traffic is not None:
        prompts, _ = read_prompts(config.traffic, config.traffic_column, "diagnose.traffic_column")
    checks = _checks(task, config, prompts, run_dir)
    return write_page(checks, overall(checks), run_dir)


def overall(checks: Sequence[Check]) -> tuple[str, str]:
    """Draw the conclusion: the verdict, and why.

    The headroom and the measured gain decide. The others say what to mind, or why it cannot be told.
    """
    verdicts = {check.name: check.verdict for check in checks}
    deciding = [name for name in ("headroom", "balance", "gain") if verdicts.get(name) == WILL_NOT]
    against = [name for name, verdict in verdicts.items() if verdict == WILL_NOT]
    if deciding:
        return WILL_NOT, f"{', '.join(deciding)} speak against it" if len(
            deciding
        ) > 1 else f"{deciding[0]} speaks against it"
    if verdicts.get("gain") == PAYS:
        mind = f"; mind {', '.join(against)}" if against else ""
        return PAYS, f"a router beats a random mix on prompts that it had not seen{mind}"
    return CANNOT_TELL, "the measured gain may be chance; see what each check advises"


def _checks(task: Task, config: DiagnoseConfig, prompts: list[str] | None, run_dir: Path) -> list[Check]:
    labelled, group = task.labelled, task.split.group
    seed, resamples = task.evaluate.seed, task.evaluate.resamples
    known = labelled.label >= 0
    counts = rows_of(labelled, group, known).targets.label_weight if labelled.outcomes.stands_for is not None else None
    weights = resample_weights(group[known], np.random.default_rng(seed), resamples, counts)
    everything = complete_testset(task)
    checks = [
        check_headroom(everything, weights_of(everything, seed, resamples), config.least_score, config.least_saving),
        check_balance(labelled, task.training, weights),
        check_noise(labelled, group, np.random.default_rng(seed), resamples),
    ]
    learned, home = _learned(task, config, run_dir)
    checks += learned
    if config.sources:
        checks.append(check_sources(task, config.most_loss, config.sources, home))
    if prompts is not None:
        checks.append(check_traffic(task, prompts))
    return checks


def _learned(task: Task, config: DiagnoseConfig, run_dir: Path) -> tuple[list[Check], Estimate | None]:
    """Make the checks that need routers; returns the share of familiar traffic on which the guard fires as well."""
    try:
        found = _cross_fitted(task, config.folds)
        figures = found.figures(weights_of(found.testset, task.evaluate.seed, task.evaluate.resamples))
        curve = measure_curve(task, config.curve, run_dir / "points")
    except (LabelError, PoolError) as error:
        log.warning("not measured: %s", error)
        advice = "Bring more prompts, or a pool whose models differ."
        return [Check(n, q, CANNOT_TELL, str(error), advice) for n, q in (("gain", GAIN), ("labels", LABELS))], None
    checks = [check_gain(figures, config.least_gain), check_labels(curve, figures["hull_gain"], task.train.min_prompts)]
    return checks, figures.get("unfamiliar_share")


def _cross_fitted(task: Task, folds: int) -> Crossfit:
    rounds = k_fold(task.split.group, folds, np.random.default_rng(task.train.seed))
    return crossfit(task.labelled, task.split.group, rounds, {"": task.train}, task.folds)[""]


def complete_testset(task: Task) -> TestSet:
    """Take every prompt with a label and all its outcomes, with the means of the training prompts.

    Raises
    ------
    LabelError
        When there is none.
    """
    labelled = task.labelled
    rows = complete_rows(labelled, np.ones(len(labelled.label), bool))
    if not rows.any():
        raise LabelError(
            f"none of {len(rows)} prompts has a label and an outcome of every model, so models cannot be compared; "
            "collect all models' outcomes on some prompts (explore=0.1 of pointsman-collect does)"
        )
    descriptors, mean_score = describe_models(labelled, task.training)
    return take_testset(labelled, task.split.group, rows, descriptors.mean_cost, mean_score)[0]
