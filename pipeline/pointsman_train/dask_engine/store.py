"""Intermediate tables: one file a part, there when it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

# Of the files' content; another number leaves what an earlier release wrote alone.
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Step:
    """A folder with a file for each part.

    Attributes
    ----------
    folder
        Named by what was asked for, so that other settings never meet these files.
    """

    folder: str

    def file(self, part: int | str, suffix: str = ".parquet") -> Path:
        """Where a part is, or will be."""
        name = f"{part:05d}" if isinstance(part, int) else part
        return Path(self.folder) / (name + suffix)

    def missing(self, parts: Iterable[int], suffix: str = ".parquet") -> list[int]:
        """Return the parts that are not there yet."""
        return [part for part in parts if not self.file(part, suffix).exists()]

    def under(self, name: str, *asked: Any) -> Step:
        """Return a step that follows, named also by what it was asked for."""
        return Step(str(Path(self.folder) / (f"{name}-{digest(*asked)[:12]}" if asked else name)))


def digest(*content: Any) -> str:
    """Hash what JSON can hold, or bytes.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}), digest("a") == digest("b")
    (True, False)
    """
    found = hashlib.sha256(str(_FORMAT).encode())
    for one in content:
        data = one if isinstance(one, bytes) else json.dumps(one, sort_keys=True, default=str).encode()
        found.update(len(data).to_bytes(8, "little") + data)
    return found.hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under its name only when it is whole; two that write the same do not meet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_whole(path, sink.getvalue().to_pybytes())


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read what :func:`write_table` wrote, or some of its columns."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=None if columns is None else list(columns))


def write_dealt(path: Path, table: pa.Table, to: NDArray[np.integer[Any]], n: int) -> None:
    """Write a table as ``n`` batches: rows of batch ``i`` are those where ``to`` is ``i``, in their order."""
    order = np.argsort(to, kind="stable")
    ends = np.searchsorted(to[order], np.arange(n), side="right")
    dealt = table.take(pa.array(order)).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, dealt.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        start = 0
        for end in ends.tolist():
            writer.write_batch(_batch(dealt.slice(start, end - start)))
            start = end
    write_whole(path, sink.getvalue().to_pybytes())


def read_dealt(path: Path, part: int) -> pa.Table:
    """Read one batch of what :func:`write_dealt` wrote; no other is touched."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        return pa.Table.from_batches([file.get_batch(part)])


def _batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def matrix_column(values: NDArray[Any]) -> pa.Array:
    """Store an ndarray of shape (n_rows, n_columns) as one column."""
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).ravel()), values.shape[1])


def matrix_of(column: pa.ChunkedArray) -> NDArray[Any]:
    """Read back what :func:`matrix_column` stored."""
    width = column.type.list_size
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat.reshape(-1, width))


def write_facts(step: Step, part: int, content: Any) -> None:
    """Write small facts of a part, as JSON. Written last, they say that all of the part is there."""
    write_whole(step.file(part, ".json"), json.dumps(content).encode())


def facts_of(step: Step, part: int) -> dict[str, Any]:
    """Read the facts of a part."""
    found: dict[str, Any] = json.loads(step.file(part, ".json").read_bytes())
    return found
