"""The label stage: outcomes in, labels out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

import numpy as np

from pointsman_train.data import UNKNOWN_LABEL, Bools, Floats, Ints, Outcomes
from pointsman_train.datasets.selected import asked_rows, of_rows
from pointsman_train.errors import ConfigError, LabelError, PoolError
from pointsman_train.label.apart import ALIKE, LOGGED_CHOICES, WHY, WORDS, put_apart, refuse_unasked
from pointsman_train.label.ladder import climb, ladder_order
from pointsman_train.label.partial import own_means
from pointsman_train.label.success import succeeds

log = logging.getLogger(__name__)

ALL_FAIL = "all-fail"
ALL_FAIL_CHOICES = ("separate", "drop", "cheapest", "strongest")


@dataclass(slots=True)
class LabelConfig:
    """What counts as success and what a prompt is called that no model succeeds on.

    Attributes
    ----------
    success_threshold
        Smallest score that counts as success, in (0, 1].
    min_trials
        With fewer trials an outcome is unknown.
    min_successes
        k of n: successes wanted among the trials, instead of the threshold; null for the threshold.
    all_fail
        "separate" (a class of its own), "drop" (left out), "cheapest", or "strongest" (the best on average).
    ladder
        Models from cheapest to dearest; empty is by mean cost.
    logged
        What prompts teach of which only a service's log has outcomes: "words" (how hard they are, as far as words tell
        it), or "all" (as if they had been asked for).
    """

    success_threshold: float = 0.5
    min_trials: int = 1
    min_successes: int | None = None
    all_fail: str = "separate"
    ladder: list[str] = field(default_factory=list)
    logged: str = WORDS

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range."""
        if not 0 < self.success_threshold <= 1:
            raise ConfigError(f"label.success_threshold must be in (0, 1], got {self.success_threshold!r}")
        if self.min_trials < 1:
            raise ConfigError(f"label.min_trials must be at least 1, got {self.min_trials!r}")
        if self.min_successes is not None and self.min_successes < 1:
            raise ConfigError(f"label.min_successes must be at least 1 or null, got {self.min_successes!r}")
        if self.all_fail not in ALL_FAIL_CHOICES:
            raise ConfigError(f"label.all_fail must be one of {ALL_FAIL_CHOICES}, got {self.all_fail!r}")
        if self.logged not in LOGGED_CHOICES:
            raise ConfigError(f"label.logged must be one of {LOGGED_CHOICES}, got {self.logged!r}")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Outcomes in ladder order with their labels.

    Attributes
    ----------
    outcomes
        Columns are the ladder, cheapest first.
    success
        ndarray of shape (n_prompts, n_models): 1, 0 or NaN.
    label
        ndarray of shape (n_prompts,): the cheapest rung that succeeds, ``n_models`` for all-fail, -1 for unknown.
    reason
        Why a prompt has no label, "" where it has one.
    logged
        ndarray of shape (n_prompts, n_models): successes of prompts that only a service's log knows, which ``outcomes``
        and ``success`` are then without; None where there are none, or they teach like the others.
    """

    outcomes: Outcomes
    success: Floats
    label: Ints
    reason: tuple[str, ...]
    logged: Floats | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The ladder, cheapest first."""
        return self.outcomes.models

    @property
    def asked(self) -> Bools:
        """Mask of the prompts that are not put apart as a service's log."""
        return asked_rows(self.logged, len(self.label))

    @property
    def stands_for(self) -> Floats | None:
        """How many prompts like it each prompt with all its outcomes stands for, (n_prompts,); None is one each."""
        return of_rows(self.outcomes.stands_for)

    @property
    def boundary(self) -> Bools:
        """Prompts that need the step up: some model succeeds, and the label is not the cheapest rung."""
        solved = (self.success == 1).any(axis=1)
        return np.asarray(solved & (self.label > 0))

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the labels 0, 1, ..., n_models."""
        return (*self.models, ALL_FAIL)

    def counts(self) -> dict[str, int]:
        """Prompts by label, the unknown ones last."""
        found = {name: int(np.sum(self.label == i)) for i, name in enumerate(self.class_names)}
        return found | {"unknown": int(np.sum(self.label == UNKNOWN_LABEL))}


def label(outcomes: Outcomes, config: LabelConfig, strongest: int | None = None) -> Labelled:
    """Order the ladder and label every prompt with the cheapest model that succeeds.

    A prompt whose label hangs on an unknown outcome (a cheaper model than the first success was not asked, or none
    succeeded and one was not asked) has no label and a reason. Its known outcomes still serve the success model.

    Parameters
    ----------
    strongest
        Rung of the best model on average, where these outcomes are a part of all; None finds it here. Of a part, none
        need have a label.

    Raises
    ------
    ConfigError, PoolError, DataError
        For settings, a ladder or costs that cannot be used.
    LabelError
        When no prompt could be labelled.
    """
    config.check()
    if ALL_FAIL in outcomes.models:
        raise PoolError(f"a model is called {ALL_FAIL!r}, as prompts are that no model succeeds on; rename it")
    of_log = None
    if outcomes.logged is not None and config.logged == WORDS:
        outcomes, of_log = put_apart(outcomes, outcomes.logged)
        if strongest is None:
            refuse_unasked(outcomes, of_log)
    order = ladder_order(outcomes, config.ladder)
    climbed = climb(outcomes, order)
    success = _succeeds(climbed, config)
    logged = None if of_log is None else _succeeds(climb(of_log, order), config)
    first, reason = _first_success(success)
    if logged is not None:
        reason = np.where(np.isnan(logged).all(axis=1), reason, WHY).tolist()
    if (first == success.shape[1]).any():
        all_fail = _rung_of_all_fail(config.all_fail, strongest, success, climbed.stands_for)
        first, reason = _settle_all_fail(first, reason, success.shape[1], all_fail)
    # A log of its own, so that labelling the same outcomes again does not count twice.
    climbed = replace(climbed, drops=climbed.drops.copy())
    if of_log is None and outcomes.logged is not None:
        climbed.drops.add(ALIKE, int(outcomes.logged.sum()))
    for why in sorted(set(reason) - {""}):
        climbed.drops.add(f"no label: {why}", reason.count(why))
    if strongest is None and (first == UNKNOWN_LABEL).all():
        raise LabelError(f"none of {len(first)} prompts could be labelled; reasons: {sorted(set(reason))!r}")
    labelled = Labelled(climbed, success, first, tuple(reason), logged)
    log.info("labels %s", labelled.counts())
    return labelled


def _succeeds(outcomes: Outcomes, config: LabelConfig) -> Floats:
    trials = config.success_threshold, config.min_trials, config.min_successes
    return succeeds(outcomes.score, outcomes.trials, *trials)


def _first_success(success: Floats) -> tuple[Ints, list[str]]:
    n_models = success.shape[1]
    hit = success == 1
    first = np.where(hit.any(axis=1), hit.argmax(axis=1), n_models)
    cheaper = np.arange(n_models) < first[:, None]
    hangs = (np.isnan(success) & cheaper).any(axis=1)
    reason = np.where(hangs, np.where(first < n_models, "a cheaper outcome is unknown", "an outcome is unknown"), "")
    return np.where(hangs, UNKNOWN_LABEL, first), reason.tolist()


def strongest_rung(success: Floats, stands_for: Floats | None = None) -> int:
    """Rung of the model that succeeds most often where it is known; an outcome may stand for several."""
    return int(np.nanargmax(own_means(success, stands_for)))


def _rung_of_all_fail(choice: str, strongest: int | None, success: Floats, stands_for: Floats | None) -> int:
    """Label of the prompts that no model succeeds on, by the name of the choice."""
    if choice == "strongest":
        return strongest_rung(success, stands_for) if strongest is None else strongest
    labels: dict[str, int] = {"separate": success.shape[1], "drop": UNKNOWN_LABEL, "cheapest": 0}
    return labels[choice]


def _settle_all_fail(first: Ints, reason: list[str], n_models: int, label: int) -> tuple[Ints, list[str]]:
    all_fail = first == n_models
    if label == UNKNOWN_LABEL:
        reason = ["no model succeeds" if gone else why for gone, why in zip(all_fail, reason, strict=True)]
    return np.where(all_fail, label, first), reason
