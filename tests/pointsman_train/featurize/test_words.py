from __future__ import annotations

import numpy as np
import pytest

from pointsman_train.featurize.lexicon import LEXICON
from pointsman_train.featurize.vocabulary import Vocabulary, learn_vocabulary
from pointsman_train.featurize.window import MARKS
from pointsman_train.featurize.words import LEXICON_NAMES, WordModel, add_ids, add_presence, add_tokens, add_words

# Two words and the pair of them, in this order.
SMALL = Vocabulary(
    words=("cat", "the"),
    forms={"cat": 1, "Cat": 1, "the": 2, "The": 2, "THE": 2},
    pairs=((2, 1),),
    idf=np.array([1.0, 2.0, 3.0]),
)
LEXICON_WORDS = {word for words in LEXICON.values() for word in words}


@pytest.fixture(scope="module")
def tokens(block):
    run = block(lambda g, window: g.flatten(add_tokens(g, window)), "string")
    return lambda text: [token for token in run(text)[0].tolist() if token not in ("", *MARKS)]


@pytest.fixture(scope="module")
def presence(block):
    def make(vocabulary):
        return block(lambda g, window: add_presence(g, add_ids(g, add_tokens(g, window), vocabulary), vocabulary))

    return make


def learned(texts, tokens, max_terms=100, min_df=2):
    return learn_vocabulary([tokens(text) for text in texts], max_terms, min_df)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What's 17*23?", ["What", "'", "s", "17", "*", "23", "?", "\n"]),
        ("naïve Ελλάδα Москва", ["naïve", "Ελλάδα", "Москва", "\n"]),
        ("中文abc🙂", ["中", "文", "abc", "🙂", "\n"]),
        ("x2y", ["x", "2", "y", "\n"]),
        ("", ["\n"]),
    ],
)
def test_tokens_are_runs_of_letters_runs_of_digits_and_single_marks(tokens, text, expected):
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the cat", [1, 1, 1]),
        ("The cat and THE Cat", [1, 1, 1]),
        ("cat the", [1, 1, 0]),
        ("the big cat", [1, 1, 0]),
        ("the\ncat", [1, 1, 0]),
        ("the, cat", [1, 1, 0]),
        ("the  cat", [1, 1, 1]),
        ("CAT", [0, 0, 0]),
        ("cats", [0, 0, 0]),
        ("", [0, 0, 0]),
    ],
)
def test_presence_is_one_for_each_word_and_pair_in_any_known_spelling(presence, text, expected):
    assert presence(SMALL)(text)[0].tolist() == expected


def test_a_pair_does_not_cross_the_cut_between_two_pieces(presence):
    # The cut falls at the last white space within 301 characters.
    run = presence(SMALL)
    assert run("x" * 299 + " the cat")[0].tolist() == [1, 1, 1]
    assert run("x" * 296 + " the cat")[0].tolist() == [1, 1, 0]
    assert run("x" * 290 + " the cat")[0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_in_a_prompt_never_pairs(presence, mark):
    assert presence(SMALL)(f"the {mark} cat")[0].tolist() == [1, 1, 0]
    rows = [["the", mark, "cat"], ["the", "", "cat"]] * 3
    assert learn_vocabulary(rows, 100, 2).pairs == ()


def test_a_vocabulary_without_pairs_works(presence):
    alone = Vocabulary(words=("cat",), forms={"cat": 1}, pairs=(), idf=np.array([1.0]))
    assert presence(alone)("the cat", "the dog").tolist() == [[1.0], [0.0]]


def test_words_and_pairs_of_enough_prompts_are_learned(tokens):
    vocabulary = learned(["The red fox.", "the red dog", "a fox"], tokens)
    own = set(vocabulary.words) - LEXICON_WORDS
    assert own == {"the", "red", "fox", "\n"}
    named = [(vocabulary.words[a - 1], vocabulary.words[b - 1]) for a, b in vocabulary.pairs]
    assert named == [("the", "red")]


def test_idf_counts_prompts_and_not_occurrences(tokens):
    vocabulary = learned(["fox fox fox", "fox", "dog", "dog dog"], tokens)
    idf = dict(zip(vocabulary.words, vocabulary.idf, strict=False))
    assert idf["fox"] == pytest.approx(np.log(5 / 3) + 1)
    # A word of the lexicon that no prompt has.
    assert idf["integral"] == pytest.approx(np.log(5 / 1) + 1)


def test_spellings_seen_and_the_common_ones_share_an_id(tokens):
    vocabulary = learned(["iPhone fox", "IPHONE", "x"], tokens)
    spelled = {form for form, i in vocabulary.forms.items() if vocabulary.words[i - 1] == "iphone"}
    assert spelled == {"iPhone", "iphone", "Iphone", "IPHONE"}


def test_the_most_frequent_terms_are_kept_and_the_lexicon_comes_on_top(tokens):
    vocabulary = learned(["aa bb", "aa bb", "aa cc", "cc"], tokens, max_terms=2)
    assert set(vocabulary.words) - LEXICON_WORDS == {"\n", "aa"}
    assert set(vocabulary.words) >= LEXICON_WORDS
    assert vocabulary.n_terms == len(vocabulary.words) + len(vocabulary.pairs) == len(vocabulary.idf)


def test_the_order_of_prompts_does_not_change_the_vocabulary(tokens):
    texts = ["the red fox", "a red dog", "the dog", "red fox"]
    one, other = learned(texts, tokens, 5, 1), learned(texts[::-1], tokens, 5, 1)
    assert (one.words, one.pairs, one.forms) == (other.words, other.pairs, other.forms)


def test_lexicon_counts_are_of_different_words_of_each_list(block, tokens):
    vocabulary = learned(["What is it?"], tokens, min_df=1)
    model = WordModel(np.zeros((vocabulary.n_terms, 1)), np.zeros(1))
    run = block(
        lambda g, window: add_words(
            g, add_presence(g, add_ids(g, add_tokens(g, window), vocabulary), vocabulary), vocabulary, model
        )[0]
    )
    found = dict(zip(LEXICON_NAMES, run("What WHAT which? Explain why; not a Python function, if x.")[0], strict=False))
    expected = {"words_ask": 2, "words_why": 2, "words_negation": 1, "words_program": 1, "words_condition": 1,
                "words_calculus": 1, "words_money": 0}  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_a_score_is_the_documented_sum_over_the_length_plus_the_bias(block):
    lexicon = sorted(LEXICON_WORDS)
    words = ("zebra", *lexicon)
    idf = np.concatenate([[3.0], np.full(len(lexicon), 2.0)])
    vocabulary = Vocabulary(words, {word: i for i, word in enumerate(words, 1)}, (), idf)
    weights = np.zeros((len(words), 2))
    weights[0], weights[words.index("prime")] = (1.5, -0.25), (0.5, 4.0)
    model = WordModel(weights, np.array([0.125, -1.0]))
    run = block(
        lambda g, window: add_words(
            g, add_presence(g, add_ids(g, add_tokens(g, window), vocabulary), vocabulary), vocabulary, model
        )[1]
    )
    # Both words: (1.5 + 0.5) / sqrt(9 + 4) + 0.125. None: the length is 1, not 0.
    assert run("zebra prime zebra")[0] == pytest.approx([2 / 13**0.5 + 0.125, 3.75 / 13**0.5 - 1.0], abs=1e-6)
    assert run("zebra")[0] == pytest.approx([1.5 / 3 + 0.125, -0.25 / 3 - 1.0], abs=1e-6)
    assert run("nothing")[0].tolist() == [0.125, -1.0]
