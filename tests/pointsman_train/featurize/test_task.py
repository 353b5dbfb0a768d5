from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from pointsman_train.featurize.blocks import EmbeddingConfig, FeaturesConfig
from pointsman_train.featurize.fit import Fitted, Taught, fit_featurizer
from pointsman_train.featurize.stack import WordsConfig
from pointsman_train.featurize.surface import SURFACE_NAMES
from pointsman_train.featurize.words import LEXICON_NAMES

N_BEFORE = len(SURFACE_NAMES) + len(LEXICON_NAMES)
WORDS = {"exam": ["ruby", "teal", "blue", "grey"], "forum": ["cat", "dog", "cow", "hen"]}
CONFIG = FeaturesConfig(words=WordsConfig(min_df=2), embedding=EmbeddingConfig(dimensions=0))


@pytest.fixture(scope="module")
def lesson():
    """Prompts of two sources, with words of their own; an outcome is a chance, and hangs on nothing but the source."""
    rng = np.random.default_rng(0)
    source = np.array(["exam", "forum"])[np.arange(400) % 2]
    prompts = [" ".join(rng.choice(WORDS[name], 3)) for name in source]
    success = (rng.random((400, 1)) < np.where(source == "exam", 0.8, 0.3)[:, None]).astype(float)
    return prompts, success, source


def fitted(prompts, success, source, **more) -> Fitted:
    models, fold = tuple("ab"[: success.shape[1]]), np.arange(len(prompts)) // 2 % 5
    return fit_featurizer(prompts, Taught(models, success, list(source), fold, **more), CONFIG)


def test_it_tells_the_rate_of_the_source_that_a_prompt_looks_like(lesson):
    found, source = fitted(*lesson), lesson[2]
    layout = found.featurizer.layout
    assert layout.names[N_BEFORE:] == ("score_a", "task_a")
    assert layout.per_model(0).tolist() == [N_BEFORE]
    score, task = found.features[:, N_BEFORE], found.features[:, layout.columns("task")[0]]
    for name, rate in (("exam", 0.8), ("forum", 0.3)):
        own = expit(task[source == name])
        assert own.mean() == pytest.approx(rate, abs=0.07)
        # The word block takes chance for what words tell, the task block much less.
        assert own.std() < 0.5 * expit(score[source == name]).std()


def test_what_is_served_reads_no_source_and_has_the_same_bits_alone_and_in_a_batch(lesson):
    featurizer = fitted(*lesson).featurizer
    prompts = ["ruby blue", "cat cat dog", "", "of neither source"] * 5
    together = featurizer.transform(prompts)
    np.testing.assert_array_equal(together, np.vstack([featurizer.transform([prompt]) for prompt in prompts]))
    column = featurizer.layout.columns("task")[0]
    assert together[0, column] > together[1, column]


@pytest.mark.parametrize(("second", "there"), [("", False), ("exam", False), ("forum", True)])
def test_without_two_sources_there_is_no_such_block(lesson, second, there):
    prompts, success, source = lesson
    layout = fitted(prompts, success, np.where(source == "exam", "exam", second)).featurizer.layout
    assert layout.names[N_BEFORE:] == (("score_a", "task_a") if there else ("score_a",))


def test_a_services_log_teaches_words_and_not_this_block(lesson):
    prompts, _, source = lesson
    rng, asked = np.random.default_rng(1), (np.arange(400) < 100)[:, None]
    outcome, other = (rng.integers(0, 2, (400, 2)).astype(float) for _ in range(2))
    success = np.where(asked, outcome, np.nan)
    one, two = (
        fitted(prompts, success, source, logged=np.where(asked, np.nan, seen)).featurizer for seen in (outcome, other)
    )
    np.testing.assert_array_equal(one.task.weights, two.task.weights)
    assert np.abs(one.word_model.weights - two.word_model.weights).max() > 0.01
