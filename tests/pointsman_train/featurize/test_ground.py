from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pointsman_train.featurize.blocks import CodebookConfig, EmbeddingConfig, FeaturesConfig, VectorsConfig
from pointsman_train.featurize.clusters import cluster
from pointsman_train.featurize.fit import Taught, fit_featurizer
from pointsman_train.featurize.ground import _sparse, learn_ground

PROMPTS = [f"{word} number {n} of {n % 7}" for n in range(40) for word in ("alpha", "beta", "gamma")]


@pytest.fixture
def outcomes():
    return np.random.default_rng(0).integers(0, 2, (len(PROMPTS), 2)).astype(float)


def taught(outcomes, folds):
    return Taught(("small", "large"), outcomes, [""] * len(PROMPTS), np.arange(len(PROMPTS)) % folds)


@pytest.mark.parametrize("dimensions", [0, 8])
def test_a_fit_on_other_folds_that_shares_the_ground_is_the_fit_that_learns_its_own(outcomes, dimensions):
    blocks = {"vectors": VectorsConfig(enabled=True), "codebook": CodebookConfig(enabled=True)} if dimensions else {}
    config = FeaturesConfig(embedding=EmbeddingConfig(dimensions=dimensions), **blocks)
    ground = fit_featurizer(PROMPTS, taught(outcomes, 3), config).ground
    alone, shared = (fit_featurizer(PROMPTS, taught(outcomes, 4), config, one) for one in (None, ground))
    np.testing.assert_array_equal(alone.features, shared.features)
    for one in ("similarity", "unseen_similarity"):
        np.testing.assert_array_equal(getattr(alone, one), getattr(shared, one))
    assert alone.featurizer.graph().SerializeToString() == shared.featurizer.graph().SerializeToString()


def test_what_is_drawn_to_learn_from_leaves_no_ground_for_the_others(outcomes):
    drawn = np.arange(len(PROMPTS)) % 2 == 0
    source, fold = [""] * len(PROMPTS), np.arange(len(PROMPTS)) % 3
    assert fit_featurizer(PROMPTS, Taught(("a", "b"), outcomes, source, fold, drawn), FeaturesConfig()).ground is None


def test_a_prompt_is_less_familiar_to_prompts_of_other_subjects_than_to_any():
    subjects = ("red green blue pink black", "sum product root power limit", "bread butter milk cheese salt")
    rng = np.random.default_rng(0)
    prompts = [" ".join(rng.permutation(subjects[n % 3].split())[:3]) for n in range(150)]
    config = FeaturesConfig()
    ground = learn_ground(prompts, config)
    by_subject = ground.similarity_out_of_fold(np.arange(150) % 3, config.familiarity)
    mixed = ground.similarity_out_of_fold(np.arange(150) // 3 % 3, config.familiarity)
    assert by_subject.mean() < mixed.mean() - 0.2


def test_without_an_embedding_nothing_is_known_of_familiarity():
    config = FeaturesConfig(embedding=EmbeddingConfig(dimensions=0))
    ground = learn_ground(PROMPTS, config)
    assert ground.embedded is None
    assert ground.similarity_without(np.arange(len(PROMPTS)) < 9, config.familiarity) is None
    assert ground.similarity_out_of_fold(np.arange(len(PROMPTS)) % 3, config.familiarity) is None


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.sampled_from([0.0, 1.0, 2.5])))
def test_a_dense_array_is_kept_where_it_is_not_0(dense):
    found, expected = _sparse(dense), sp.csr_array(dense)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))


def test_the_centres_of_very_many_points_are_theirs():
    rng = np.random.default_rng(0)
    points = np.repeat([[0.0, 5.0], [5.0, 0.0]], 15_000, axis=0) + rng.normal(0, 0.1, (30_000, 2))
    centres = cluster(points, 2, seed=0)
    np.testing.assert_allclose(centres[np.argsort(centres[:, 0])], [[0, 5], [5, 0]], atol=0.05)
    np.testing.assert_array_equal(centres, cluster(points, 2, seed=0))
