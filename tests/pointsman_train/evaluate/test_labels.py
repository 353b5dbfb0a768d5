from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.evaluate.labels import balanced_accuracy, label_figures

TWICE = np.ones((2, 6), dtype=np.float32)


def _named(*labels):
    return np.eye(4)[list(labels)] * 0.7 + 0.05


def test_every_figure_of_the_hand_made_case(hand):
    # Labels are 0 1 2 3 0 1. Right on prompts 0, 1 and 3; off by 2, 2 and 1 on the others.
    figures = label_figures(hand, _named(0, 1, 0, 3, 2, 0), TWICE)

    assert {name: figure.value for name, figure in figures.items()} == pytest.approx(
        {
            "label_accuracy": 3 / 6,
            "label_rung_distance": 5 / 6,
            "label_balanced_accuracy": (1 / 2 + 1 / 2 + 0 + 1) / 4,
            "boundary_label_accuracy": 1 / 3,
            "boundary_label_rung_distance": 3 / 3,
            "boundary_label_balanced_accuracy": (1 / 2 + 0) / 2,
        }
    )
    assert figures["label_accuracy"].n == 6
    assert figures["boundary_label_balanced_accuracy"].n == 3


def test_without_boundary_prompts_the_boundary_figures_are_undefined(hand):
    easy = replace(hand, score=np.ones((6, 3)), success=np.ones((6, 3), bool), label=np.zeros(6, int))
    figures = label_figures(easy, _named(0, 0, 0, 0, 0, 0), TWICE)

    assert figures["label_accuracy"].value == 1.0
    for name in (
        "boundary_label_accuracy",
        "boundary_label_rung_distance",
        "boundary_label_balanced_accuracy",
    ):
        assert np.isnan(figures[name].value)
        assert figures[name].n == 0


def test_a_label_that_a_resample_misses_is_left_out_of_its_mean():
    label, named = np.array([0, 0, 1]), np.array([0, 1, 1])
    weights = np.array([[1, 1, 1], [2, 1, 0]], dtype=np.float32)
    values = balanced_accuracy(label, named, np.ones(3, dtype=bool), weights)

    assert values == pytest.approx([(1 / 2 + 1) / 2, 2 / 3])


def test_tied_labels_are_named_by_the_cheaper(hand):
    figures = label_figures(hand, np.full((6, 4), 0.25), TWICE)

    assert figures["label_accuracy"].value == pytest.approx(2 / 6)
