from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.neighbors import NearestNeighbors

from pointsman_train.errors import ConfigError
from pointsman_train.featurize.layout import Block, Layout
from pointsman_train.train.neighbours import GRID, Neighbours, NeighboursConfig, NeighboursModel

LAYOUT = Layout((Block("embedding", ("x", "y"), dense=True),))


def on_circle(*degrees):
    angle = np.radians(degrees)
    return np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


def model_of(directions, successes, weight, k):
    return NeighboursModel(np.array([0, 1]), np.rint(directions * 2.0**20), successes, weight, k)


def test_margins_are_smoothed_rates_of_sklearns_nearest_neighbours(task, make_task):
    model = task.fit(Neighbours(NeighboursConfig()))
    fresh = make_task(200, seed=9).features
    columns = task.layout.columns("embedding")
    found = NearestNeighbors(n_neighbors=model.k, algorithm="brute", metric="cosine").fit(task.features[:, columns])
    nearest = found.kneighbors(fresh[:, columns], return_distance=False)
    cosine = np.einsum("nd,nkd->nk", fresh[:, columns], task.features[nearest][..., columns])
    assert cosine.min() > 0  # none is left out
    success = task.targets.success
    prior = (success.sum(axis=0) + 1) / (len(success) + 2)
    expected = (success[nearest].sum(axis=1) + prior) / (model.k + 1)
    np.testing.assert_allclose(expit(model.margins(fresh)), expected, atol=1e-12)


def test_two_neighbours_by_hand(exported):
    # Seen from 10 degrees: 0 and 30 are the nearest, then 90; 180 lies behind.
    successes, weight = (
        np.array([[3.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]),
        np.array([[4.0, 1.0], [0, 1], [1, 1], [1, 1]]),
    )
    model = model_of(on_circle(0, 30, 90, 180), successes, weight, k=2)
    prior = np.array([6 / 8, 3 / 6])
    np.testing.assert_allclose(model.prior, prior)
    expected = (np.array([3.0, 0.0]) + prior) / np.array([5.0, 3.0])  # the unknown outcome of 30 counts for nothing
    np.testing.assert_allclose(expit(model.margins(on_circle(10)))[0], expected)
    np.testing.assert_allclose(expit(exported(model, on_circle(10)))[0], expected)


def test_what_is_not_nearer_than_at_a_right_angle_is_left_out(exported):
    successes, weight = np.array([[1.0], [0.0], [0.0]]), np.ones((3, 1))
    model = model_of(on_circle(0, 90, 180), successes, weight, k=3)
    for asked, expected in ((on_circle(0), (1 + 0.4) / 2), (np.zeros((1, 2), np.float32), 0.4)):
        np.testing.assert_allclose(expit(model.margins(asked)), [[expected]])
        np.testing.assert_allclose(expit(exported(model, asked)), [[expected]])


def test_of_equally_near_prompts_the_first_are_read_in_the_graph_too(exported):
    rng = np.random.default_rng(0)
    corners = rng.normal(size=(5, 7))
    corners = (corners / np.linalg.norm(corners, axis=1, keepdims=True)).astype(np.float32)
    stored = corners[rng.integers(0, 5, 600)]
    successes = (rng.random((600, 2)) < 0.5).astype(float)
    model = NeighboursModel(np.arange(7), np.rint(stored.astype(float) * 2.0**20), successes, np.ones((600, 2)), k=20)
    first = [np.flatnonzero((stored == corner).all(axis=1))[:20] for corner in corners]
    expected = np.array([(successes[rows].sum(axis=0) + model.prior) / 21 for rows in first])
    np.testing.assert_allclose(expit(model.margins(corners)), expected)
    np.testing.assert_allclose(exported(model, corners), model.margins(corners), atol=1e-12)


def fitted(degrees, success, make_targets, **settings):
    return Neighbours(NeighboursConfig(**settings)).fit(on_circle(*degrees), make_targets(success), None, LAYOUT)


def test_few_neighbours_are_read_where_outcomes_change_fast_and_many_where_they_are_noise(make_targets):
    rng = np.random.default_rng(0)
    degrees = np.arange(400) * 0.2
    stripes = (np.arange(400) // 12 % 2).astype(float)[:, None]
    noise = (rng.random((400, 1)) < 0.5).astype(float)
    assert fitted(degrees, stripes, make_targets).k == GRID[0]
    assert fitted(degrees, noise, make_targets).k == GRID[-1]


def test_a_prompt_is_not_its_own_neighbour_when_their_number_is_chosen(make_targets):
    # Each prompt has the opposite outcome of the one next to it: itself would speak for few neighbours.
    degrees = np.repeat(np.arange(100) * 0.8, 2) + np.tile([0.0, 0.01], 100)
    success = np.tile([0.0, 1.0], 100)[:, None]
    assert fitted(degrees, success, make_targets).k > GRID[1]


def test_no_more_neighbours_are_read_than_there_are(make_targets):
    assert fitted([0.0], np.ones((1, 1)), make_targets).k == 1
    assert fitted([0.0, 1.0], np.ones((2, 1)), make_targets).k == 1
    assert fitted(np.arange(7.0), np.eye(7)[:, :1], make_targets).k == 5


def test_of_more_prompts_than_wanted_a_seeded_draw_is_kept(task):
    kept = [task.fit(Neighbours(NeighboursConfig(max_prompts=100, seed=seed))) for seed in (0, 0, 1)]
    assert [len(model.directions) for model in kept] == [100, 100, 100]
    np.testing.assert_array_equal(kept[0].directions, kept[1].directions)
    assert (kept[0].directions != kept[2].directions).any()
    # The outcomes are those of the prompts that were drawn.
    everything = task.fit(Neighbours(NeighboursConfig()))
    for direction, successes in zip(kept[0].directions[:5], kept[0].successes[:5], strict=True):
        row = np.flatnonzero((everything.directions == direction).all(axis=1))
        np.testing.assert_array_equal(task.targets.success[row], [successes])


def test_a_draw_of_prompts_is_enough_to_choose_the_number_of_neighbours(task):
    assert task.fit(Neighbours(NeighboursConfig(tuning_prompts=300))).k in GRID[3:]


def test_without_the_embedding_it_is_said_how_to_switch_it_on(task):
    layout = Layout(task.layout.blocks[:-1])
    expected = (
        "train.formulation=neighbours reads the feature block 'embedding', but the blocks are "
        "['surface', 'lexicon', 'words']; set train.features.embedding.columns=true"
    )
    with pytest.raises(ConfigError, match=re.escape(expected)):
        replace(task, layout=layout).fit(Neighbours(NeighboursConfig()))
