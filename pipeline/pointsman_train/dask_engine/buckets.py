"""Buckets in which near-duplicates meet, and the pairs in them that are alike.

Every prompt goes into a bucket of its normalised text and, by MinHash, into the buckets of its bands, as
:mod:`pointsman_train.split.groups` has them: the same candidates, confirmed by the same exact similarity.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pointsman_train.split.groups import LISTED, Shingles, alike, band_hashes, normalise, shingles_of

Node: TypeAlias = int

_SCHEMA = pa.schema(
    [("bucket", pa.uint64()), ("node", pa.int64()), ("prompt_id", pa.string()), ("shingles", pa.list_(pa.uint32()))]
)
_PART = 32
# In a bucket no prompt is compared with more others: a bucket of one long template has everything of its kind.
_MOST_COMPARED = 8 * LISTED


def node_of(part: int, row: int) -> Node:
    """Give a row of a part its number among the rows of all parts."""
    return part << _PART | row


def split_nodes(nodes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return parts and rows of nodes."""
    return nodes >> _PART, nodes & ((1 << _PART) - 1)


def buckets_of(part: int, ids: Sequence[str], prompts: Sequence[str], similarity: float) -> pa.Table:
    """List the buckets of a part's prompts; shingles are there where similarity is yet to be confirmed."""
    texts = [normalise(prompt) for prompt in prompts]
    first = {text: row for row, text in reversed(list(enumerate(texts)))}
    exact = [
        (_hash(text.encode("utf-8", "replace")), node_of(part, row), ids[row], None) for row, text in enumerate(texts)
    ]
    rows = sorted(first.values())
    near: list[tuple[int, int, str, list[int] | None]] = []
    if similarity < 1 and rows:
        shingles = [shingles_of(texts[row]) for row in rows]
        for row, own, bands in zip(rows, shingles, band_hashes(shingles, similarity), strict=True):
            listed = own.tolist()
            near += [(_hash(band), node_of(part, row), ids[row], listed) for band in bands]
    columns = zip(*(exact + near), strict=True) if exact else ([], [], [], [])
    return pa.table(
        [pa.array(list(column), kind) for column, kind in zip(columns, _SCHEMA.types, strict=True)], _SCHEMA
    )


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def pairs_in(table: pa.Table, similarity: float) -> pa.Table:
    """Find pairs of prompts that are alike, enough of them to connect all that are; rows may be of many buckets."""
    table = table.sort_by([("bucket", "ascending"), ("node", "ascending")])
    bucket = table.column("bucket").to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]])) if len(bucket) else np.array([], int)
    ends = np.append(starts[1:], len(bucket)) if len(bucket) else starts
    pairs: list[tuple[int, int]] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start > 1:
            pairs += ((start + i, start + j) for i, j in _pairs(table.slice(start, end - start), similarity))
    one, other = (np.array(pairs, np.int64).reshape(-1, 2)).T
    node, name = table.column("node"), table.column("prompt_id")
    columns = {"a": node.take(one), "b": node.take(other), "id_a": name.take(one), "id_b": name.take(other)}
    return pa.table(columns)


def _pairs(rows: pa.Table, similarity: float) -> Iterator[tuple[int, int]]:
    """Positions of alike pairs in one bucket."""
    shingles = [None if own is None else np.array(own, np.uint32) for own in rows.column("shingles").to_pylist()]
    listed: list[int] = []
    for i, own in enumerate(shingles):
        if own is None:
            # The same text: all hang on the first of them.
            if i:
                yield 0, i
            continue
        partners = [j for j in listed if _confirmed(shingles[j], own, similarity)]
        yield from ((j, i) for j in partners[:1])
        if len(partners) < LISTED and len(listed) < _MOST_COMPARED:
            yield from ((j, i) for j in partners[1:])
            listed.append(i)


def _confirmed(one: Shingles | None, other: Shingles, similarity: float) -> bool:
    return one is not None and alike(one, other, similarity)
