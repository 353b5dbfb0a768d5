"""Train and judge every recipe on the open data sets, round by round, and write the tables of docs/quality.md.

usage: python docs/quality.py [PROTOCOL ...]     (default: all; finished rounds are kept in runs/quality and not redone)
       python docs/quality.py --tables           (only write the tables, from the rounds that are finished)

Nothing is chosen by these figures: the recipes are the configuration's own, the same for all sets.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from composed import settings
from quality_outside import Margins, embedded_logistic, embedded_neighbours, outside_round, tfidf
from quality_recipes import ABLATION, DEFAULT, EVERY_SEED, FORMULATIONS, TFIDF, VARIANTS, recipes
from quality_rounds import load_rounds, save_rounds
from quality_tables import measure, write_page

from pointsman_train.data import Bools
from pointsman_train.engine import Prepared
from pointsman_train.local_engine import prepare
from pointsman_train.study.crossfit import Crossfit, Round, run_round
from pointsman_train.study.folds import Fold, hold_out, k_fold, sources_left_out

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = ROOT / "runs" / "quality"
MEASURED = ROOT / "docs" / "measured" / "quality.json"
PAGE = ROOT / "docs" / "quality.md"
RESAMPLES = 1_000
SEEDS = (0, 1, 2)

MINILM = {"MiniLM, logistic regression": embedded_logistic, "MiniLM, 50 neighbours": embedded_neighbours}
EMBEDDED = ROOT / "runs" / "minilm"


@dataclass(frozen=True)
class Protocol:
    """Rounds on one set.

    Attributes
    ----------
    data
        Name of the open set.
    folds
        Makes the rounds from the prepared data, with the recipes of each.
    """

    data: str
    folds: Callable[[Prepared], list[tuple[Fold, Sequence[str]]]]


def _crossed(prepared: Prepared) -> list[tuple[Fold, Sequence[str]]]:
    return [
        (replace(fold, name=f"seed {seed}, fold {fold.name}"), _recipes_of(seed))
        for seed in SEEDS
        for fold in k_fold(prepared.split.group, 5, np.random.default_rng(seed))
    ]


def _held_out(prepared: Prepared) -> list[tuple[Fold, Sequence[str]]]:
    return [
        (replace(fold, name=f"seed {seed}"), _recipes_of(seed))
        for seed in SEEDS
        for fold in hold_out(prepared.split.group, 0.2, np.random.default_rng(seed))
    ]


def _recipes_of(seed: int, blocks: bool = False) -> Sequence[str]:
    more = (*FORMULATIONS, *VARIANTS, *(ABLATION if blocks else ()))
    return tuple(dict.fromkeys((*EVERY_SEED, *more))) if seed == 0 else EVERY_SEED


def _crossed_with_blocks(prepared: Prepared) -> list[tuple[Fold, Sequence[str]]]:
    return [
        (fold, _recipes_of(0, blocks=True) if fold.name.startswith("seed 0") else names)
        for fold, names in _crossed(prepared)
    ]


def _sources(prepared: Prepared) -> list[tuple[Fold, Sequence[str]]]:
    outcomes = prepared.labelled.outcomes
    return [(fold, (DEFAULT, "neighbours")) for fold in sources_left_out(outcomes.source, prepared.split.group)]


def _mmlu(prepared: Prepared) -> Bools:
    return np.array([source.startswith("mmlu/") for source in prepared.labelled.outcomes.source])


def _few_labels(prepared: Prepared) -> list[tuple[Fold, Sequence[str]]]:
    """Train on 1,500 labels of MMLU, judge on the rest of it; near-duplicates of the training prompts are left out."""
    mmlu, group = _mmlu(prepared), prepared.split.group
    rounds = []
    for seed in SEEDS:
        drawn = np.random.default_rng(seed).permutation(np.flatnonzero(mmlu))[:1_500]
        train = np.zeros(len(mmlu), bool)
        train[drawn] = True
        rounds.append((Fold(f"draw {seed}", train, mmlu & ~np.isin(group, group[train])), (DEFAULT, "neighbours")))
    return rounds


def _subjects(prepared: Prepared) -> list[tuple[Fold, Sequence[str]]]:
    """Leave a fifth of MMLU's subjects out of training at a time."""
    mmlu, source = _mmlu(prepared), np.array(prepared.labelled.outcomes.source)
    subjects = np.random.default_rng(0).permutation(np.unique(source[mmlu]))
    rounds = []
    for k, names in enumerate(np.array_split(subjects, 5)):
        test = np.isin(source, names)
        train = ~np.isin(prepared.split.group, prepared.split.group[test])
        rounds.append((Fold(f"subjects {k}", train, test), (DEFAULT, "neighbours")))
    return rounds


PROTOCOLS = {
    "llmrouter": Protocol("llmrouter", _crossed_with_blocks),
    "zeroeval": Protocol("zeroeval", _crossed),
    "mmlu_pro": Protocol("mmlu_pro", _held_out),
    "routellm": Protocol("routellm", _held_out),
    "llmrouter, sources left out": Protocol("llmrouter", _sources),
    "mmlu_pro, sources left out": Protocol("mmlu_pro", _sources),
    "routellm, 1,500 labels": Protocol("routellm", _few_labels),
    "routellm, subjects left out": Protocol("routellm", _subjects),
}


