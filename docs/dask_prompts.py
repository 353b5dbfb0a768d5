"""Prompts for measuring the Dask engine: any number, mixed from those of the embedded set, in folders of Parquet files.

Apart from ``resampled.py``, whose imports would count in the driver's memory that is measured.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pointsman_train.paths import data_dir

# Prompts of a file.
PART = 2_000


def make(folder: Path, prompts: int) -> None:
    """Write prompts and outcomes as folders of Parquet files, a part's worth of prompts in each."""
    texts = pd.read_parquet(data_dir() / "fleet" / "prompts.parquet").set_index("prompt_id")
    outcomes = pd.read_parquet(data_dir() / "fleet" / "outcomes.parquet")
    texts = texts.loc[outcomes["prompt_id"].unique()]
    for kind in ("prompts", "outcomes"):
        (folder / kind).mkdir(parents=True)
    for i in range(prompts // PART):
        rng = np.random.default_rng(i)
        one, other = (texts.iloc[rng.integers(0, len(texts), PART)] for _ in range(2))
        ids = [f"{i:04d}-{row:04d}" for row in range(PART)]
        halves = [" ".join(words[: len(words) // 2]) for words in other["prompt"].str.split()]
        mixed = one.assign(prompt=one["prompt"].to_numpy() + " " + np.array(halves, object))
        mixed.assign(prompt_id=ids).to_parquet(folder / "prompts" / f"{i}.parquet", index=False)
        of = pd.DataFrame({"prompt_id": one.index, "new": ids}).merge(outcomes, on="prompt_id")
        rows = of.drop(columns="prompt_id").rename(columns={"new": "prompt_id"})
        rows.to_parquet(folder / "outcomes" / f"{i}.parquet", index=False)
