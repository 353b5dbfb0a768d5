"""Which way each figure is good."""

from __future__ import annotations

import re

from pointsman_train.errors import ConfigError

HIGHER, LOWER, NEITHER = 1, -1, 0

_HIGHER = """
quality success_rate quality_gain quality_share cost_saving pgr
boundary_accuracy boundary_exact score_boundary_accuracy score_boundary_exact
aiq hull_gain cs95 cs90 cs80 cost_save_at_best_single performance_gain_at_best_single apgr apgr_binned
auc_macro auc label_accuracy label_balanced_accuracy boundary_label_accuracy boundary_label_balanced_accuracy
score_boundary_label_accuracy score_boundary_label_balanced_accuracy
robustness robustness_case robustness_whitespace robustness_typos robustness_polite_prefix robustness_irrelevant_suffix
"""
_LOWER = """
cost_usd dearest_cost_share under_routing_rate over_routing_rate
under_routing_cost_lost_usd under_routing_score_lost over_routing_cost_lost_usd over_routing_score_lost
score_lost cost_lost_usd regret oracle_gap cpt50 cpt80 cpt50_binned cpt80_binned
brier log_loss ece label_rung_distance boundary_label_rung_distance score_boundary_label_rung_distance
"""
# What describes the test set or the choice, and what is best at 0.
_NEITHER = """
dearest_share dearest_share_max boundary_share score_boundary_share aiq_zero aiq_oracle unfamiliar_share overconfidence
"""
_DIRECTIONS = {
    name: direction
    for names, direction in ((_HIGHER, HIGHER), (_LOWER, LOWER), (_NEITHER, NEITHER))
    for name in names.split()
}
_VARIANT = re.compile(r"(_half_cost|_rung_\d+)$")


def direction(name: str) -> int:
    """Say whether a figure is good when it is high (1), low (-1) or neither (0).

    Parameters
    ----------
    name
        As in :mod:`pointsman_train.evaluate.figures`, with or without its ending for half cost or for a rung.

    Raises
    ------
    ConfigError
        For a name that no figure has.

    Examples
    --------
    >>> direction("boundary_accuracy_half_cost"), direction("brier_rung_2"), direction("dearest_share")
    (1, -1, 0)
    """
    base = _VARIANT.sub("", name)
    if base not in _DIRECTIONS:
        raise ConfigError(f"{name!r} is not a figure that can be compared, expected one of {sorted(_DIRECTIONS)!r}")
    return _DIRECTIONS[base]
