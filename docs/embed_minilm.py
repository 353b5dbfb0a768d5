"""Embed the prompts of open sets with MiniLM, so that docs/quality.py has it among its baselines.

usage: python docs/embed_minilm.py FOLDER [SET ...]     (default: llmrouter and zeroeval)

It needs sentence-transformers, which this project does not install, and a folder with the model all-MiniLM-L6-v2. It
imports nothing of the project, so any environment will do. Writes runs/minilm/SET.npz: prompt ids and embeddings.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sentence_transformers import SentenceTransformer

ROOT = Path(__file__).resolve().parent.parent


def main(folder: str, names: list[str]) -> None:
    """Embed each set."""
    model = SentenceTransformer(folder, device="cpu")
    source = Path(os.environ.get("POINTSMAN_OPEN_DATA", ROOT.parent / "shared" / "data"))
    out = ROOT / "runs" / "minilm"
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        prompts = pd.read_parquet(source / name / "prompts.parquet", columns=["prompt_id", "prompt"])
        vectors = model.encode(prompts["prompt"].tolist(), batch_size=32, normalize_embeddings=True)
        partial = out / f"{name}.partial.npz"
        np.savez_compressed(partial, prompt_id=prompts["prompt_id"].to_numpy(str), embedding=vectors)
        partial.replace(out / f"{name}.npz")
        sys.stderr.write(f"{name}: {vectors.shape}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or ["llmrouter", "zeroeval"])
