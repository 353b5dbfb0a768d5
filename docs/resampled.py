"""Any number of prompts with outcomes, resampled from real ones, for measuring how work grows with them.

usage: python docs/resampled.py PROMPTS FOLDER [--parts N]

A prompt is the words of a real one of mmlu_pro with every third replaced by words of another, so that no two are
near-duplicates; its outcomes and costs are those of the real one, of five models. Written as long tables in Parquet,
in so many parts, a prompt's outcomes in the same part as its text.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
from quality import data

from pointsman_train.data import Outcomes

SET = "mmlu_pro"
MODELS = 5


def write(prompts: int, folder: Path, parts: int = 1, seed: int = 0) -> None:
    """Write ``prompts/part-*.parquet`` and ``outcomes/part-*.parquet`` with so many prompts in all."""
    outcomes = data(SET).labelled.outcomes
    rng = np.random.default_rng(seed)
    bounds = np.linspace(0, prompts, parts + 1).astype(int)
    for part, (start, stop) in enumerate(itertools.pairwise(bounds.tolist())):
        texts, rows = resampled(outcomes, start, stop, rng)
        for name, table in (("prompts", texts), ("outcomes", rows)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            table.to_parquet(folder / name / f"part-{part:05d}.parquet", index=False)


def resampled(outcomes: Outcomes, start: int, stop: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the prompts numbered from ``start`` to before ``stop``, and their outcomes."""
    drawn = rng.integers(0, len(outcomes), stop - start)
    other = rng.integers(0, len(outcomes), stop - start)
    prompt_id = [f"p{n:09d}" for n in range(start, stop)]
    prompts = pd.DataFrame(
        {
            "prompt_id": prompt_id,
            "prompt": [_mixed(outcomes.prompt[a], outcomes.prompt[b], rng) for a, b in zip(drawn, other, strict=True)],
            "source": [outcomes.source[a] for a in drawn],
        }
    )
    models = np.array(outcomes.models[:MODELS])
    rows = pd.DataFrame(
        {
            "prompt_id": np.repeat(prompt_id, len(models)),
            "model": np.tile(models, len(drawn)),
            "score": outcomes.score[drawn, : len(models)].ravel(),
            "cost_usd": outcomes.cost_usd[drawn, : len(models)].ravel(),
        }
    )
    return prompts, rows


def _mixed(text: str, other: str, rng: np.random.Generator) -> str:
    words, others = np.array(text.split(), object), np.array(other.split(), object)
    swapped = rng.random(len(words)) < 1 / 3
    words[swapped] = rng.choice(others, int(swapped.sum()))
    return " ".join(words)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("prompts", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", type=int, default=1)
    options = parser.parse_args()
    write(options.prompts, options.folder, options.parts)
