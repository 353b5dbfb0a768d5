"""Choose how many words and pairs the word block keeps, on out-of-fold predictions of training prompts alone.

usage: python docs/choose_terms.py     (about ten minutes; writes docs/measured/terms.json)

A term costs time in every decision, whether it occurs or not. As in docs/choose_formulation.py, a fifth of each open
set is put aside first and never read; mmlu_pro is not looked at. Differences are to the first choice, paired, with
intervals of 95 %.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from choose_blocks import interval, resampled
from choose_formulation import SETS
from quality import data
from quality_recipes import DEFAULT, recipes

from pointsman_train.data import Floats
from pointsman_train.pipeline import Prepared

MEASURED = Path(__file__).resolve().parent / "measured" / "terms.json"
TERMS = (20_000, 10_000, 5_000)


def main() -> None:
    """Measure every choice on every set."""
    found = {name: measure(name, data(name)) for name in SETS}
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")


def measure(name: str, prepared: Prepared) -> dict[int, Mapping[str, list[float]]]:
    """Figures of each choice; with the first, the figures themselves, then the differences to it."""
    first: Mapping[str, Floats] = {}
    found = {}
    for terms in TERMS:
        config = recipes([DEFAULT])[DEFAULT]
        config.features.words.max_terms = terms
        figures = resampled(prepared, config)
        found[terms] = {key: interval(values - (first[key] if first else 0.0)) for key, values in figures.items()}
        first = first or figures
        sys.stderr.write(f"{name}, {terms} terms: {found[terms]}\n")
    return found


if __name__ == "__main__":
    main()
