"""What a router loses when its outcomes were collected up a ladder, and what the probabilities of asking mend.

usage: python docs/ladder.py              (about twelve minutes; writes docs/measured/ladder.json and the table)
       python docs/ladder.py --tables     (only writes the table of docs/collecting.md, from what was measured)

Three tenths of each open set are put aside, with all their outcomes. Of the rest only those are kept that the plan of
``pointsman-collect`` would have asked for; a router is trained on them with the probabilities and without, and on all
of them, and judged on what was put aside. The run's own figures, from its own test part, are compared with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from quality import data
from quality_recipes import DEFAULT, recipes
from quality_tables import table, write_between

from pointsman_train.collect.plan import Plan
from pointsman_train.data import Bools, Floats, Ints, Outcomes
from pointsman_train.datasets.selected import stands_for
from pointsman_train.evaluate.bootstrap import weights_of
from pointsman_train.evaluate.complete import complete_rows, take_testset
from pointsman_train.evaluate.figures import evaluate, point_figures
from pointsman_train.evaluate.stage import EvaluateConfig, judge, points_of, router_of
from pointsman_train.evaluate.testset import BOUNDARY_MARGIN
from pointsman_train.label import LabelConfig, label
from pointsman_train.label.labels import Labelled
from pointsman_train.split.split import Split
from pointsman_train.study.crossfit import Shared
from pointsman_train.study.folds import hold_out
from pointsman_train.train.stage import train

SETS = ("llmrouter", "zeroeval", "routellm")
EXPLORE, DRAWS = (0.1, 0.3), 3
DOCS = Path(__file__).resolve().parent
MEASURED, PAGE = DOCS / "measured" / "ladder.json", DOCS / "collecting.md"
POINT = "balanced"
TOLD = ("hull_gain", "quality", "boundary_accuracy", "cost_saving", "under_routing_rate")

Row: TypeAlias = dict[str, Any]


def main() -> None:
    """Measure every set, and write as it goes."""
    measure_all(measure, SETS, DRAWS, MEASURED)
    write_between(PAGE, "ladder", page_table(json.loads(MEASURED.read_text())))


def measure_all(measure: Callable[[str, int], list[Row]], sets: Iterable[str], draws: int, out: Path) -> None:
    """Measure each draw of each set, unless only tables are wanted, and write as it goes."""
    found: list[Row] = []
    for name, draw in [] if "--tables" in sys.argv else product(sets, range(draws)):
        found += measure(name, draw)
        out.write_text(json.dumps(found, indent=1) + "\n")


def put_aside(name: str, draw: int) -> tuple[Labelled, Ints, Bools, Bools]:
    """Put three tenths of a set aside; returns outcomes and groups, and masks of the rest and of what is aside."""
    prepared = data(name)
    labelled, group = prepared.labelled, prepared.split.group
    whole = complete_rows(labelled, np.ones(len(group), bool))
    (fold,) = hold_out(group, 0.3, np.random.default_rng(draw))
    return labelled, group, fold.train & whole, fold.test & whole


def measure(name: str, draw: int) -> list[Row]:
    """Train on each collection of one draw, and judge on what was put aside."""
    labelled, group, rest, aside = put_aside(name, draw)
    collections: dict[str, Labelled] = {"all": labelled}
    for explore in EXPLORE:
        outcomes = climbed(labelled, Plan("ladder", explore, draw))
        config = LabelConfig(ladder=list(labelled.models))
        collections[f"ladder {explore:g}"] = label(outcomes, config)
        collections[f"ladder {explore:g}, no probabilities"] = label(replace(outcomes, stands_for=None), config)
    paid = {kind: spent(collected, labelled, rest) for kind, collected in collections.items()}
    rows: list[Row] = []
    for kind, collected in collections.items():
        asked = float((~np.isnan(collected.success[rest])).mean())
        row = {"set": name, "draw": draw, "collected": kind, "asked": round(asked, 4), "paid": round(paid[kind], 4)}
        rows.append(row | one(collected, labelled, group, rest, aside, draw))
        _say(rows[-1])
    for explore in EXPLORE:
        share = paid[f"ladder {explore:g}"]
        (some,) = hold_out(group, share, np.random.default_rng(1_000 + draw))
        row = {
            "set": name,
            "draw": draw,
            "collected": f"all, for the price of ladder {explore:g}",
            "asked": share,
            "paid": share,
        }
        rows.append(row | one(labelled, labelled, group, rest & some.test, aside, draw))
        _say(rows[-1])
    return rows


def spent(collected: Labelled, truth: Labelled, rest: Bools) -> float:
    """Share of the cost of asking every model about every prompt."""
    asked, cost = ~np.isnan(collected.success[rest]), truth.outcomes.cost_usd[rest]
    return float(np.nansum(np.where(asked, cost, 0.0)) / np.nansum(cost))


def climbed(labelled: Labelled, plan: Plan) -> Outcomes:
    """Keep the outcomes that the plan asks for, with the probability of each."""
    outcomes = labelled.outcomes
    asked = np.zeros(outcomes.score.shape, bool)
    probability = np.ones(outcomes.score.shape)
    for i, prompt_id in enumerate(outcomes.prompt_id):
        scores: list[float | None] = []
        for m in range(len(outcomes.models)):
            if not plan.goes_on(prompt_id, scores, 0.5):
                break
            asked[i, m], probability[i, m] = True, plan.probability(scores, 0.5)
            scores.append(float(outcomes.score[i, m]))
    score = np.where(asked, outcomes.score, np.nan)
    return replace(
        outcomes,
        score=score,
        trials=np.where(asked, outcomes.trials, 0),
        cost_usd=np.where(asked, outcomes.cost_usd, np.nan),
        stands_for=stands_for(probability, ~np.isnan(score)),
    )


def one(collected: Labelled, truth: Labelled, group: np.ndarray, rest: Bools, aside: Bools, draw: int) -> Row:
    """Train on one collection; its own figures, and those on what was put aside."""
    (own,) = hold_out(group, 0.2, np.random.default_rng(100 + draw))
    split = Split(np.where(rest & ~own.test, 0, np.where(rest, 2, -1)), group, "")
    shared = Shared()
    router = train(collected, split, 5, recipes([DEFAULT])[DEFAULT], featurize=shared.fit)

    def texts(mask: Bools) -> list[str]:
        return [truth.outcomes.prompt[i] for i in np.flatnonzero(mask).tolist()]

    judged = shared.judge(router, texts(aside))
    testset, _ = take_testset(truth, group, aside, judged.mean_cost, judged.mean_score, BOUNDARY_MARGIN)
    weights = weights_of(testset, resamples=200)
    found = evaluate(testset, router_of(testset, judged), weights)
    row: Row = {
        "mean_score": _rounded(judged.mean_score),
        "true_score": _rounded(testset.score.mean(axis=0)),
    }
    row |= {"best": router.models[router.best_single], "hull_gain": _rounded(found["hull_gain"].value)}
    row["log_loss"] = _rounded(found["log_loss"].value)
    row["boundary_accuracy_half_cost"] = _rounded(found["boundary_accuracy_half_cost"].value)
    best = testset.score.mean(axis=0).max()
    for name, point in points_of(testset, judged).items():
        figures = point_figures(testset, point, weights)
        row[name] = {
            "lost": _rounded(best - figures["quality"].value),
            "cost_share": _rounded(figures["dearest_cost_share"].value),
        }
    test = split.rows("test")
    told = judge(collected, group, test, Shared().judge(router, texts(test)), EvaluateConfig(resamples=400))
    for name in TOLD:
        own_figure = told.figures[name]
        row[f"told_{name}"] = [_rounded(x) for x in (own_figure.value, own_figure.low, own_figure.high)]
        row[f"true_{name}"] = _rounded(found[name].value)
    return row


def page_table(found: Sequence[Row]) -> str:
    """One row for each set and way of collecting, means over the draws with their standard errors."""
    kinds = dict.fromkeys((row["set"], row["collected"]) for row in found)
    head = [
        "data",
        "collected",
        "price",
        "hull gain",
        f"`{POINT}`: score lost",
        "cost",
        "quality told",
        "it was",
        "held",
    ]
    return table(head, [_cells([row for row in found if (row["set"], row["collected"]) == kind]) for kind in kinds])


def _cells(draws: Sequence[Row]) -> list[str]:
    def mean(values: Sequence[float], digits: int = 3) -> str:
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        return f"{np.mean(values):.{digits}f} ± {error:.{digits}f}"

    held = [row[f"told_{name}"][1] <= row[f"true_{name}"] <= row[f"told_{name}"][2] for row in draws for name in TOLD]
    return [
        draws[0]["set"],
        draws[0]["collected"],
        f"{np.mean([row['paid'] for row in draws]):.0%}",
        mean([row["hull_gain"] for row in draws]),
        mean([row[POINT]["lost"] for row in draws]),
        f"{np.mean([row[POINT]['cost_share'] for row in draws]):.0%}",
        f"{np.mean([row['told_quality'][0] for row in draws]):.3f}",
        f"{np.mean([row['true_quality'] for row in draws]):.3f}",
        f"{sum(held)} of {len(held)}",
    ]


def _say(row: Row) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def _rounded(value: float | Floats) -> Any:
    return np.round(np.asarray(value, np.float64), 4).tolist()


if __name__ == "__main__":
    main()
