"""Which columns of the features are which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Ints


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring columns of one origin.

    Attributes
    ----------
    name
        "surface", "lexicon", "words", ...
    columns
        Name of each column.
    per_model
        Whether there is one column for each model of the ladder, in its order.
    dense
        Whether only linear and distance-based heads read it: trees gain nothing from such columns.
    """

    name: str
    columns: tuple[str, ...]
    per_model: bool = False
    dense: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The blocks in the order of their columns.

    Examples
    --------
    >>> layout = Layout((Block("surface", ("chars",)), Block("words", ("w_a", "w_b"), per_model=True)))
    >>> layout.names
    ('chars', 'w_a', 'w_b')
    >>> layout.columns("words").tolist(), layout.per_model(1).tolist()
    ([1, 2], [2])
    """

    blocks: tuple[Block, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each column."""
        return tuple(name for block in self.blocks for name in block.columns)

    def columns(self, *names: str) -> Ints:
        """Positions of the columns of these blocks; a block that is switched off has none."""
        return self._where([block.name in names for block in self.blocks])

    @property
    def for_trees(self) -> Ints:
        """Positions of the columns that trees read."""
        return self._where([not block.dense for block in self.blocks])

    def per_model(self, m: int) -> Ints:
        """Positions of model ``m``'s own column in each block that has one a model."""
        starts = np.cumsum([0, *(len(block.columns) for block in self.blocks)])
        own = [start + m for block, start in zip(self.blocks, starts[:-1], strict=True) if block.per_model]
        return np.array(own, np.int64)

    def _where(self, kept: list[bool]) -> Ints:
        widths = [len(block.columns) for block in self.blocks]
        return np.flatnonzero(np.repeat(kept, widths))
