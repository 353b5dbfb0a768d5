"""The vocabulary: the words and word pairs that the featurizer knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.featurize.counting import Term, TermCounts
from pointsman_train.featurize.lexicon import LEXICON


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms that the word block knows.

    Attributes
    ----------
    words
        Lower-cased tokens; a token's id is its position plus one, 0 is unknown or padding.
    forms
        Each spelling seen, with the id of its lower-cased word.
    pairs
        Pairs of word ids, in the order of their terms.
    idf
        ndarray of shape (n_terms,), words first, then pairs: ``ln((1 + n) / (1 + df)) + 1``.
    others
        Words that only a table of word vectors knows; their ids follow those of ``words``.
    """

    words: tuple[str, ...]
    forms: dict[str, int]
    pairs: tuple[tuple[int, int], ...]
    idf: Floats
    others: tuple[str, ...] = ()

    @property
    def n_terms(self) -> int:
        """Words and pairs together."""
        return len(self.words) + len(self.pairs)


def learn_vocabulary(rows: Iterable[Sequence[str]], max_terms: int, min_df: int) -> Vocabulary:
    """Choose the words and pairs that occur in at least ``min_df`` prompts, the most frequent first.

    Parameters
    ----------
    rows
        Tokens of each prompt as :func:`add_tokens` gives them; "" and the marks around a piece end a pair.
    max_terms
        Upper bound on words and pairs together; the lexicon's words come on top.
    min_df
        Prompts that a term must occur in.

    Examples
    --------
    >>> vocabulary = learn_vocabulary([["The", "cat"], ["the", "cat"], ["a", "dog"]], max_terms=3, min_df=2)
    >>> sorted(set(vocabulary.words) - {w for words in LEXICON.values() for w in words})
    ['cat', 'the']
    >>> len(vocabulary.pairs)
    1
    """
    counts = TermCounts()
    counts.add(rows)
    frequency = counts.words() | counts.pairs(min_df)
    return _number(_most_frequent(frequency, max_terms, min_df), counts.spellings, frequency, counts.prompts)


def _most_frequent(frequency: Mapping[Term, int], max_terms: int, min_df: int) -> list[Term]:
    # Ties are cut by spelling, so that the same prompts give the same vocabulary in any order.
    terms = sorted((t for t, df in frequency.items() if df >= min_df), key=lambda t: (-frequency[t], str(t)))
    return terms[:max_terms]


def _number(
    kept: list[Term],
    spellings: Sequence[str],
    frequency: Mapping[Term, int],
    n_rows: int,
) -> Vocabulary:
    lexicon = {word for words in LEXICON.values() for word in words}
    pairs = sorted(term for term in kept if isinstance(term, tuple))
    # A pair's words need ids; the lexicon's words are known whether they are frequent or not.
    words = sorted({t for t in kept if isinstance(t, str)} | {w for pair in pairs for w in pair} | lexicon)
    ids = {word: i for i, word in enumerate(words, start=1)}
    forms = {form: ids[form.lower()] for form in sorted(spellings) if form.lower() in ids}
    forms |= _usual_forms(ids)
    terms: list[Term] = [*words, *pairs]
    df = np.array([frequency.get(term, 0) for term in terms], np.float64)
    return Vocabulary(
        words=tuple(words),
        forms=forms,
        pairs=tuple((ids[a], ids[b]) for a, b in pairs),
        idf=np.log((1 + n_rows) / (1 + df)) + 1,
    )


def _usual_forms(ids: Mapping[str, int]) -> dict[str, int]:
    spelled = {word: (word, word.capitalize(), word.upper()) for word in ids}
    return {form: ids[word] for word, forms in spelled.items() for form in forms if form.lower() == word}


def with_others(vocabulary: Vocabulary, words: Sequence[str]) -> Vocabulary:
    """Let a vocabulary know more words, for their vectors alone; those that it has are left out.

    Examples
    --------
    >>> vocabulary = Vocabulary(("cat",), {"cat": 1}, (), np.ones(1))
    >>> with_others(vocabulary, ["cat", "dog"]).forms
    {'cat': 1, 'dog': 2, 'Dog': 2, 'DOG': 2}
    """
    known = set(vocabulary.words)
    others = tuple(dict.fromkeys(word for word in map(str.lower, words) if word not in known))
    ids = {word: i for i, word in enumerate(others, start=len(vocabulary.words) + 1)}
    return replace(vocabulary, forms=vocabulary.forms | _usual_forms(ids), others=others)
