"""Whether fresh prompts are like those that a router was made from: the population stability index, PSI.

``PSI = sum over bins of (q - p) ln(q / p)`` with the shares p of the training and q of the fresh prompts, half a prompt
added to each bin. Of few prompts it is large by chance: the usual threshold of 0.1 alone cries wolf over a hundred
prompts. Here the threshold of a column is the one that prompts of the same kind exceed in 1 % of cases in any column at
all, found by drawing both samples anew from the reference. Of many prompts every difference shows, and some are no
drift: what the router has learnt of its training prompts, it says of them a little more surely than of fresh ones. So
the threshold is never below 0.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from pointsman_train.data import Floats, Ints
from pointsman_train.errors import ConfigError, DataError
from pointsman_train.evaluate.reference import Reference, effective_prompts

FALSE_ALARMS = 0.01
DRAWS = 2000
LEAST_PSI = 0.1
# Of fewer, only what is grossly different stands out from chance.
LEAST_PROMPTS = 30
_ADDED = 0.5
# Of prompts like n others, one in n + 1 is above the highest of these: an empty bin is drawn as if it held one.
_UNSEEN = 1.0


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column's index.

    Attributes
    ----------
    name
        As in the reference.
    psi
        Not negative; 0 where the shares are the same.
    threshold
        Above it, the column has drifted.
    """

    name: str
    psi: float
    threshold: float

    @property
    def drifted(self) -> bool:
        """Whether the index is above the threshold."""
        return self.psi > self.threshold


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found, the most drifted column first.

    Attributes
    ----------
    columns
        Every column of the reference, by falling ``psi / threshold``.
    prompts, effective
        Fresh prompts, and independent ones that they are worth.
    """

    columns: tuple[ColumnDrift, ...]
    prompts: int
    effective: float

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """The columns above their thresholds."""
        return tuple(column for column in self.columns if column.drifted)

    @property
    def verdict(self) -> str:
        """Say in words what was found."""
        if not self.drifted and self.effective < LEAST_PROMPTS:
            return (
                f"Cannot tell: {self.prompts} prompts, less what is near-duplicate, are worth {self.effective:.0f} "
                f"independent ones, and {LEAST_PROMPTS} are the least that drift shows in; give more of them."
            )
        if not self.drifted:
            return (
                f"No drift: {self.prompts} prompts look like the training prompts in all {len(self.columns)} columns."
            )
        worst = ", ".join(f"{column.name} (PSI {column.psi:.2f})" for column in self.drifted[:3])
        return (
            f"Drift in {len(self.drifted)} of {len(self.columns)} columns over {self.prompts} prompts, "
            f"most in {worst}. Judge the router on outcomes of such prompts before trusting it on them."
        )


def measure_drift(
    reference: Reference,
    columns: Mapping[str, NDArray[np.generic]],
    rng: np.random.Generator,
    group: Ints | None = None,
    draws: int = DRAWS,
    least: float = LEAST_PSI,
) -> Drift:
    """Compare fresh prompts with the reference.

    Columns are taken as independent when the threshold is found, and counted for what near-duplicates are worth. Where
    columns rise and fall together, false alarms are rarer than 1 %.

    Parameters
    ----------
    reference
        From :func:`~pointsman_train.evaluate.reference.reference_of`.
    columns
        From :func:`~pointsman_train.evaluate.reference.columns_of`, of the fresh prompts.
    rng
        For the draws behind the threshold.
    group
        ndarray of shape (n_prompts,), near-duplicates among the fresh prompts; None where each counts in full.
    draws
        Pairs of samples drawn.
    least
        Smallest threshold, for what is real but too small to matter.

    Raises
    ------
    DataError
        When a column of the reference is missing, or there is no fresh prompt.
    ConfigError
        When there are too few draws to find a threshold that 1 % exceed.
    """
    if draws < 1 / FALSE_ALARMS:
        raise ConfigError(f"draws is {draws!r}, expected {1 / FALSE_ALARMS:.0f} or more")
    missing = [name for name in reference.columns if name not in columns]
    if missing:
        raise DataError(f"no values for {missing!r}, which the reference has; compare with the router's own features")
    prompts = len(next(iter(columns.values())))
    if prompts == 0:
        raise DataError("there is no prompt to compare with the reference; give some")
    effective = float(prompts) if group is None else effective_prompts(group)
    found = _compared(reference, columns, effective, rng, draws)
    rows = [ColumnDrift(row.name, row.psi, max(row.threshold, least)) for row in found]
    return Drift(tuple(sorted(rows, key=lambda row: row.psi / row.threshold, reverse=True)), prompts, effective)


def psi(p: Floats, q: Floats) -> Floats:
    """Compute the population stability index of shares over the last axis, none of them 0.

    Examples
    --------
    >>> psi(np.array([0.5, 0.5]), np.array([0.5, 0.5])).tolist()
    0.0
    >>> psi(np.array([0.2, 0.8]), np.array([0.8, 0.2])).round(3).tolist()
    1.664
    """
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def _compared(
    reference: Reference,
    columns: Mapping[str, NDArray[np.generic]],
    effective: float,
    rng: np.random.Generator,
    draws: int,
) -> list[ColumnDrift]:
    """Compare every column, with the threshold that chance alone asks for."""
    found, scales, worst = [], [], np.zeros(draws)
    for name, histogram in reference.columns.items():
        counts, fresh = np.array(histogram.counts, np.float64), histogram.count(columns[name])
        p, q = _shares(counts, reference.effective), _shares(fresh, effective)
        drawn_from = _shares(counts, reference.effective, _UNSEEN)
        scale = float(chi2.ppf(1 - FALSE_ALARMS, len(p) - 1)) * (1 / reference.effective + 1 / effective)
        worst = np.maximum(worst, _drawn(drawn_from, reference.effective, effective, rng, draws) / scale)
        found.append(float(psi(p, q)))
        scales.append(scale)
    limit = float(np.quantile(worst, 1 - FALSE_ALARMS))
    rows = zip(reference.columns, found, scales, strict=True)
    return [ColumnDrift(name, value, limit * scale) for name, value, scale in rows]


def _drawn(p: Floats, n: float, m: float, rng: np.random.Generator, draws: int) -> Floats:
    """Draw indices of pairs of samples of n and m prompts from the same shares."""
    samples = [rng.multinomial(max(1, round(size)), p, size=draws) for size in (n, m)]
    one, other = (_shares(sample, size) for sample, size in zip(samples, (n, m), strict=True))
    return psi(one, other)


def _shares(counts: Floats | Ints, effective: float, added: float = _ADDED) -> Floats:
    """Shares of the bins, as of so many prompts, with something added to each."""
    share = counts / counts.sum(axis=-1, keepdims=True)
    return np.asarray((share * effective + added) / (effective + added * share.shape[-1]))
