"""Choose how many words and pairs the word block keeps, on out-of-fold predictions of training prompts alone.

usage: python docs/choose_terms.py     (about ten minutes; writes docs/measured/terms.json)

A term costs time in every decision, whether it occurs or not. As in docs/choose_formulation.py, a fifth of each open
set is put aside first and never read; mmlu_pro is not looked at. Differences are to the first choice, paired, with
intervals of 95 %.
"""

from __future__ import annotations

import json
from pathlib import Path

from choose_blocks import measure
from choose_formulation import SETS
from quality_recipes import DEFAULT, recipes

from pointsman_train.train.stage import TrainConfig

MEASURED = Path(__file__).resolve().parent / "measured" / "terms.json"
TERMS = (20_000, 10_000, 5_000)


def main() -> None:
    """Measure every choice on every set."""
    configs = {str(terms): _config(terms) for terms in TERMS}
    MEASURED.write_text(json.dumps({name: measure(name, configs) for name in SETS}, indent=1) + "\n")


def _config(terms: int) -> TrainConfig:
    config = recipes([DEFAULT])[DEFAULT]
    config.features.words.max_terms = terms
    return config


if __name__ == "__main__":
    main()