@cache
def data(name: str) -> Prepared:
    """Load, label and group one open set, without the rows that its own papers leave out."""
    config = settings(f"experiment={name}")
    prepared = prepare(config)
    return _take(prepared, np.isin(prepared.labelled.outcomes.prompt_id, list(_kept(name, config.dataset))))


def _kept(name: str, dataset: object) -> set[str]:
    prompts = pd.read_parquet(str(getattr(dataset, "prompts")))  # noqa: B009
    kept = {
        "llmrouter": lambda table: ~table.leaked_in_train.fillna(False).astype(bool),
        "zeroeval": lambda table: table.benchmark.isin(["gsm", "crux", "math-l5"]),
        "routellm": lambda table: table.split != "contaminated",
    }.get(name, lambda table: pd.Series(True, index=table.index))
    return set(prompts.prompt_id[kept(prompts)])


def _take(prepared: Prepared, rows: Bools) -> Prepared:
    labelled, parts = prepared.labelled, prepared.split
    kept = replace(
        labelled,
        outcomes=labelled.outcomes.take(rows),
        success=labelled.success[rows],
        label=labelled.label[rows],
        reason=tuple(why for why, keep in zip(labelled.reason, rows, strict=True) if keep),
    )
    return Prepared(kept, replace(parts, part=parts.part[rows], group=parts.group[rows]))


def run(name: str) -> None:
    """Run what is not finished yet: rounds, and recipes of a round that were added later."""
    protocol = PROTOCOLS[name]
    prepared = data(protocol.data)
    group, rounds = prepared.split.group, protocol.folds(prepared)
    for number, (fold, wanted) in enumerate(rounds, start=1):
        # MiniLM is a baseline where the prompts are embedded, wherever scikit-learn's TF-IDF is one.
        wanted = [*wanted, *(set(outside(protocol.data)) - {TFIDF} if TFIDF in wanted else ())]
        there = {recipe for path in _files(name, fold) for recipe in load_rounds(path)}
        missing = [recipe for recipe in wanted if recipe not in there]
        if not missing:
            continue
        start = time.monotonic()
        others = outside(protocol.data)
        ours = recipes([recipe for recipe in missing if recipe not in others])
        found = dict(run_round(prepared.labelled, group, fold, ours)) if ours else {}
        for recipe in set(missing) & set(others):
            found[recipe] = outside_round(prepared.labelled, group, fold, others[recipe])
        numbers = [int(path.stem.rpartition(".")[2]) for path in _files(name, fold)]
        save_rounds(_folder(name) / f"{_stem(fold)}.{max(numbers, default=-1) + 1}.npz", found)
        sys.stderr.write(f"{name}: {number} of {len(rounds)}, {fold.name}: {time.monotonic() - start:.0f} s\n")


@cache
def outside(name: str) -> Mapping[str, Margins]:
    """Baselines that are not of this project; those on MiniLM where ``docs/embed_minilm.py`` has embedded the set."""
    labelled = data(name).labelled
    found = {TFIDF: tfidf(labelled)}
    path = EMBEDDED / f"{name}.npz"
    if path.is_file():
        with np.load(path, allow_pickle=False) as kept:
            at = {prompt_id: i for i, prompt_id in enumerate(kept["prompt_id"].tolist())}
            embedding = kept["embedding"][[at[prompt_id] for prompt_id in labelled.outcomes.prompt_id]]
        found |= {recipe: make(embedding.astype(np.float64)) for recipe, make in MINILM.items()}
    return found


def _folder(name: str) -> Path:
    return ROUNDS / name.replace(", ", "-").replace(" ", "_")


def _stem(fold: Fold) -> str:
    return fold.name.replace("/", "-")


def _files(name: str, fold: Fold) -> list[Path]:
    return sorted(_folder(name).glob(f"{_stem(fold)}.*npz"))


def finished(name: str) -> dict[str, Crossfit]:
    """Pool the finished rounds of a protocol, by recipe."""
    rounds: dict[str, list[Round]] = {}
    for path in sorted(_folder(name).glob("*.npz")):
        for recipe, one in load_rounds(path).items():
            rounds.setdefault(recipe, []).append(one)
    return {recipe: Crossfit(tuple(found)) for recipe, found in rounds.items()}


def main(arguments: list[str]) -> None:
    """Run what is asked for, then write the figures and the tables."""
    unknown = set(arguments) - set(PROTOCOLS)
    if arguments != ["--tables"] and unknown:
        raise SystemExit(f"no such protocol: {sorted(unknown)!r}; there are {list(PROTOCOLS)!r}\n\n{__doc__}")
    if arguments != ["--tables"]:
        for name in arguments or PROTOCOLS:
            run(name)
    measured = {name: measure(name, found) for name in PROTOCOLS if (found := finished(name))}
    MEASURED.write_text(json.dumps(measured, indent=1) + "\n")
    write_page(measured, PAGE)


if __name__ == "__main__":
    os.chdir(ROOT)
    main(sys.argv[1:])
