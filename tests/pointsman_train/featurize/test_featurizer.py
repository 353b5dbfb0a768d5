from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.text import sanitise
from pointsman_train.export.probes import EDGE, ORDINARY
from pointsman_train.featurize.featurizer import fit_featurizer
from pointsman_train.featurize.lexicon import LEXICON
from pointsman_train.featurize.run import open_session, run
from pointsman_train.featurize.stack import WordsConfig
from pointsman_train.featurize.surface import SURFACE_NAMES
from pointsman_train.featurize.words import LEXICON_NAMES
from pointsman_train.graph import FLOAT, STRING, GraphBuilder

N_BEFORE = len(SURFACE_NAMES) + len(LEXICON_NAMES)


def memorised(n=40):
    """Prompts of which each pair shares a word of its own, that alone tells the outcome; fold 0 holds both."""
    prompts = [f"word{chr(97 + i // 2 % 26)}{chr(97 + i // 52)} is here" for i in range(n)]
    success = np.repeat(np.arange(n // 2) % 2, 2)[:, None].astype(float)
    return prompts, success


@pytest.fixture(scope="module")
def session(trained):
    g = GraphBuilder()
    g.alias(trained.router.featurizer.add(g, "prompt"), "features")
    return open_session(g.model({"prompt": (STRING, ["N"])}, {"features": (FLOAT, ["N", "F"])}))


def test_features_are_surface_then_lexicon_then_a_score_for_each_model(trained):
    names = trained.router.featurizer.names
    assert names[:N_BEFORE] == (*SURFACE_NAMES, *LEXICON_NAMES)
    assert names[N_BEFORE:] == tuple(f"score_{model}" for model in trained.router.models)
    assert trained.router.features.shape[1] == len(names) == len(set(names))
    assert trained.router.features.dtype == np.float32
    assert np.isfinite(trained.router.features).all()


def test_a_rows_training_score_comes_from_a_fit_that_did_not_see_it():
    prompts, success = memorised()
    same_fold = np.repeat(np.arange(len(prompts) // 2) // 2 % 5, 2)
    config = WordsConfig(min_df=2, strength=100.0)
    apart = fit_featurizer(prompts, ("m",), success, same_fold, config).features[:, -1]
    served = fit_featurizer(prompts, ("m",), success, same_fold, config).featurizer.transform(prompts)[:, -1]
    # What is served has seen the words and knows every outcome by heart.
    assert (np.sign(served) == np.sign(success[:, 0] - 0.5)).all()
    assert np.abs(served).min() > 1
    # Out of fold no word of a row was ever seen, so rows of one fold cannot be told apart.
    for k in range(5):
        assert np.ptp(apart[same_fold == k]) < 1e-6
    # With a pair's rows in two folds, each knows the other, and both are right.
    across = np.arange(len(prompts)) % 2
    seen = fit_featurizer(prompts, ("m",), success, across, config).features[:, -1]
    assert (np.sign(seen) == np.sign(success[:, 0] - 0.5)).all()


def test_the_other_training_features_are_those_that_are_served(trained):
    labelled, parts = trained.result.prepared.labelled, trained.result.prepared.split
    kept = parts.rows("train", "calibration")
    prompts = [prompt for prompt, keep in zip(labelled.outcomes.prompt, kept, strict=True) if keep]
    served = trained.router.featurizer.transform(prompts)
    np.testing.assert_array_equal(trained.router.features[:, :N_BEFORE], served[:, :N_BEFORE])
    assert (trained.router.features[:, N_BEFORE:] != served[:, N_BEFORE:]).any()


def test_scores_are_those_that_numpy_computes_from_the_documented_formula(trained):
    featurizer = trained.router.featurizer
    vocabulary, model = featurizer.vocabulary, featurizer.word_model
    prompts = ["What is 17 * 23?", "the cat sat", "Explain why the sum of all integers is not prime."]
    found = featurizer.transform(prompts)
    for row, prompt in enumerate(prompts):
        # Words of Latin letters, digits and single marks, as these prompts have no other.
        tokens = [*prompt.replace("?", " ?").replace(".", " .").lower().split(), "\n"]
        ids = [vocabulary.words.index(t) + 1 if t in vocabulary.words else 0 for t in tokens]
        pairs = set(pairwise(ids))
        present = np.array(
            [i + 1 in ids for i in range(len(vocabulary.words))] + [pair in pairs for pair in vocabulary.pairs]
        )
        length = np.sqrt(max((vocabulary.idf[present] ** 2).sum(), 1.0))
        expected = model.weights[present].sum(axis=0) / length + model.bias
        # Weights are rounded to 1/4096 and squared lengths to 1/16.
        np.testing.assert_allclose(found[row, N_BEFORE:], expected, atol=2e-3)
        words = {t for t, i in zip(tokens, ids, strict=True) if i}
        counts = [len(words & set(listed)) for listed in LEXICON.values()]
        assert found[row, len(SURFACE_NAMES) : N_BEFORE].tolist() == counts


def test_features_have_the_same_bits_alone_and_in_any_batch(session, trained):
    prompts = [sanitise(p) for p in (*ORDINARY, *EDGE, *trained.result.prepared.labelled.outcomes.prompt[:60])]
    together = run(session, prompts, ["features"], size=len(prompts))[0]
    np.testing.assert_array_equal(run(session, prompts, ["features"], size=1)[0], together)
    np.testing.assert_array_equal(run(session, prompts[::-1], ["features"], size=7)[0][::-1], together)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=400).map(sanitise), min_size=2, max_size=5))
def test_any_unicode_has_the_same_bits_alone_and_in_a_batch(session, prompts):
    together = run(session, prompts, ["features"], size=9)[0]
    assert np.isfinite(together).all()
    np.testing.assert_array_equal(run(session, prompts, ["features"], size=1)[0], together)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["word ", "x" * 260, "\n", "A. ", "3.5", "中文", "the cat ", "```"]), max_size=60))
def test_texts_of_many_pieces_have_the_same_bits_beside_a_longer_one(session, parts):
    text = "".join(parts)
    beside = run(session, [text, "word " * 2_000], ["features"])[0]
    np.testing.assert_array_equal(run(session, [text], ["features"])[0][0], beside[0])


def test_the_same_prompts_give_the_same_featurizer():
    prompts, success = memorised()
    fold = np.arange(len(prompts)) % 4
    one, other = (fit_featurizer(prompts, ("m",), success, fold, WordsConfig()) for _ in range(2))
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.featurizer.word_model.weights, other.featurizer.word_model.weights)
