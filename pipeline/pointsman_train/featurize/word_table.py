"""Reading a table of word vectors that a user has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pointsman_train.data import Floats
from pointsman_train.errors import DataError


def read_word_table(path: str, words: int) -> dict[str, Floats]:
    """Read the first words of a file of word vectors, scaled to a mean length of 1.

    Parameters
    ----------
    path
        Text in UTF-8: a word and its numbers on each line, parted by single spaces, as word2vec and GloVe write it.
        A first line with two whole numbers (word2vec's count and length) is skipped.
    words
        How many to read; such files have the most frequent words first.

    Returns
    -------
    Vectors by lower-cased word; of several spellings the first.

    Raises
    ------
    DataError
        When the file is missing, or a line has not as many numbers as the first.
    """
    table: dict[str, Floats] = {}
    for number, line in enumerate(_lines(path), start=1):
        word, *numbers = line.rstrip("\r\n ").split(" ")
        if number == 1 and len(numbers) == 1 and word.isdigit():
            continue
        vector = _vector(path, number, numbers)
        first = next(iter(table.values()), vector)
        if len(vector) != len(first) or not len(vector):
            raise DataError(f"{path}, line {number}: {len(vector)} numbers, expected {len(first) or 'at least one'}")
        table.setdefault(word.lower(), vector)
        if len(table) >= words:
            break
    if not table:
        raise DataError(f"{path} has no word vectors; expected a word and its numbers on each line")
    scale = float(np.mean([np.linalg.norm(vector) for vector in table.values()])) or 1.0
    return {word: vector / scale for word, vector in table.items()}


def _lines(path: str) -> Iterator[str]:
    # Line by line: such files are larger than what is read of them, and may be larger than the memory.
    try:
        with Path(path).open(encoding="utf-8", newline="\n") as lines:
            yield from lines
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read word vectors from {path} ({error}); give a text file in UTF-8") from error


def _vector(path: str, number: int, numbers: list[str]) -> Floats:
    try:
        vector = np.array([float(text) for text in numbers])
    except ValueError as error:
        raise DataError(f"{path}, line {number}: {error}; expected a word and its numbers") from error
    if not np.isfinite(vector).all():
        raise DataError(f"{path}, line {number}: a number is not finite")
    return vector
