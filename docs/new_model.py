"""Leave each model out in turn, let it join the pool by anchor prompts alone, and see what that costs.

usage: python docs/new_model.py     (about half an hour; finished models are kept in runs/new_model)

Each model of zeroeval and mmlu_pro has its outcomes on the training prompts taken away but for the anchors. The router
is then judged on a fifth of the prompts that is held out, beside one that knows all outcomes and one that does without
the model. Writes docs/measured/new_model.json and a table in docs/quality.md.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from quality import data
from quality_recipes import without_unseen
from quality_tables import table

from pointsman_train.data import Floats, Ints
from pointsman_train.engine import Prepared
from pointsman_train.evaluate.bootstrap import Weights, estimate, weights_of
from pointsman_train.evaluate.calibration import log_loss
from pointsman_train.evaluate.curve import curve, frame, hull_gain
from pointsman_train.evaluate.discrimination import auc
from pointsman_train.evaluate.router import Router
from pointsman_train.evaluate.sweep import lambda_grid, route
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.label import LabelConfig, label
from pointsman_train.label.labels import Labelled
from pointsman_train.study.anchors import d_optimal
from pointsman_train.study.crossfit import run_round
from pointsman_train.study.folds import Fold, hold_out
from pointsman_train.train.stage import TrainConfig

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "runs" / "new_model"
MEASURED = ROOT / "docs" / "measured" / "new_model.json"
PAGE = ROOT / "docs" / "quality.md"
BEGIN, END = "<!-- new model: begin -->", "<!-- new model: end -->"
SETS = ("zeroeval", "mmlu_pro")
# Others are ("random", 100) and ("d_optimal", 300): in trials the latter told no more than as many at random.
WAYS = {"300 at random": ("random", 300)}
SEED = 0


@dataclass(frozen=True)
class Held:
    """A set with its one round.

    Attributes
    ----------
    margins
        ndarray of shape (n_prompts, n_models): log-odds by a router that knows all outcomes, for the choice of anchors.
    """

    prepared: Prepared
    fold: Fold
    testset: TestSet
    p_success: Floats
    margins: Floats
    weights: Weights


def main() -> None:
    """Measure what is not measured yet, then write."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        models = data(name).labelled.models
        if all((KEPT / f"{name}-{m}.json").is_file() for m in range(len(models))):
            continue
        held = hold(data(name))
        for m, model in enumerate(models):
            path = KEPT / f"{name}-{m}.json"
            if not path.is_file():
                path.write_text(json.dumps({"set": name, "model": model, **measure(held, m)}, indent=1) + "\n")
                sys.stderr.write(f"{name}: {model}\n")
    found = [json.loads(path.read_text()) for name in SETS for path in sorted(KEPT.glob(f"{name}-*.json"))]
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")
    write_table(found)


def hold(prepared: Prepared) -> Held:
    """Train with all outcomes."""
    group = prepared.split.group
    (fold,) = hold_out(group, 0.2, np.random.default_rng(SEED))
    everything = Fold("everything", fold.train, np.ones(len(group), bool))
    _, known = next(run_round(prepared.labelled, group, fold, {"": without_unseen(TrainConfig())}))
    _, inside = next(run_round(prepared.labelled, group, everything, {"": without_unseen(TrainConfig())}))
    p = inside.router.p_success
    margins = np.full((len(group), len(prepared.labelled.models)), np.nan)
    complete = ~np.isnan(prepared.labelled.success).any(axis=1) & (prepared.labelled.label >= 0)
    margins[complete] = np.log(p / (1 - p))
    return Held(prepared, fold, known.testset, known.router.p_success, margins, weights_of(known.testset))


