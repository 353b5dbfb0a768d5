"""Labels of prompts that hang on outcomes which nobody knows.

A model that was asked few prompts leaves most prompts that need it without a label, while those that a cheaper model
solves keep theirs. What is learned from the labelled ones alone then takes prompts for easier than they are. So a
prompt without a label counts for each label that it may have, as likely as the success model says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import UNKNOWN_LABEL, Bools, Floats, Ints
from pointsman_train.label.partial import partly_known
from pointsman_train.train.success import Targets

# A less likely label of a prompt is not worth a row of its own.
_LEAST = 0.02


@dataclass(frozen=True, slots=True)
class WeighedLabels:
    """Pairs of a prompt and a label that it has or may have.

    Attributes
    ----------
    row
        ndarray of shape (n_pairs,), positions of the prompts, ascending.
    label
        ndarray of shape (n_pairs,), positions among the classes.
    weight
        ndarray of shape (n_pairs,), probability of the label, or how many prompts with its label a prompt stands for.
    group
        ndarray of shape (n_pairs,), near-duplicate group of the prompt.
    """

    row: Ints
    label: Ints
    weight: Floats
    group: Ints

    def take(self, rows: Bools) -> WeighedLabels:
        """Return the pairs of these prompts, counted anew."""
        kept = rows[self.row]
        position = np.cumsum(rows) - 1
        return WeighedLabels(position[self.row[kept]], self.label[kept], self.weight[kept], self.group[kept])


def weigh_labels(targets: Targets, p_success: Floats | None, classes: tuple[int, ...]) -> WeighedLabels:
    """List the labels of prompts: the known one, or each that is possible.

    Where every model is well known, a prompt without a label is left out, as one that was cut off or lost is.

    Parameters
    ----------
    p_success
        ndarray of shape (n_prompts, n_models), calibrated, for prompts that the success model was not fitted on. None
        leaves every prompt without a label out.
    classes
        Labels to tell apart, ascending; others are left out.
    """
    if p_success is None or not partly_known(targets.known).any():
        row = np.flatnonzero(np.isin(targets.label, classes))
        label = np.searchsorted(classes, targets.label[row])
        return WeighedLabels(row, label, targets.label_weight[row], targets.groups[row])
    shares = label_shares(targets, p_success)[:, list(classes)]
    row, label = np.nonzero(shares > _LEAST)
    return WeighedLabels(row, label, shares[row, label], targets.groups[row])


def label_shares(targets: Targets, p_success: Floats) -> Floats:
    """Probability of each label, ndarray of shape (n_prompts, n_models + 1); parameters as :func:`weigh_labels`.

    Where prompts that no model succeeds on have no label, by ``label.all_fail``, the rows sum to less than 1.

    Examples
    --------
    >>> success = np.array([[1.0, 0.0], [0.0, np.nan]])
    >>> targets = Targets(success, success, np.ones((2, 2), int), np.array([0, -1]))
    >>> label_shares(targets, np.full((2, 2), 0.75)).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.75, 0.25]]
    """
    n, n_models = targets.success.shape
    succeeds = np.where(targets.known, targets.success, p_success)
    none_cheaper = np.cumprod(np.column_stack([np.ones(n), 1 - succeeds]), axis=1)
    shares = none_cheaper * np.column_stack([succeeds, np.ones(n)])
    fails = (targets.success == 0).all(axis=1)
    all_fail = int(targets.label[fails][0]) if fails.any() else n_models
    if all_fail != n_models:
        shares[:, all_fail] += shares[:, n_models] if all_fail != UNKNOWN_LABEL else 0.0
        shares[:, n_models] = 0.0
    return np.asarray(shares)
