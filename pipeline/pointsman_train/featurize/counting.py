"""In how many prompts each word and each pair of neighbouring words occurs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TypeAlias

import numpy as np

from pointsman_train.data import Ints
from pointsman_train.featurize.window import MARKS

# A word, or a pair of neighbouring words.
Term: TypeAlias = str | tuple[str, str]

# Prompts that are counted at once, and pairs that are kept before equal ones are merged.
_BATCH = 256
_MOST_PAIRS = 2_000_000
_SHIFT = 32


class TermCounts:
    """Counts over prompts that pass by once; what it holds grows with the terms, not with the prompts.

    Attributes
    ----------
    prompts
        Prompts counted so far.

    Examples
    --------
    >>> counts = TermCounts()
    >>> counts.add([["The", "cat"], ["the", "cat", "the"]])
    >>> counts.words(), counts.pairs(2)
    ({'the': 2, 'cat': 2}, {('the', 'cat'): 2})
    """

    def __init__(self) -> None:
        self.prompts = 0
        self._forms = _Forms()
        self._words = np.zeros(1, np.int64)
        self._pairs: list[tuple[Ints, Ints]] = []

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Count the tokens of more prompts; "" and the marks around a piece end a pair."""
        iterator = iter(rows)
        while batch := list(islice(iterator, _BATCH)):
            ids, row = self._numbered(batch)
            self.prompts += len(batch)
            word = ids > 0
            self._add_words(_distinct(row[word], ids[word]))
            both = word[:-1] & word[1:]
            self._add_pairs(_distinct(row[:-1][both], (ids[:-1] << _SHIFT | ids[1:])[both]))

    @property
    def spellings(self) -> list[str]:
        """Every form that was seen of any word, in no particular order."""
        return [form for form, number in self._forms.items() if number]

    def words(self) -> dict[Term, int]:
        """Return how many prompts each lower-cased word occurs in."""
        return dict(zip(self._forms.words, self._words[1:].tolist(), strict=True))

    def pairs(self, least: int) -> dict[Term, int]:
        """Return how many prompts each pair occurs in, of those that occur in at least so many."""
        self._merge()
        pairs, counts = self._pairs[0] if self._pairs else (np.empty(0, np.int64), np.empty(0, np.int64))
        kept = counts >= least
        words = ["", *self._forms.words]
        first, second = (pairs[kept] >> _SHIFT).tolist(), (pairs[kept] & (1 << _SHIFT) - 1).tolist()
        found = zip(first, second, counts[kept].tolist(), strict=True)
        return {(words[a], words[b]): count for a, b, count in found}

    def _numbered(self, batch: Sequence[Sequence[str]]) -> tuple[Ints, Ints]:
        """Return the number of each token, with a 0 behind each prompt, and the prompt that it is of."""
        number = self._forms.__getitem__
        ids = np.array([i for row in batch for i in (*map(number, row), 0)], np.int64)
        return ids, np.repeat(np.arange(len(batch)), [len(row) + 1 for row in batch])

    def _add_words(self, ids: Ints) -> None:
        grown = np.zeros(len(self._forms.words) + 1, np.int64)
        grown[: len(self._words)] = self._words
        self._words = grown + np.bincount(ids, minlength=len(grown))

    def _add_pairs(self, pairs: Ints) -> None:
        self._pairs.append(np.unique(pairs, return_counts=True))
        if sum(len(part) for part, _ in self._pairs[1:]) > _MOST_PAIRS:
            self._merge()

    def _merge(self) -> None:
        if len(self._pairs) > 1:
            pairs, position = np.unique(np.concatenate([part for part, _ in self._pairs]), return_inverse=True)
            counts = np.zeros(len(pairs), np.int64)
            np.add.at(counts, position, np.concatenate([count for _, count in self._pairs]))
            self._pairs = [(pairs, counts)]


class _Forms(dict[str, int]):
    """The number of each spelling's lower-cased word, from 1 in order of appearance; 0 is no word."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(("", *MARKS), 0))
        self.words: dict[str, int] = {}

    def __missing__(self, form: str) -> int:
        number = self.words.setdefault(form.lower(), len(self.words) + 1)
        self[form] = number
        return number


def _distinct(row: Ints, key: Ints) -> Ints:
    """Keep one of each key a row."""
    order = np.lexsort((key, row))
    row, key = row[order], key[order]
    first = np.ones(len(key), bool)
    first[1:] = (row[1:] != row[:-1]) | (key[1:] != key[:-1])
    return key[first]
