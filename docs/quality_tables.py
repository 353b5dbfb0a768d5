"""The figures of the quality study, and the page that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from quality_recipes import DEFAULT

from pointsman_train.evaluate.baselines import random_mix, source_oracle
from pointsman_train.evaluate.bootstrap import Estimate, Weights, paired_difference, weights_of
from pointsman_train.evaluate.figures import evaluate
from pointsman_train.evaluate.router import Blend, Router
from pointsman_train.evaluate.sweep import lambda_grid, route
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.study.crossfit import Crossfit, Round, reordered

RESAMPLES = 1_000
SHOWN = (
    "hull_gain",
    "cs90",
    "auc_macro",
    "log_loss",
    "ece",
    "boundary_accuracy_half_cost",
    "quality_gain",
    "cost_saving",
    "under_routing_rate",
    "unfamiliar_share",
    "apgr_binned",
    "cpt50_binned",
    "cpt80_binned",
)
# Changes of one part, each beside the formulation that it was made to.
_CHANGED = ("threshold rule", "conservative rule", "platt", "isotonic", "not calibrated")
_SERVED_OF = (DEFAULT, "guard off", "pooled", "threshold rule", "conservative rule")
PAIRED = ("hull_gain", "auc_macro", "boundary_accuracy_half_cost", "log_loss")
HEAD = {
    "hull_gain": "HG",
    "cs90": "CS90",
    "auc_macro": "AUC",
    "log_loss": "log loss",
    "ece": "ECE",
    "boundary_accuracy_half_cost": "boundary acc. at half cost",
}
TWO_MODELS = {"apgr_binned": "APGR", "cpt50_binned": "CPT50", "cpt80_binned": "CPT80"}
SERVED = {
    "quality_gain": "score against the best single",
    "cost_saving": "cost saved",
    "unfamiliar_share": "guard fires",
}

Figures = Mapping[str, list[float | None]]


def measure(protocol: str, found: Mapping[str, Crossfit]) -> dict[str, Any]:
    """Compute the figures of every recipe, of two baselines, and the default's paired differences to each."""
    measured = _measure(found)
    if protocol.startswith("routellm"):
        measured["parts"] = {
            name: _measure(_part(found, keep)) for name, keep in _PARTS.items() if protocol == "routellm"
        }
    return measured


_PARTS: Mapping[str, Callable[[str], bool]] = {
    "MMLU": lambda source: source.startswith("mmlu/"),
    "GSM8K": lambda source: source == "gsm8k",
}


def _measure(found: Mapping[str, Crossfit]) -> dict[str, Any]:
    default = found[DEFAULT]
    weights = {len(c.rounds): weights_of(c.testset, resamples=RESAMPLES) for c in found.values()}
    of_default = {n: _first(default, n).figures(w) for n, w in weights.items()}
    figures = {name: c.figures(weights[len(c.rounds)]) for name, c in found.items()}
    figures |= _rivals(default, weights[len(default.rounds)])
    rounds = {name: len(c.rounds) for name, c in found.items()}
    return {
        "prompts": len(default.testset),
        "rounds": rounds,
        "figures": {name: _plain(all_of, SHOWN) for name, all_of in figures.items()},
        "default_less": {
            name: _plain(_differences(of_default[rounds.get(name, len(default.rounds))], all_of), PAIRED)
            for name, all_of in figures.items()
            if name != DEFAULT
        },
    }


def _first(crossfit: Crossfit, rounds: int) -> Crossfit:
    return Crossfit(crossfit.rounds[:rounds])


def _rivals(default: Crossfit, weights: Weights) -> dict[str, Mapping[str, Estimate]]:
    testset = default.testset
    grid = lambda_grid(testset.train_mean_cost)
    routers = {
        "random mix": random_mix(testset, 0.0),
        "half cheapest, half best single": _half_and_half(testset),
        "source oracle": source_oracle(testset, grid, 0.0),
        "guard off": Crossfit(tuple(map(_unguarded, default.rounds))).router,
        "no caution": Crossfit(tuple(map(_without_caution, default.rounds))).router,
    }
    return {name: evaluate(testset, router, weights) for name, router in routers.items()}


def _half_and_half(testset: TestSet) -> Router:
    share = np.zeros(len(testset.models))
    share[0] += 0.5
    share[testset.best_single] += 0.5
    return Router((Blend(share),), Blend(share), 0.0)


