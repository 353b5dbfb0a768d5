"""What each block of the featurizer costs, beside what it brings: time of a decision, size of the file, quality.

usage: python docs/blocks.py     (quality.py must have measured llmrouter)

Variants decide the same prompts in turn, and times are given as ratios to the smallest variant: machines differ,
ratios hold. The quality is that of docs/quality.py.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from quality import ABLATION, MEASURED, PAGE, data, recipes
from quality_tables import table, write_between

from pointsman.graph import Graph
from pointsman_train.data import Floats
from pointsman_train.split.split import Split
from pointsman_train.study.folds import k_fold
from pointsman_train.train.assemble import router_graph
from pointsman_train.train.stage import train

SET = "llmrouter"
BLOCKS = Path(__file__).resolve().parent / "measured" / "blocks.json"
WORDS = (20, 200, 2_000)
RUNS = 300
FIGURES = ("hull_gain", "auc_macro", "log_loss")


def main() -> None:
    """Train the variants, time them, write the figures and the table."""
    prepared = data(SET)
    fold = k_fold(prepared.split.group, 5, np.random.default_rng(0))[0]
    split = Split(np.where(fold.train, 0, 2), prepared.split.group, "")
    files = {}
    for name, config in recipes(ABLATION).items():
        config.features.embedding.columns = False  # the columns only serve other formulations
        files[name] = router_graph(train(prepared.labelled, split, 5, config)).SerializeToString()
    times = timed({name: Graph(content) for name, content in files.items()}, prepared.labelled.outcomes.prompt)
    quality = json.loads(MEASURED.read_text())[SET]["figures"]
    measured = {
        name: {"megabytes": round(len(files[name]) / 1e6, 2), "p50_us": times[name], "quality": quality.get(name, {})}
        for name in files
    }
    BLOCKS.write_text(json.dumps(measured, indent=1) + "\n")
    write_between(PAGE, "blocks", _table(measured))


def timed(graphs: dict[str, Graph], prompts: Any) -> dict[str, list[float]]:
    """Median time of one decision in microseconds, for prompts of each length, the variants taking turns."""
    words = " ".join(prompts).split()
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {name: [] for name in graphs}
    for length in WORDS:
        starts = rng.integers(0, len(words) - length, RUNS)
        runs: dict[str, Floats] = {name: np.empty(RUNS) for name in graphs}
        for i, start in enumerate(starts):
            text = " ".join(words[start : start + length])
            for name, graph in graphs.items():
                begin = time.perf_counter()
                graph.predict([text])
                runs[name][i] = time.perf_counter() - begin
        for name in graphs:
            found[name].append(round(float(np.median(runs[name])) * 1e6, 1))
    return found


def _table(measured: dict[str, Any]) -> str:
    least = next(iter(measured.values()))["p50_us"]
    head = ["blocks", "HG", "AUC", "log loss", *(f"us at {n:,} words (ratio)" for n in WORDS), "file, MB"]
    rows = []
    for name, one in measured.items():
        figures = [f"{one['quality'][figure][0]:.4f}" if figure in one["quality"] else "" for figure in FIGURES]
        times = [f"{t:.0f} ({t / base:.2f})" for t, base in zip(one["p50_us"], least, strict=True)]
        shown = "surface, words, vectors, neighbours" if name == "pooled" else name
        rows.append([shown, *figures, *times, str(one["megabytes"])])
    return table(head, rows)


if __name__ == "__main__":
    main()