def measure(held: Held, m: int) -> dict[str, object]:
    """Judge one model and of the pool that it joins, by how it is known."""
    without = held.p_success.copy()
    without[:, m] = -1e3  # never chosen
    found = {"all outcomes": figures(held, m, held.p_success), "not in the pool": {"hull_gain": gain(held, without)}}
    for name, (way, count) in WAYS.items():
        labelled = known_on(held, m, anchors(held, m, way, count))
        _, joined = next(run_round(labelled, held.prepared.split.group, held.fold, {"": without_unseen(TrainConfig())}))
        found[name] = figures(held, m, joined.router.p_success)
    return found


def anchors(held: Held, m: int, way: str, count: int) -> Ints:
    """Choose training prompts by what is known of the other models."""
    rows = np.flatnonzero(held.fold.train & ~np.isnan(held.margins).any(axis=1))
    if way == "random":
        return np.random.default_rng([SEED, m]).choice(rows, count, replace=False)
    return rows[d_optimal(np.delete(held.margins[rows], m, axis=1), count)]


def known_on(held: Held, m: int, kept: Ints) -> Labelled:
    """Forget what a model did on the training prompts but for the anchors, and label anew."""
    outcomes = held.prepared.labelled.outcomes
    forget = held.fold.train.copy()
    forget[kept] = False
    score, trials, cost = outcomes.score.copy(), outcomes.trials.copy(), outcomes.cost_usd.copy()
    score[forget, m], trials[forget, m], cost[forget, m] = np.nan, 0, np.nan
    return label(
        replace(outcomes, score=score, trials=trials, cost_usd=cost), LabelConfig(ladder=list(outcomes.models))
    )


def figures(held: Held, m: int, p: Floats) -> dict[str, list[float]]:
    """Measure AUC and log loss of the model, and hull gain of the pool, each with its interval."""
    success = held.testset.success[:, m]
    loss = log_loss(p, held.testset.success)[:, m]
    mean_loss = held.weights @ loss / held.weights.sum(axis=1)
    return {
        "auc": triple(auc(p[:, m], success, held.weights)),
        "log_loss": triple(mean_loss),
        "hull_gain": gain(held, p),
    }


def gain(held: Held, p: Floats) -> list[float]:
    """Measure hull gain against the whole pool's singles and oracle, by probabilities of success alone."""
    router: Router = route(held.testset, p, lambda_grid(held.testset.train_mean_cost), 0.0)
    return triple(hull_gain(curve(held.testset, router, held.weights), frame(held.testset, held.weights)))


def triple(values: Floats) -> list[float]:
    """Return value, low and high."""
    found = estimate(values, len(values))
    return [round(float(each), 4) for each in (found.value, found.low, found.high)]


def write_table(found: list[dict[str, dict[str, list[float]]]]) -> None:
    """Write one row a model, hull gain by how it is known, and its AUC."""
    ways = ["not in the pool", *WAYS, "all outcomes"]
    head = ["set", "model", *(f"HG, {way}" for way in ways), *(f"AUC, {way}" for way in ways[1:])]
    rows = [
        [str(one["set"]), str(one["model"])]
        + [cell(one[way]["hull_gain"]) for way in ways]
        + [cell(one[way]["auc"]) for way in ways[1:]]
        for one in found
    ]
    means = [mean_row(found, name, ways) for name in SETS]
    text = PAGE.read_text()
    start, stop = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(f"{text[:start]}\n{table(head, rows + means)}\n{text[stop:]}")


def mean_row(found: list[dict[str, dict[str, list[float]]]], name: str, ways: list[str]) -> list[str]:
    """Average over the models of a set; they share their test prompts, so there is no interval."""
    of_set = [one for one in found if one["set"] == name]
    gains = [np.mean([one[way]["hull_gain"][0] for one in of_set]) for way in ways]
    areas = [np.mean([one[way]["auc"][0] for one in of_set]) for way in ways[1:]]
    return [name, "**mean**", *(f"{value:.3f}" for value in [*gains, *areas])]


def cell(found: list[float]) -> str:
    """Write a figure."""
    value, low, high = found
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