def _without_caution(one: Round) -> Round:
    """Sweep the same probabilities without the price of under-routing."""
    assert one.router.p_success is not None
    grid = lambda_grid(one.testset.train_mean_cost)
    swept = route(one.testset, one.router.p_success, grid, one.router.default_lambda)
    return replace(one, router=replace(one.router, sweep=swept.sweep, default=swept.default))


def _unguarded(one: Round) -> Round:
    """Take the default point of a round from its sweep, which is without the guard."""
    router = one.router
    grid = lambda_grid(one.testset.train_mean_cost)
    point = router.sweep[int(np.argmin(np.abs(grid - router.default_lambda)))]
    return replace(one, router=replace(router, default=point, unfamiliar=None))


def _part(found: Mapping[str, Crossfit], keep: Callable[[str], bool]) -> dict[str, Crossfit]:
    wanted = {name: found[name] for name in (DEFAULT, "neighbours", "logistic", "mlp") if name in found}
    return {name: Crossfit(tuple(_rows(one, keep) for one in c.rounds)) for name, c in wanted.items()}


def _rows(one: Round, keep: Callable[[str], bool]) -> Round:
    rows = np.flatnonzero([keep(source) for source in one.testset.source])
    return Round(one.testset.take(rows), reordered(one.router, rows))


def _differences(a: Mapping[str, Estimate], b: Mapping[str, Estimate]) -> dict[str, Estimate]:
    return {name: paired_difference(a[name], b[name]) for name in PAIRED if name in a and name in b}


def _plain(figures: Mapping[str, Estimate], names: Sequence[str]) -> dict[str, list[float | None]]:
    kept = {name: figures[name] for name in names if name in figures}
    return {name: [_number(e.value), _number(e.low), _number(e.high)] for name, e in kept.items()}


def _number(value: float) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None


def write_page(measured: Mapping[str, Any], page: Path) -> None:
    """Write the tables between the page's markers."""
    write_between(page, "tables", "\n\n".join(part for name, one in measured.items() for part in _section(name, one)))


def write_between(page: Path, marker: str, text: str) -> None:
    """Replace what stands between the begin and the end of a marker."""
    begin, end = f"<!-- {marker}: begin -->", f"<!-- {marker}: end -->"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    page.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def _section(name: str, one: Mapping[str, Any]) -> Iterator[str]:
    figures = one["figures"]
    columns = HEAD | (TWO_MODELS if "apgr_binned" in figures[DEFAULT] else {})
    yield f"### {name}"
    yield f"{one['prompts']:,} judged prompts in {one['rounds'][DEFAULT]} rounds."
    yield _by_recipe(figures, columns)
    served = {recipe: found for recipe, found in figures.items() if recipe in _SERVED_OF}
    yield "As served at the operating point `balanced`, at most one point lost:"
    yield _by_recipe(served, SERVED)
    yield "The default less each, on the same prompts and resamples; bold where the interval is clear of 0:"
    yield _by_recipe(one["default_less"], {figure: HEAD[figure] for figure in PAIRED}, bold=True)
    for part, figures_of_part in one.get("parts", {}).items():
        yield f"{part} alone, {figures_of_part['prompts']:,} judged prompts:"
        yield _by_recipe(figures_of_part["figures"], columns)


def _by_recipe(figures: Mapping[str, Figures], columns: Mapping[str, str], bold: bool = False) -> str:
    rows = [[_label(recipe), *_cells(found, columns, bold)] for recipe, found in figures.items()]
    return table(["", *columns.values()], rows)


def _label(recipe: str) -> str:
    if recipe == DEFAULT:
        return f"**{recipe} (default)**"
    return f"pooled, {recipe}" if recipe in _CHANGED or recipe.startswith("surface") else recipe


def _cells(found: Figures, columns: Mapping[str, Any], bold: bool = False) -> list[str]:
    return [_cell(found.get(name), bold) for name in columns]


def _cell(estimate: list[float | None] | None, bold: bool) -> str:
    if estimate is None or estimate[0] is None:
        return ""
    value, low, high = estimate
    if low is None or high is None:
        return f"{value:.3f}"
    text = f"{value:.3f} [{low:.3f}, {high:.3f}]"
    return f"**{text}**" if bold and (low > 0 or high < 0) else text


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])
