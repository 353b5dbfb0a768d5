from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.text import sanitise
from pointsman_train.export.probes import EDGE, ORDINARY
from pointsman_train.featurize.blocks import (
    CodebookConfig,
    EmbeddingConfig,
    FeaturesConfig,
    VectorsConfig,
)
from pointsman_train.featurize.fit import Taught, fit_featurizer
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
    added = trained.router.featurizer.add(g, "prompt")
    g.alias(g.add("Concat", added.features, g.add("Reshape", added.similarity, g.ints(-1, 1)), axis=1), "features")
    return open_session(g.model({"prompt": (STRING, ["N"])}, {"features": (FLOAT, ["N", "F"])}))


def taught(success, fold, source=None):
    return Taught(("m",), success, source or [""] * len(success), fold)


def only_words(**settings):
    return FeaturesConfig(words=WordsConfig(**settings), embedding=EmbeddingConfig(dimensions=0))


def all_blocks(**settings):
    return FeaturesConfig(vectors=VectorsConfig(enabled=True), codebook=CodebookConfig(enabled=True), **settings)


def test_features_are_surface_then_lexicon_then_a_column_for_each_model(trained):
    featurizer, models = trained.router.featurizer, trained.router.models
    names = featurizer.names
    assert names[:N_BEFORE] == (*SURFACE_NAMES, *LEXICON_NAMES)
    assert names[N_BEFORE:] == tuple(f"score_{model}" for model in models)
    assert featurizer.layout.per_model(1).tolist() == [N_BEFORE + 1]
    assert trained.router.features.shape[1] == len(names) == len(set(names))
    assert trained.router.features.dtype == np.float32
    assert np.isfinite(trained.router.features).all()


def test_each_block_that_is_switched_on_has_a_column_for_each_model():
    prompts, success = memorised()
    success = np.hstack([success, 1 - success])
    fold = np.arange(len(prompts)) % 2
    fitted = fit_featurizer(prompts, Taught(("small", "large"), success, [""] * len(prompts), fold), all_blocks())
    names = fitted.featurizer.names
    assert names[N_BEFORE:] == tuple(f"{kind}_{m}" for kind in ("score", "vector", "near") for m in ("small", "large"))
    assert fitted.featurizer.layout.per_model(1).tolist() == [N_BEFORE + 1, N_BEFORE + 3, N_BEFORE + 5]
    assert fitted.features.shape == (len(prompts), len(names))


def test_a_rows_training_score_comes_from_a_fit_that_did_not_see_it():
    prompts, success = memorised()
    same_fold = np.repeat(np.arange(len(prompts) // 2) // 2 % 5, 2)
    config = only_words(min_df=2, strength=100.0)
    apart = fit_featurizer(prompts, taught(success, same_fold), config).features[:, -1]
    served = fit_featurizer(prompts, taught(success, same_fold), config).featurizer.transform(prompts)[:, -1]
    # What is served has seen the words and knows every outcome by heart.
    assert (np.sign(served) == np.sign(success[:, 0] - 0.5)).all()
    assert np.abs(served).min() > 1
    # Out of fold no word of a row was ever seen, so rows of one fold cannot be told apart.
    for k in range(5):
        assert np.ptp(apart[same_fold == k]) < 1e-6
    # With a pair's rows in two folds, each knows the other, and both are right.
    across = np.arange(len(prompts)) % 2
    seen = fit_featurizer(prompts, taught(success, across), config).features[:, -1]
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
        np.testing.assert_allclose(found[row, N_BEFORE : N_BEFORE + 3], expected, atol=2e-3)
        words = {t for t, i in zip(tokens, ids, strict=True) if i}
        counts = [len(words & set(listed)) for listed in LEXICON.values()]
        assert found[row, len(SURFACE_NAMES) : N_BEFORE].tolist() == counts


def test_features_have_the_same_bits_alone_and_in_any_batch(session, trained):
    prompts = [sanitise(p) for p in (*ORDINARY, *EDGE, *trained.result.prepared.labelled.outcomes.prompt[:60])]
    together = run(session, prompts, ["features"], size=len(prompts))[0]
    np.testing.assert_array_equal(run(session, prompts, ["features"], size=1)[0], together)
    np.testing.assert_array_equal(run(session, prompts[::-1], ["features"], size=7)[0][::-1], together)


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(), max_size=400).map(sanitise), min_size=2, max_size=5))
def test_any_unicode_has_the_same_bits_alone_and_in_a_batch(session, prompts):
    together = run(session, prompts, ["features"], size=9)[0]
    assert np.isfinite(together).all()
    np.testing.assert_array_equal(run(session, prompts, ["features"], size=1)[0], together)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["word ", "x" * 260, "\n", "A. ", "3.5", "中文", "the cat ", "```"]), max_size=60))
