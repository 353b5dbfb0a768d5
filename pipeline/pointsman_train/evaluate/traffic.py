"""Prompts as they arrive, without outcomes: whether they are like those a router was made from, and where they go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pointsman.graph import Predictions
from pointsman_train.data import Bools, Floats, Ints
from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.bootstrap import Estimate, resample_weights
from pointsman_train.evaluate.drift import DRAWS, FALSE_ALARMS, LEAST_PSI, Drift, measure_drift
from pointsman_train.evaluate.figures import flatten
from pointsman_train.evaluate.ratio import estimate_ratios, mean, of_few_cases, trials_behind
from pointsman_train.evaluate.reference import CHOSEN, Histogram, Reference, columns_of, reference_of
from pointsman_train.evaluate.stage import EvaluateConfig, Judged

# No model of a ladder is called so.
_UNFAMILIAR = "\0unfamiliar"


@dataclass(slots=True)
class DriftConfig:
    """When prompts are said to have drifted.

    Attributes
    ----------
    draws
        Pairs of samples drawn behind the threshold.
    least_psi
        Smallest threshold of the population stability index, for what is real but too small to matter.
    """

    draws: int = DRAWS
    least_psi: float = LEAST_PSI

    def check(self) -> None:
        """Raise :class:`ConfigError` for too few draws, or a threshold below 0."""
        if self.draws < 1 / FALSE_ALARMS:
            raise ConfigError(f"drift.draws must be at least {1 / FALSE_ALARMS:.0f}, got {self.draws!r}")
        if not self.least_psi >= 0:
            raise ConfigError(f"drift.least_psi must not be negative, got {self.least_psi!r}")


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the prompts: among the training prompts, and among those that arrive."""

    training: float
    arriving: Estimate


@dataclass(frozen=True, slots=True)
class Traffic:
    """What prompts without outcomes tell.

    Attributes
    ----------
    drift
        Of features, probabilities and choices, column by column.
    shares
        By column, ndarray of shape (2, n_bins): shares of the training prompts and of these in the same bins.
    mix
        By model, the share that it would get at the default operating point, as served.
    unfamiliar
        Share on which the guard fires; None where there is no guard.
    left_out
        Prompts that were null or blank.
    """

    drift: Drift
    shares: Mapping[str, Floats]
    mix: Mapping[str, Share]
    unfamiliar: Estimate | None
    left_out: int = 0

    def metrics(self) -> dict[str, float]:
        """Return what goes to ``metrics.json`` and MLflow, under flat names."""
        drift = self.drift
        flat = {
            "drift/prompts": float(drift.prompts),
            "drift/prompts_left_out": float(self.left_out),
            "drift/columns": float(len(drift.columns)),
            "drift/columns_drifted": float(len(drift.drifted)),
            "drift/worst_psi": max(column.psi for column in drift.columns),
        }
        flat |= flatten("drift/chosen", {model: share.arriving for model, share in self.mix.items()})
        if self.unfamiliar is not None:
            flat |= flatten("drift", {"unfamiliar_share": self.unfamiliar})
        return flat | {f"drift/psi/{column.name}": column.psi for column in drift.columns}


@dataclass(frozen=True, slots=True)
class Seen:
    """Prompts as a router sees them.

    Attributes
    ----------
    columns
        All that is watched, from :func:`~pointsman_train.evaluate.reference.columns_of`.
    judged
        Its probabilities and how it decides.
    models
        The ladder.
    group
        ndarray of shape (n_prompts,), near-duplicates.
    """

    columns: Mapping[str, NDArray[np.generic]]
    judged: Judged
    models: tuple[str, ...]
    group: Ints

    @property
    def reference(self) -> Reference:
        """The reference statistics, where these are the training prompts."""
        return reference_of(self.columns, len(self.models), self.group)


def seen_by(found: Predictions, judged: Judged, names: tuple[str, ...], models: tuple[str, ...], group: Ints) -> Seen:
    """Put together what a router sees of prompts.

    Parameters
    ----------
    found, judged
        What the exported graph says of them, and how it decides. Of the training prompts as well: what training itself
        saw is out of fold, which is another distribution.
    names, models
        Of the features, and of the ladder.
    group
        ndarray of shape (n_prompts,), near-duplicates.
    """
    return Seen(columns_of(found.features, names, found.p_success, models, judged.chosen()), judged, models, group)


def look_at(
    reference: Reference, seen: Seen, config: DriftConfig, settings: EvaluateConfig, left_out: int = 0
) -> Traffic:
    """Compare prompts with those that a router was made from.

    Parameters
    ----------
    reference
        Of the training prompts: :attr:`Seen.reference`, or from a manifest.
    seen
        The prompts that arrive.
    settings
        Seed and number of the resamples behind the intervals of shares.
    left_out
        Prompts that were null or blank.

    Raises
    ------
    ConfigError
        For a setting out of range.
    DataError
        When a column of the reference is missing, or there is no prompt.
    """
    config.check()
    rng = np.random.default_rng(settings.seed)
    drift = measure_drift(reference, seen.columns, rng, seen.group, config.draws, config.least_psi)
    shares = {name: _shares(one, seen.columns[name]) for name, one in reference.columns.items()}
    told = _told(seen)
    weights = resample_weights(seen.group, rng, settings.resamples)
    estimates = estimate_ratios({name: mean(values.astype(np.float64)) for name, values in told.items()}, weights)
    trials = trials_behind(mean(np.ones(len(seen.group))), seen.group)
    found = {name: of_few_cases(one, trials) for name, one in estimates.items()}
    mix = {model: Share(float(shares[CHOSEN][0, rung]), found[model]) for rung, model in enumerate(seen.models)}
    return Traffic(drift, shares, mix, found.get(_UNFAMILIAR), left_out)


def _shares(one: Histogram, arriving: NDArray[np.generic]) -> Floats:
    counts = np.array([one.counts, one.count(arriving)], np.float64)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _told(seen: Seen) -> dict[str, Bools]:
    """Whether each prompt goes to each model, and whether the guard fires."""
    judged, chosen = seen.judged, seen.judged.chosen()
    told = {model: np.asarray(chosen == rung) for rung, model in enumerate(seen.models)}
    if judged.guard is not None and judged.similarity is not None:
        told[_UNFAMILIAR] = judged.guard.unfamiliar(judged.similarity)
    return told
