from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.featurize.run import open_session, run
from pointsman_train.featurize.surface import SURFACE_NAMES, add_surface
from pointsman_train.featurize.window import add_window
from pointsman_train.graph import FLOAT, STRING, GraphBuilder
from pointsman_train.train.cohort import LEVELS, Cohort, CohortConfig, cohort_of, edge_sums, shrunk_rates

LAYOUT = Layout((Block("surface", SURFACE_NAMES),))
TEXTS = {
    "short": "Who wrote Emma?",
    "long": "word " * 60,
    "code": "Fix this:\n```\ndef f(a_b):\n    return {}\n```",
    "maths": r"Solve $x^2 + \frac{1}{2} = 3$.",
    "choice": "Pick one:\nA. red\nB. blue\nC. green",
    "non_ascii": "Qui a écrit Emma ?",
}


def surface(*texts):
    g = GraphBuilder()
    g.alias(add_surface(g, add_window(g, "prompt")), "features")
    session = open_session(g.model({"prompt": (STRING, ["N"])}, {"features": (FLOAT, ["N", "F"])}))
    return run(session, texts, ["features"])[0]


def levels(*texts):
    return [np.unravel_index(c, LEVELS) for c in cohort_of(surface(*texts), edge_sums(LAYOUT))]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("short", (0, 0, 0, 0, 0)),
        ("long", (3, 0, 0, 0, 0)),
        ("code", (0, 1, 0, 0, 0)),
        ("maths", (0, 0, 1, 0, 0)),
        ("choice", (0, 0, 0, 1, 0)),
        ("non_ascii", (0, 0, 0, 0, 1)),
    ],
)
def test_a_prompt_falls_into_its_cohort(kind, expected):
    assert levels(TEXTS[kind])[0] == expected


def test_lengths_fall_into_buckets_at_their_edges():
    # The featurizer ends every text with a line break, which counts.
    texts = ["a" * (n - 1) for n in (1, 74, 75, 149, 150, 299, 300, 899, 900)]
    assert [int(found[0]) for found in levels(*texts)] == [0, 0, 1, 1, 2, 2, 3, 3, 4]


def test_rates_are_shrunk_to_the_parents_step_by_step():
    # Two factors with two levels each, one model.
    answers = np.array([[[6.0], [2.0]], [[2.0], [0.0]]])
    successes = np.array([[[6.0], [0.0]], [[1.0], [0.0]]])
    root = (7 + 1) / (10 + 2)
    first = (6 + 4 * root) / (8 + 4), (1 + 4 * root) / (2 + 4)
    expected = [
        [(6 + 4 * first[0]) / (6 + 4), (0 + 4 * first[0]) / (2 + 4)],
        [(1 + 4 * first[1]) / (2 + 4), first[1]],
    ]
    np.testing.assert_allclose(shrunk_rates(successes, answers, 4.0)[..., 0], expected)


def test_a_fitted_table_by_hand(make_targets, exported):
    x = surface(TEXTS["short"], TEXTS["short"], TEXTS["short"], TEXTS["code"])
    success = np.array([[1.0, 0.0], [1.0, np.nan], [0.0, 0.0], [0.0, 1.0]])
    model = Cohort(CohortConfig(strength=2.0)).fit(x, make_targets(success), None, LAYOUT)

    def rate(root, *steps):
        for successes, answers in steps:
            root = (successes + 2 * root) / (answers + 2)
        return root

    # Of all, of the short ones (all are), then of the short ones without code, and so on down.
    short = [rate((2 + 1) / (4 + 2), (2, 4), *[(2, 3)] * 4), rate((1 + 1) / (3 + 2), (1, 3), *[(0, 2)] * 4)]
    code = [rate((2 + 1) / (4 + 2), (2, 4), *[(0, 1)] * 4), rate((1 + 1) / (3 + 2), (1, 3), *[(1, 1)] * 4)]
    np.testing.assert_allclose(expit(model.margins(x[[0, 3]])), [short, code])
    np.testing.assert_array_equal(exported(model, x), model.margins(x))


def test_a_cohort_never_seen_has_the_rate_of_its_nearest_kin(make_targets):
    x = surface(TEXTS["short"], TEXTS["long"])
    model = Cohort(CohortConfig(strength=1.0)).fit(x, make_targets(np.array([[1.0], [0.0]])), None, LAYOUT)
    # Short and non-ASCII: as short ones, of which one of one succeeded; root 1/2, then (1 + 1/2) / 2 and so on.
    p = 0.5
    for _ in range(4):
        p = (1 + p) / 2
    assert expit(model.margins(surface(TEXTS["non_ascii"])))[0, 0] == pytest.approx(p)


def test_more_strength_pulls_more():
    answers, successes = np.array([[10.0], [10.0]]), np.array([[10.0], [0.0]])
    gaps = [np.ptp(shrunk_rates(successes, answers, strength)) for strength in (1.0, 10.0, 100.0)]
    np.testing.assert_allclose(gaps, [10 / 11, 10 / 20, 10 / 110])


def test_answers_count_by_their_trials(task, make_targets):
    one = make_targets(np.array([[0.75], [0.0]]))
    several = replace(one, success=np.array([[1.0], [0.0]]), trials=np.array([[4], [1]]))
    x = surface(TEXTS["short"], TEXTS["short"])
    p = expit(Cohort(CohortConfig(1e-9)).fit(x, several, None, LAYOUT).margins(x))
    np.testing.assert_allclose(p, 3 / 5, atol=1e-6)
