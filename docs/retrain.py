"""What a service's own log teaches the next router, beside outcomes that were asked for.

usage: python docs/retrain.py              (about fifteen minutes; writes docs/measured/retrain.json and the table)
       python docs/retrain.py --tables     (only writes the table of docs/collecting.md, from what was measured)

Three tenths of each open set are put aside, with all their outcomes. Of the rest a part is asked of every model and
teaches a first router, which then serves the others: each has the outcome of the model it was sent to, and a tenth of
the close calls went to a neighbouring rung. The next router is trained on what was asked alone, with the log, whose
prompts teach words alone or as if they had been asked, with a part of the log's prompts that is asked of every model,
and on everything; each is judged on what was put aside.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from ladder import DOCS, PAGE, POINT, Row, measure_all, one, put_aside
from quality_recipes import DEFAULT, recipes
from quality_tables import table, write_between

from pointsman.guard import served
from pointsman_train.data import Bools, Ints
from pointsman_train.evaluate.stage import Judged
from pointsman_train.evaluate.testset import BOUNDARY_MARGIN
from pointsman_train.label import LabelConfig, label
from pointsman_train.label.apart import ALL, WORDS
from pointsman_train.label.labels import Labelled
from pointsman_train.split.split import Split
from pointsman_train.study.crossfit import Shared
from pointsman_train.study.folds import hold_out
from pointsman_train.train.stage import train

# The part of the rest that every model was asked about, by set: some eight hundred to a thousand prompts.
ASKED = {"llmrouter": 0.2, "zeroeval": 0.5, "routellm": 0.1}
ASKED_AGAIN, EXPLORE, DRAWS = 0.1, 0.1, 4
MEASURED = DOCS / "measured" / "retrain.json"


def main() -> None:
    """Measure every set, and write as it goes."""
    measure_all(measure, ASKED, DRAWS, MEASURED)
    write_between(PAGE, "retrain", page_table(json.loads(MEASURED.read_text())))


def measure(name: str, draw: int) -> list[Row]:
    """Train on each kind of outcomes of one draw, and judge on what was put aside."""
    labelled, group, rest, aside = put_aside(name, draw)
    (some,) = hold_out(group, ASKED[name], np.random.default_rng(1_000 + draw))
    (more,) = hold_out(group, ASKED_AGAIN, np.random.default_rng(2_000 + draw))
    asked, again = rest & some.test, rest & (some.test | more.test)
    sent = sent_to(first_router(labelled, group, asked), np.random.default_rng(draw))
    kinds: dict[str, tuple[Bools, str | None]] = {
        "asked": (asked, None),
        "asked, and the log": (asked, WORDS),
        "asked, and the log as if asked": (asked, ALL),
        "asked more (a tenth of the log)": (again, None),
        "asked more (a tenth of the log), and the log": (again, WORDS),
        "all asked": (rest, None),
    }
    rows = []
    for kind, (known, teaches) in kinds.items():
        taught = labelled if teaches is None else with_log(labelled, known, sent, teaches)
        part, share = known if teaches is None else rest, float(known.sum() / rest.sum())
        row: Row = {"set": name, "draw": draw, "taught": kind, "prompts": int(part.sum()), "asked": round(share, 4)}
        rows.append(row | one(taught, labelled, group, part, aside, draw))
        sys.stdout.write(json.dumps(rows[-1]) + "\n")
        sys.stdout.flush()
    return rows


def first_router(labelled: Labelled, group: Ints, asked: Bools) -> Judged:
    """Train on what was asked, and say what the router predicts of every prompt."""
    shared = Shared()
    split = Split(np.where(asked, 0, -1), group, "")
    router = train(labelled, split, 5, recipes([DEFAULT])[DEFAULT], featurize=shared.fit)
    return shared.judge(router, labelled.outcomes.prompt)


def with_log(labelled: Labelled, asked: Bools, sent: Ints, teaches: str) -> Labelled:
    """Keep of the prompts that were not asked the outcome of the model that the router sends them to."""
    outcomes = labelled.outcomes
    known = asked[:, None] | (np.arange(len(outcomes.models)) == sent[:, None])
    served = replace(
        outcomes,
        score=np.where(known, outcomes.score, np.nan),
        trials=np.where(known, outcomes.trials, 0),
        cost_usd=np.where(known, outcomes.cost_usd, np.nan),
        logged=known & ~asked[:, None] & ~np.isnan(outcomes.score),
    )
    return label(served, LabelConfig(ladder=list(labelled.models), logged=teaches))


def sent_to(judged: Judged, rng: np.random.Generator) -> Ints:
    """Rung that each prompt is served by, with exploration as :mod:`pointsman.dispatch.explore` has it."""
    rule, anchor = judged.rules[judged.default], int(np.argmax(judged.mean_score))
    choices = served(rule, judged.p_success, judged.p_label, judged.mean_cost, anchor, judged.guard, judged.similarity)
    sent, last = choices.chosen.copy(), judged.p_success.shape[1] - 1
    explored = (choices.margin < BOUNDARY_MARGIN) & (rng.random(len(sent)) < EXPLORE)
    for i in np.flatnonzero(explored).tolist():
        sent[i] = rng.choice([rung for rung in (sent[i] - 1, sent[i] + 1) if 0 <= rung <= last])
    return sent


def page_table(found: Sequence[Row]) -> str:
    """One row for each set and kind of outcomes, means over the draws with their standard errors."""
    kinds = dict.fromkeys((row["set"], row["taught"]) for row in found)
    head = ["data", "taught by", "prompts", "price", "hull gain", "log loss", f"`{POINT}`: score lost", "cost"]
    return table(head, [_cells([row for row in found if (row["set"], row["taught"]) == kind]) for kind in kinds])


def _cells(draws: Sequence[Row]) -> list[str]:
    def mean(values: Sequence[float]) -> str:
        return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) / np.sqrt(len(values)):.3f}"

    return [
        draws[0]["set"],
        draws[0]["taught"],
        f"{np.mean([row['prompts'] for row in draws]):,.0f}",
        f"{np.mean([row['asked'] for row in draws]):.0%}",
        mean([row["hull_gain"] for row in draws]),
        mean([row["log_loss"] for row in draws]),
        mean([row[POINT]["lost"] for row in draws]),
        f"{np.mean([row[POINT]['cost_share'] for row in draws]):.0%}",
    ]


if __name__ == "__main__":
    main()
