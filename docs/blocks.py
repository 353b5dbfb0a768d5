"""What each block of the featurizer costs, beside what it brings: time of a decision, size of the file, quality.

usage: python docs/blocks.py     (quality.py must have measured llmrouter)

Variants decide the same prompts in turn, and times are given as ratios to the smallest variant: machines differ,
ratios hold. The last row is the default as it is served: loaded from its folder, graph, rule and guard included. The
quality is that of docs/quality.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
from composed import settings
from quality import MEASURED, PAGE, data
from quality_recipes import ABLATION, DEFAULT, recipes, without_unseen
from quality_tables import table, write_between

from pointsman import Router
from pointsman.graph import Graph
from pointsman_train.data import Floats
from pointsman_train.pipeline import run_pipeline
from pointsman_train.split.split import Split
from pointsman_train.study.folds import k_fold
from pointsman_train.train.assemble import router_graph
from pointsman_train.train.stage import train

Decide: TypeAlias = Callable[[str], object]

SET = "llmrouter"
BLOCKS = Path(__file__).resolve().parent / "measured" / "blocks.json"
WORDS = (20, 200, 2_000, 20_000)
RUNS = 1_000
FIGURES = ("hull_gain", "auc_macro", "log_loss")
SERVED = f"{DEFAULT}, as served"


def main() -> None:
    """Train the variants, time them, write the figures and the table."""
    prepared = data(SET)
    fold = k_fold(prepared.split.group, 5, np.random.default_rng(0))[0]
    split = Split(np.where(fold.train, 0, 2), prepared.split.group, "")
    decide: dict[str, Decide] = {}
    size: dict[str, int] = {}
    for name, config in recipes((*ABLATION, DEFAULT)).items():
        config.features.embedding.columns = False  # the columns only serve other formulations
        content = router_graph(train(prepared.labelled, split, 5, without_unseen(config))).SerializeToString()
        decide[name], size[name] = _alone(Graph(content)), len(content)
    with TemporaryDirectory() as folder:
        bundle = default_bundle(Path(folder))
        decide[SERVED] = Router.load(bundle).route
        size[SERVED] = sum(path.stat().st_size for path in bundle.iterdir())
        times = timed(decide, prepared.labelled.outcomes.prompt)
    quality = json.loads(MEASURED.read_text())[SET]["figures"]
    measured = {
        name: {
            "megabytes": round(size[name] / 1e6, 2),
            "p50_us": times[name][0],
            "p99_us": times[name][1],
            "quality": quality.get(DEFAULT if name == SERVED else name, {}),
        }
        for name in decide
    }
    BLOCKS.write_text(json.dumps(measured, indent=1) + "\n")
    write_between(PAGE, "blocks", _table(measured))


def default_bundle(folder: Path) -> Path:
    """Make the router that the default settings make of the set."""
    overrides = [f"experiment={SET}", "tracking=none", "evaluate.left_out.enabled=false"]
    config = settings(*overrides, f"export.folder={folder}")
    bundle = run_pipeline(config, folder / "run").bundle
    assert bundle is not None
    return bundle


def _alone(graph: Graph) -> Decide:
    return lambda text: graph.predict([text])


def timed(decide: dict[str, Decide], prompts: Any) -> dict[str, tuple[list[float], list[float]]]:
    """Median and 99th percentile of a decision in microseconds by length of the prompt, the variants taking turns."""
    words = " ".join(prompts).split()
    rng = np.random.default_rng(0)
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in decide}
    for length in WORDS:
        runs: dict[str, Floats] = {name: np.empty(RUNS) for name in decide}
        for i, start in enumerate(rng.integers(0, len(words) - length, RUNS)):
            text = " ".join(words[start : start + length])
            for name, one in decide.items():
                begin = time.perf_counter()
                one(text)
                runs[name][i] = time.perf_counter() - begin
        for name in decide:
            for kept, share in zip(found[name], (0.5, 0.99), strict=True):
                kept.append(round(float(np.quantile(runs[name], share)) * 1e6, 1))
    return found


def _table(measured: dict[str, Any]) -> str:
    least = next(iter(measured.values()))["p50_us"]
    head = ["blocks", "HG", "AUC", "log loss", *(f"us at {n:,} words (ratio)" for n in WORDS), "file, MB"]
    rows = []
    for name, one in measured.items():
        figures = [f"{one['quality'][figure][0]:.4f}" if figure in one["quality"] else "" for figure in FIGURES]
        times = [f"{t:.0f} ({t / base:.2f})" for t, base in zip(one["p50_us"], least, strict=True)]
        shown = "surface, words, task, vectors, neighbours" if name == "pooled" else name
        rows.append([shown, *figures, *times, str(one["megabytes"])])
    return table(head, rows)


if __name__ == "__main__":
    main()