def test_texts_of_many_pieces_have_the_same_bits_beside_a_longer_one(session, parts):
    text = "".join(parts)
    beside = run(session, [text, "word " * 2_000], ["features"])[0]
    np.testing.assert_array_equal(run(session, [text], ["features"])[0][0], beside[0])


def test_the_same_prompts_give_the_same_featurizer():
    prompts, success = memorised()
    fold = np.arange(len(prompts)) % 4
    one, other = (fit_featurizer(prompts, taught(success, fold), all_blocks()) for _ in range(2))
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.featurizer.word_model.weights, other.featurizer.word_model.weights)
    np.testing.assert_array_equal(one.similarity, other.similarity)


@pytest.mark.parametrize("block", ["vectors", "neighbours"])
def test_what_the_embedding_tells_of_a_row_comes_from_a_fit_that_did_not_see_it(block):
    prompts, success = memorised()
    same_fold = np.repeat(np.arange(len(prompts) // 2) // 2 % 5, 2)
    config = FeaturesConfig(
        words=WordsConfig(min_df=2),
        embedding=EmbeddingConfig(dimensions=30),
        vectors=VectorsConfig(enabled=True, strength=1e4),
        codebook=CodebookConfig(enabled=True, codes=4, nearest=1, smoothing=0.01),
    )
    turned = np.where(same_fold[:, None] == 2, 1.0, success)
    one, other = (fit_featurizer(prompts, taught(outcome, same_fold), config) for outcome in (success, turned))
    column = one.featurizer.layout.columns(block)
    rows = same_fold == 2
    # Outcomes of fold 2 were all made successes: its own rows do not notice, the others do, and what is served.
    np.testing.assert_array_equal(one.features[rows][:, column], other.features[rows][:, column])
    assert (one.features[~rows][:, column] != other.features[~rows][:, column]).any()
    served = [fitted.featurizer.transform(prompts)[:, column] for fitted in (one, other)]
    assert (served[0] != served[1]).any()


def test_blocks_can_be_switched_off_and_the_embedding_be_given_as_columns():
    prompts, success = memorised()
    fold = np.arange(len(prompts)) % 4
    config = FeaturesConfig(
        words=WordsConfig(min_df=2),
        embedding=EmbeddingConfig(dimensions=3, columns=True),
        vectors=VectorsConfig(enabled=False),
        codebook=CodebookConfig(enabled=False),
    )
    fitted = fit_featurizer(prompts, taught(success, fold), config)
    layout = fitted.featurizer.layout
    assert layout.names[N_BEFORE:] == ("score_m", "embedding_0", "embedding_1", "embedding_2")
    np.testing.assert_array_equal(layout.for_trees, np.arange(N_BEFORE + 1))
    assert fitted.features.shape[1] == N_BEFORE + 4
    length = np.linalg.norm(fitted.features[:, layout.columns("embedding")], axis=1)
    # A direction, or nothing where no known word says anything.
    assert ((np.abs(length - 1) < 0.01) | (length == 0)).all()
    assert (length > 0).any()
    # The guard's similarity does not hang on the success rates being features.
    assert fitted.similarity is not None
    none = fit_featurizer(prompts, taught(success, fold), only_words())
    assert none.similarity is None
    assert none.featurizer.names[N_BEFORE:] == ("score_m",)


def test_a_prompt_unlike_the_training_prompts_is_less_similar_than_any_of_them():
    rng = np.random.default_rng(0)
    topics = [[f"w{chr(97 + t)}{chr(97 + i)}" for i in range(12)] for t in range(4)]
    prompts = [" ".join(rng.choice(topics[i % 4], 8)) for i in range(400)]
    fold = np.arange(400) % 5
    fitted = fit_featurizer(prompts, taught(rng.integers(0, 2, (400, 1)).astype(float), fold), FeaturesConfig())
    _, similarity = fitted.featurizer.transform_all([prompts[0], "qq zz vv", ""])
    assert similarity[0] == fitted.similarity[0]
    assert similarity[1:].max() < fitted.similarity.min()
    # A fold's own similarity to the others is lower than that of prompts which helped to place the centres.
    assert len(fitted.unseen_similarity) == 80
    assert fitted.unseen_similarity.mean() < fitted.similarity.mean()


def test_an_embedding_of_few_pieces_reads_both_ends_of_a_text():
    rng = np.random.default_rng(0)
    prompts = [" ".join(rng.choice(["ruby", "teal", "blue", "grey"], 8)) for _ in range(100)]
    success = rng.integers(0, 2, (100, 1)).astype(float)
    config = FeaturesConfig(embedding=EmbeddingConfig(dimensions=4, pieces=2, columns=True))
    fitted = fit_featurizer(prompts, taught(success, np.arange(100) % 5), config)

    def embedded(first, middle, last):
        text = " ".join(" ".join([word] * 100) for word in (first, middle, last))
        return fitted.featurizer.transform([text])[0, fitted.featurizer.layout.columns("embedding")].tolist()

    assert embedded("ruby", "teal", "blue") == embedded("ruby", "grey", "blue")
    assert embedded("ruby", "teal", "blue") != embedded("grey", "teal", "blue")
    assert embedded("ruby", "teal", "blue") != embedded("ruby", "teal", "grey")


def test_a_table_of_word_vectors_knows_words_that_the_training_prompts_do_not_have(tmp_path):
    table = tmp_path / "vectors.txt"
    table.write_text("kitten 1 0\ncat 0.9 0.1\nlorry 0 1\ntruck 0.1 0.9\n")
    prompts = ["the cat", "a truck", "the cat again", "that truck again"] * 10
    success = np.array([1.0, 0.0] * 20)[:, None]
    config = all_blocks(embedding=EmbeddingConfig(table=str(table)), words=WordsConfig(min_df=2))
    fitted = fit_featurizer(prompts, taught(success, np.arange(40) // 4 % 5), config)
    features, similarity = fitted.featurizer.transform_all(["a kitten", "a lorry", "the zebra"])
    column = fitted.featurizer.layout.columns("vectors")
    assert features[0, column] > 0 > features[1, column]
    assert similarity[:2].min() > 0.8 > similarity[2]


def test_blocks_may_learn_from_a_draw_and_the_other_prompts_have_the_features_that_are_served():
    prompts, success = memorised()
    drawn = np.arange(len(prompts)) < 30
    fold = np.arange(len(prompts)) % 4
    config = all_blocks(words=WordsConfig(min_df=1))
    fitted = fit_featurizer(prompts, Taught(("m",), success, [""] * len(prompts), fold, drawn), config)
    alone = fit_featurizer(prompts[:30], taught(success[:30], fold[:30]), config)
    np.testing.assert_array_equal(fitted.features[:30], alone.features)
    np.testing.assert_array_equal(fitted.features[30:], alone.featurizer.transform(prompts[30:]))
    assert len(fitted.similarity) == len(prompts)
