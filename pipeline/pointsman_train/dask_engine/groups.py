"""Groups of near-duplicates over all parts, and the split of groups.

A group is named by the first of its prompts' ids, in order; a prompt that is like no other is a group of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pointsman_train.dask_engine.buckets import pairs_in, split_nodes
from pointsman_train.dask_engine.store import Step, read_dealt, read_table, write_dealt, write_table
from pointsman_train.data import Ints
from pointsman_train.split.split import drawn_at

# Leading bits of a group's hash that the first count tells apart.
_BITS = 12
BINS = 1 << _BITS
_SHIFT = np.uint64(64 - _BITS)


@dataclass(frozen=True, slots=True)
class FindPairs:
    """Finds the pairs in one part of the buckets, which hold prompts of every part."""

    step: Step
    arranged: Step
    parts: int
    similarity: float

    def __call__(self, part: int) -> None:
        """Write the pairs of a part of the buckets."""
        files = [self.arranged.file(f"buckets-{i:05d}", ".arrow") for i in range(self.parts)]
        found = pa.concat_tables([read_dealt(file, part) for file in files])
        write_table(self.step.file(part), pairs_in(_met(found), self.similarity))


def _met(table: pa.Table) -> pa.Table:
    """Keep the buckets in which prompts meet: of most there is one."""
    _, inverse, counts = np.unique(table.column("bucket").to_numpy(), return_inverse=True, return_counts=True)
    return table.filter(pa.array(counts[inverse] > 1)) if len(table) else table


@dataclass(frozen=True, slots=True)
class JoinPairs:
    """Joins the pairs of all parts into groups. One task does: it takes some 200 bytes of memory a pair."""

    step: Step
    pairs: Step
    parts: int

    def __call__(self, _: int) -> None:
        """Write, as a batch for each part, the rows that have company and the name of their group."""
        found = pa.concat_tables([read_table(self.pairs.file(part)) for part in range(self.parts)])
        ends = [found.column(name).to_numpy() for name in ("a", "b")]
        names = pd.concat([found.column(name).to_pandas() for name in ("id_a", "id_b")], ignore_index=True)
        nodes, first, position = np.unique(np.concatenate(ends), return_index=True, return_inverse=True)
        a, b = np.split(position, 2)
        links = coo_array((np.ones(len(a), bool), (a, b)), shape=(len(nodes), len(nodes)))
        component = connected_components(links, directed=False)[1] if len(nodes) else np.empty(0, np.int64)
        own = names.iloc[first].reset_index(drop=True).astype(object)
        of_group = own.groupby(component).min()
        part, row = split_nodes(nodes)
        table = pa.table({"row": row, "group": pa.array(of_group.loc[component].tolist(), pa.string())})
        write_dealt(self.step.file(0, ".arrow"), table, part, self.parts)


def groups_of(step: Step, part: int, ids: Sequence[str]) -> list[str]:
    """Name the group of each prompt of a part."""
    found, groups = read_dealt(step.file(0, ".arrow"), part), list(ids)
    for row, group in zip(found.column("row").to_pylist(), found.column("group").to_pylist(), strict=True):
        groups[row] = group
    return groups


def hashes_of(groups: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """Hash groups: the order of these numbers is that in which :func:`pointsman_train.split.split` draws groups."""
    return np.array([int.from_bytes(drawn_at(group, seed)[:8], "big") for group in groups], np.uint64)


def fold_by_hash(groups: Sequence[str], seed: int, folds: int) -> Ints:
    """Deal groups into folds by a hash, where they are too many to be dealt one by one."""
    digests = (hashlib.sha256(f"fold\x1f{seed}\x1f{group}".encode("utf-8", "replace")).digest() for group in groups)
    return np.array([int.from_bytes(digest[:8], "big") % folds for digest in digests], np.int64)


def count_hashes(hashes: NDArray[np.uint64]) -> Ints:
    """Count prompts by the leading bits of their group's hash."""
    return np.bincount((hashes >> _SHIFT).astype(np.int64), minlength=BINS)


def crossed(counts: Ints, share: float) -> int:
    """Bin in which the groups drawn so far reach so many prompts."""
    return min(int(np.searchsorted(np.cumsum(counts), share, side="left")), BINS - 1)


def threshold(counts: Ints, bin_: int, inside: NDArray[np.uint64], share: float) -> int:
    """Hash below which groups are drawn until they have so many prompts; ``inside`` has the hashes of that bin."""
    hashes, sizes = np.unique(inside, return_counts=True)
    ahead = int(counts[:bin_].sum()) + np.cumsum(sizes) - sizes
    kept = np.flatnonzero(ahead >= share)
    return int(hashes[kept[0]]) if len(kept) else (bin_ + 1) << int(_SHIFT)


def in_bins(hashes: NDArray[np.uint64], bins: Sequence[int]) -> Iterator[NDArray[np.uint64]]:
    """Yield the hashes that are in each of these bins."""
    own = (hashes >> _SHIFT).astype(np.int64)
    for bin_ in bins:
        yield hashes[own == bin_]
