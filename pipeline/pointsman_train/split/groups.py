"""Near-duplicate prompts, found by MinHash and confirmed by the exact Jaccard similarity."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray

from pointsman_train.data import Ints
from pointsman_train.errors import ConfigError

# Hashes of a text's runs of words, each once, ascending: arrays, since sets would take twenty times the room.
Shingles: TypeAlias = NDArray[np.uint32]

_WORD = re.compile(r"\w+|[^\w\s]")
_SHINGLE = 3
_MIX, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
_PERMUTATIONS = 64
# Members of a group that later prompts are compared with. Prompts from one long template are all alike, and comparing
# each with all would take time that grows with the square of their number.
LISTED = 32


@dataclass(slots=True)
class GroupConfig:
    """When two prompts count as near-duplicates.

    Attributes
    ----------
    similarity
        Smallest Jaccard similarity of their three-word shingles, in (0, 1]; 1 groups only prompts that are the same
        but for case, white space and Unicode form.
    """

    similarity: float = 0.9

    def check(self) -> None:
        """Raise :class:`ConfigError` for a similarity out of range."""
        if not 0 < self.similarity <= 1:
            raise ConfigError(f"group.similarity must be in (0, 1], got {self.similarity!r}")


def normalise(text: str) -> str:
    r"""Fold what does not make another prompt: case, Unicode form and white space.

    Examples
    --------
    >>> normalise("  What is\n2+2? ")
    'what is 2+2?'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def group_near_duplicates(prompts: Sequence[str], config: GroupConfig) -> Ints:
    """Find and number the groups of near-duplicates.

    Two prompts are in one group where a chain of pairs, each at least ``similarity`` alike, leads from one to the
    other. Of a large group, a new prompt is compared with the first 32 members.

    Returns
    -------
    ndarray of shape (n_prompts,), group numbers from 0 in order of first appearance.

    Examples
    --------
    >>> group_near_duplicates(["What is 2+2?", "what is  2+2?", "Name a colour."], GroupConfig()).tolist()
    [0, 0, 1]
    """
    config.check()
    # Of each text its hash alone is kept, and what else is needed is computed anew: texts can be many.
    first: dict[bytes, int] = {}
    same = np.array([first.setdefault(_digest(prompt), i) for i, prompt in enumerate(prompts)], np.int64)
    if config.similarity == 1:
        return _by_appearance(same)
    distinct = list(first.values())
    root = dict(zip(distinct, _joined([prompts[i] for i in distinct], config.similarity), strict=True))
    return _by_appearance(np.array([root[i] for i in same.tolist()], np.int64))


def _digest(prompt: str) -> bytes:
    return hashlib.blake2b(normalise(prompt).encode("utf-8", "replace"), digest_size=16).digest()


@lru_cache(maxsize=200_000)
def _hash(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "replace"))


def shingles_of(text: str) -> Shingles:
    """Return hashes of the runs of three words of a normalised text."""
    hashes = np.array([_hash(word) for word in _WORD.findall(text)], np.uint64)
    runs = np.zeros(max(1, len(hashes) - _SHINGLE + 1), np.uint64)
    # Of each run a polynomial in its words; then its upper half, the better mixed, stirs the lower.
    for i in range(min(_SHINGLE, len(hashes))):
        runs = (runs + hashes[i : i + len(runs)]) * _MIX
    mixed = (runs ^ runs >> _HALF) * _MIX
    return np.unique((mixed >> _HALF).astype(np.uint32))


def _joined(prompts: Sequence[str], similarity: float) -> list[int]:
    """Join what is at least this similar: candidates from MinHash, confirmed exactly; returns the root of each."""
    bands = _bands(prompts, similarity)
    parent = list(range(len(prompts)))
    listed: Counter[int] = Counter()
    index: dict[int, list[int]] = {}
    shingles: dict[int, Shingles] = {}
    for i in np.flatnonzero(bands.any(axis=1)).tolist():
        keys = [key for key in bands[i].tolist() if key]
        own = shingles_of(normalise(prompts[i]))
        for j in sorted({j for key in keys for j in index.get(key, ())}):
            mine, other = _root(parent, i), _root(parent, j)
            if mine != other and alike(own, shingles[j], similarity):
                parent[mine] = other
                listed[other] += listed[mine]
        mine = _root(parent, i)
        if listed[mine] < LISTED:
            for key in keys:
                index.setdefault(key, []).append(i)
            shingles[i] = own
            listed[mine] += 1
    return [_root(parent, i) for i in range(len(parent))]


def _bands(prompts: Sequence[str], similarity: float) -> Ints:
    """Hash each text's bands, ndarray of shape (n_texts, n_bands); 0 where no other text has the same.

    Nearly all are 0, so that an index of the others is small. Two bands of one hash only make a candidate more.
    """
    shingles = (shingles_of(normalise(prompt)) for prompt in prompts)
    rows = [np.array([hash(band) for band in own], np.int64) for own in band_hashes(shingles, similarity)]
    bands = np.stack(rows) if rows else np.zeros((0, 1), np.int64)
    for column in bands.T:
        _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
        column[counts[inverse] == 1] = 0
    return bands


def band_hashes(shingles: Iterable[Shingles], similarity: float) -> Iterator[list[bytes]]:
    """Yield for each text its bands: two texts are candidates where they share one of these."""
    # Asked for a little less than what is wanted, since the estimate behind the bands misses some at the edge.
    ranges = MinHashLSH(threshold=max(0.05, similarity - 0.1), num_perm=_PERMUTATIONS).hashranges
    listed = (own.tolist() for own in shingles)
    for minhash in MinHash.generator(listed, num_perm=_PERMUTATIONS, seed=1, hashfunc=int):
        yield [bytes([k]) + minhash.hashvalues[start:end].tobytes() for k, (start, end) in enumerate(ranges)]


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def alike(a: Shingles, b: Shingles, similarity: float) -> bool:
    """Whether the Jaccard similarity of two texts' shingles is at least this."""
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared >= similarity * (len(a) + len(b) - shared)


def _by_appearance(component: Ints) -> Ints:
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
