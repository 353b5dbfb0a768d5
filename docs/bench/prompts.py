"""Real prompts of a given length: the open sets' where they lie beside the checkout, else the embedded set's."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.paths import ROOT

LENGTHS = (20, 200, 2_000, 20_000)
# Enough to cut every length from, and read in a moment.
_WORDS = 400_000
_SEED = 0


@dataclass(frozen=True, slots=True)
class Corpus:
    """Prompts in a random order, one after the other.

    Attributes
    ----------
    origin
        The sets that they are from, for the table.
    prompts
        Each as it was written.
    words
        Every word of all prompts, with the white space behind it.
    starts
        Position in ``words`` of each prompt's first word.
    """

    origin: str
    prompts: list[str]
    words: list[str]
    starts: list[int]

    def texts(self, length: int) -> list[str]:
        """Cut texts of ``length`` words, each from the beginning of a prompt; prompts behind it fill up short ones."""
        starts = [start for start in self.starts if start + length <= len(self.words)]
        count = min(500, 1_000_000 // length, len(starts))
        chosen = np.random.default_rng(_SEED).choice(starts, count, replace=False)
        return ["".join(self.words[start : start + length]).rstrip() for start in chosen.tolist()]


def open_data() -> Path:
    """Where the open sets are, if they are anywhere."""
    return Path(os.environ.get("POINTSMAN_OPEN_DATA", ROOT.parent / "shared" / "data"))


def read_corpus() -> Corpus:
    """Read prompts of all open sets, or of the embedded one."""
    files = sorted(open_data().glob("*/prompts.parquet"))
    return _read(files) if files else read_embedded()


def read_embedded() -> Corpus:
    """Read the prompts that ship."""
    return _read([ROOT / "data" / "fleet" / "prompts.parquet"])


def _read(files: list[Path]) -> Corpus:
    texts = pd.concat([pd.read_parquet(file, columns=["prompt"]).prompt for file in files]).dropna().tolist()
    prompts: list[str] = []
    words: list[str] = []
    starts: list[int] = []
    for i in np.random.default_rng(_SEED).permutation(len(texts)).tolist():
        found = re.findall(r"\S+\s*", texts[i] + "\n\n")
        if found and len(words) < _WORDS:
            prompts.append(texts[i])
            starts.append(len(words))
            words += found
    return Corpus(", ".join(file.parent.name for file in files), prompts, words, starts)
