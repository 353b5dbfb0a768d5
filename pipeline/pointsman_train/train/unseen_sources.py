"""What the router does with prompts of a source that it was not trained on, told from the training prompts alone.

Whole sources are put aside in turn, featurizer and heads are fitted on the others, and the calibration is the one that
will be served. A setting that keeps its word on prompts like the training prompts can lose several times as much here,
silently: so operating points look at both.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from pointsman_train.data import Ints
from pointsman_train.featurize.blocks import FeaturesConfig
from pointsman_train.featurize.fit import Featurize, Taught
from pointsman_train.featurize.ground import Ground
from pointsman_train.split.sampling import sample_groups
from pointsman_train.split.sources import deal_sources
from pointsman_train.train.both_heads import BothHeads
from pointsman_train.train.fill import filled_scores
from pointsman_train.train.fitting import FittedHeads, label_probabilities
from pointsman_train.train.rows import Rows
from pointsman_train.train.rules import Evidence

log = logging.getLogger(__name__)

# With less than this outside the largest source, what is learned without it says nothing of a router that knows it.
_LEAST_SHARE = 0.2
# Two figures are read off these predictions, a mean score and a mean cost: with so many prompts to .004 or so.
_MOST_PROMPTS = 10_000


def unseen_sources(
    heads: BothHeads,
    found: FittedHeads,
    rows: Rows,
    taught: Taught,
    config: FeaturesConfig,
    featurize: Featurize,
    known: Evidence,
    ground: Ground | None,
) -> Evidence | None:
    """Predict training prompts by heads that saw nothing of their source: all, or 10,000 that are drawn.

    Parameters
    ----------
    heads, found
        How heads are fitted, and those that will be served, with their calibration.
    rows
        The training prompts that were asked.
    taught
        What the served featurizer learned from: its models, and how many folds there are.
    known
        What is known of the router otherwise: costs and the best single model.
    ground
        What was learned of all training prompts alone, used where all are taken; None where it was not kept.

    Returns
    -------
    Evidence or None
        None where there are no two sources to speak of.
    """
    drawn = sample_groups(rows.group, np.ones(len(rows.group), bool), _MOST_PROMPTS, seed=0)
    rows, labels = rows.take(drawn), found.labels.take(drawn)
    fold = source_folds(rows.source, rows.group, int(taught.fold.max()) + 1)
    if fold is None:
        return None
    log.info("predicting sources left out, %d folds", int(fold.max()) + 1)
    fitted = featurize(rows.prompt, rows.taught(taught.models, fold), config, ground if drawn.all() else None)
    margins = heads.success_out_of_fold(fitted.features, rows.targets, fold)
    p_success = found.success_calibration.success_probability(margins)
    label_margins = heads.complexity_out_of_fold(fitted.features, labels, fold)
    return Evidence(
        p_success=p_success,
        score=filled_scores(rows.score, rows.targets.success, p_success, rows.targets.stands_for),
        mean_cost=known.mean_cost,
        anchor=known.anchor,
        similarity=None if fitted.ground is None else fitted.ground.similarity_out_of_fold(fold, config.familiarity),
        p_label=label_probabilities(found.label_calibration, label_margins, heads.classes, rows.score.shape[1]),
    )


def source_folds(source: Sequence[str], group: Ints, folds: int) -> Ints | None:
    """Deal whole sources into folds of about the same number of prompts, the largest source first.

    A group of near-duplicates goes with the source of its first prompt.

    Parameters
    ----------
    folds
        As many, or one a source where there are fewer.

    Returns
    -------
    ndarray of shape (n_prompts,) or None
        None with a single source, or where one has more than four fifths of the prompts.

    Examples
    --------
    >>> source_folds(["a", "a", "a", "b", "b", "c"], np.arange(6), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    >>> source_folds(["a", "a"], np.arange(2), 2) is None
    True
    """
    _, first, member = np.unique(group, return_index=True, return_inverse=True)
    of_prompt = np.asarray(source, dtype=object).astype(str)[first][member]
    _, counts = np.unique(of_prompt, return_counts=True)
    if len(counts) < 2 or counts.max() > (1 - _LEAST_SHARE) * len(of_prompt):
        return None
    fold = {name: k for k, names in enumerate(deal_sources(of_prompt.tolist(), folds)) for name in names}
    return np.array([fold[name] for name in of_prompt.tolist()], np.int64)
