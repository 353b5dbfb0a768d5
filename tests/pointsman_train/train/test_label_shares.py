from __future__ import annotations

import numpy as np

from pointsman_train.train.label_shares import label_shares, weigh_labels
from pointsman_train.train.success import Targets

NAN = np.nan


def targets(success, label):
    return Targets(success, success, np.where(np.isnan(success), 0, 1), np.array(label))


def test_where_every_model_is_well_known_a_prompt_without_a_label_is_left_out():
    success = np.array([[1.0, 1.0], [0.0, NAN], [0.0, 1.0]])
    found = weigh_labels(targets(success, [0, -1, 1]), np.full((3, 2), 0.5), (0, 1))
    assert (found.row.tolist(), found.label.tolist(), found.weight.tolist()) == ([0, 2], [0, 1], [1.0, 1.0])


def test_a_label_that_hangs_on_a_model_that_was_asked_little_counts_as_likely_as_it_is():
    success = np.array([[1.0, 0.0], [0.0, 1.0], *[[0.0, NAN]] * 3, [1.0, NAN]])
    given = targets(success, [0, 1, -1, -1, -1, 0])
    p = np.column_stack([np.zeros(6), [0.5, 0.5, 0.75, 0.0, 1.0, 0.5]])
    found = weigh_labels(given, p, (0, 1, 2))
    pairs = list(zip(found.row.tolist(), found.label.tolist(), found.weight.tolist(), strict=True))
    assert pairs == [(0, 0, 1.0), (1, 1, 1.0), (2, 1, 0.75), (2, 2, 0.25), (3, 2, 1.0), (4, 1, 1.0), (5, 0, 1.0)]


def test_rows_of_some_prompts_are_counted_anew():
    success = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    found = weigh_labels(targets(success, [0, 1, 2]), None, (0, 1, 2)).take(np.array([False, True, True]))
    assert (found.row.tolist(), found.label.tolist()) == ([0, 1], [1, 2])


def test_prompts_that_no_model_solves_go_where_the_settings_send_them():
    success = np.array([[0.0, 0.0], [1.0, 0.0], *[[0.0, NAN]] * 3])
    p = np.full((5, 2), 0.25)
    cheapest, dropped = (label_shares(targets(success, [fails, 0, -1, -1, -1]), p) for fails in (0, -1))
    assert cheapest[2].tolist() == [0.75, 0.25, 0.0]
    assert dropped[2].tolist() == [0.0, 0.25, 0.0]
