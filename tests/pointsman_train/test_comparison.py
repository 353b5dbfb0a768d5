from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pointsman import Router
from pointsman_train.champion import compare_routers, refuse_failed
from pointsman_train.comparison import CompareConfig, compare_found
from pointsman_train.comparison_report import comparison_page, summarise_comparison
from pointsman_train.errors import ConfigError, PoolError, PromotionError
from pointsman_train.evaluate.compare import BETTER
from pointsman_train.evaluate.gate import Condition, GateConfig, failed
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.judge import JudgeConfig, judge_router
from pointsman_train.label import LabelConfig
from pointsman_train.registry import Found
from pointsman_train.tracking import TrackingConfig

UNTRACKED = TrackingConfig(enabled=False)


@pytest.fixture
def config(trained, unseen):
    """Compare on prompts that are nobody's training data."""

    def make(candidate=trained.bundle, **settings) -> CompareConfig:
        given = {"baseline": str(trained.bundle), "candidate": str(candidate)}
        given |= {"dataset": unseen}
        given |= {"evaluate": EvaluateConfig(resamples=40), "tracking": UNTRACKED}
        return CompareConfig(**given | settings)

    return make


@pytest.fixture
def stingy(trained, changed, at_price, tmp_path):
    """Return the same router with a price of cost at which it gives up a few boundary prompts in a hundred."""
    return changed(trained.bundle, tmp_path / "stingy", at_price(0.6))


def by_metric(comparison):
    return {row.metric: row for row in comparison.rows}


def test_an_identical_candidate_differs_in_nothing_and_passes(config, tmp_path):
    found = compare_routers(config(promote=False), tmp_path / "run")
    assert len(found.rows) > 60
    assert {row.difference.value for row in found.rows if not np.isnan(row.difference.value)} == {0.0}
    assert not {row.verdict for row in found.rows} & {"better", "worse"}
    assert failed(found.checks) == ()
    assert {part.by for part in found.slices} == {"label", "source", "length", "language"}


def test_each_router_has_the_figures_that_it_is_judged_to_have_alone(trained, config, stingy, tmp_path):
    settings = config(stingy)
    rows = by_metric(compare_routers(settings, tmp_path / "run"))
    alone = [
        judge_router(JudgeConfig(router, settings.dataset, evaluate=settings.evaluate, tracking=UNTRACKED), tmp_path)
        for router in (str(trained.bundle), str(stingy))
    ]
    assert set(rows) == set(alone[0].figures)
    for name, row in rows.items():
        assert row.a == alone[0].figures[name] or np.isnan(row.a.value), name
        # The regret is at the baseline's price of cost.
        assert row.b == alone[1].figures[name] or np.isnan(row.b.value) or name == "regret", name
        assert row.difference.value == pytest.approx(row.b.value - row.a.value, nan_ok=True), name


def test_operating_points_of_one_name_are_compared_as_each_router_sets_them(trained, changed, config, tmp_path):
    def half_cost_alone(manifest):
        manifest["version"] = "other"
        manifest["operating_points"]["half_cost"]["lam"] = 50.0
        manifest["operating_points"]["own"] = manifest["operating_points"].pop("no_loss")

    candidate = changed(trained.bundle, tmp_path / "other", half_cost_alone)
    settings = config(candidate)
    found = compare_routers(settings, tmp_path / "run")
    assert {part.name for part in found.points} == {"balanced", "half_cost"}
    judged = judge_router(
        JudgeConfig(str(candidate), settings.dataset, evaluate=settings.evaluate, tracking=UNTRACKED), tmp_path
    )
    for part in found.points:
        assert {row.metric: row.b for row in part.rows} == judged.point_figures[part.name]
    cost = {part.name: row for part in found.points for row in part.rows if row.metric == "cost_usd"}
    assert cost["balanced"].difference.value == 0.0
    assert (cost["half_cost"].difference.value < 0, cost["half_cost"].verdict) == (True, BETTER)
    assert re.search(r"\n  half_cost +cost_saving +\S+ +\S+ +\+.* better\n", summarise_comparison(found))


def test_the_regret_of_both_is_at_the_baselines_price_of_cost(trained, changed, at_price, config, tmp_path):
    # At either price every prompt goes to the cheapest model, so no regret differs but for the price.
    one, other = (changed(trained.bundle, tmp_path / str(lam), at_price(lam)) for lam in (4.0, 5.0))
    rows = by_metric(compare_routers(config(other, baseline=str(one)), tmp_path / "run"))
    assert rows["quality"].difference.value == rows["dearest_share"].difference.value == 0.0
    assert rows["regret"].a.value > 0
    assert rows["regret"].b == rows["regret"].a


def test_an_answer_of_unknown_cost_counts_the_same_for_both(trained, changed, config, other_outcomes, tmp_path):
    def dearer(manifest):
        for model in manifest["models"]:
            model["mean_cost_usd"] *= 3

    unknown = other_outcomes(lambda table: table.assign(cost_usd=table.cost_usd.where(table.index % 5 > 0)))
    candidate = changed(trained.bundle, tmp_path / "dearer", dearer)
    found = compare_routers(config(candidate, dataset=unknown), tmp_path / "run")
    assert found.cost_imputed > 50
    row = by_metric(found)["cost_usd"]
    assert row.b.value == row.a.value > 0


class Turned:
    """A graph whose models come in another order."""

    def __init__(self, graph, order):
        self.graph, self.order = graph, order

    def predict(self, prompts):
        found = self.graph.predict(prompts)
        labels = [*self.order, len(self.order)]
        return replace(found, p_success=found.p_success[:, self.order], p_label=found.p_label[:, labels])


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 0, 2]])
def test_a_ladder_of_another_order_is_no_difference(trained, config, order):
    router = Router.load(trained.bundle)
    # What is dearer hangs on the ladder, and so does the price of under-routing: without it the order is a mere name.
    points = {name: replace(point, caution=0.0) for name, point in router.manifest.operating_points.items()}
    manifest = replace(router.manifest, operating_points=points)
    router = Router(manifest, router._graph)
    models = tuple(manifest.models[m] for m in order)
    labels = (*(model.name for model in models), manifest.labels[-1])
    turned = Router(replace(manifest, models=models, labels=labels), Turned(router._graph, order))
    found = compare_found(config(), Found("a", router, None), Found("b", turned, None))
    rows = by_metric(found)
    assert rows["under_routing_rate"].a.n > 50
    assert len({round(rows[f"auc_rung_{rung}"].a.value, 6) for rung in range(3)}) == 3
    assert {row.difference.value for row in found.rows if not np.isnan(row.difference.value)} == {0.0}
    told = [row for part in found.points for row in part.rows]
    assert len(told) == 8 * len(manifest.operating_points)
    assert {row.difference.value for row in told} == {0.0}
    # What its labels say is about its own ladder.
    assert not [name for name in rows if "label_" in name]
    other_way = compare_found(config(), Found("b", turned, None), Found("a", router, None))
    assert by_metric(other_way)["quality"].a == rows["quality"].a
    # Not so many prompts that it could be shown, since the two are not known to be one.
    assert {check.improvement for check in other_way.checks} == {0.0}


def test_routers_of_other_pools_are_refused_with_what_differs(trained, changed, config, tmp_path):
    def renamed(manifest):
        first = manifest["models"][0]["name"]
        text = json.dumps({name: manifest[name] for name in ("models", "labels", "best_single", "guard")})
        manifest |= json.loads(text.replace(first, "newcomer")) | {"name": "other"}

    candidate = changed(trained.bundle, tmp_path / "other", renamed)
    expected = (
        r"^small/1 and other/1 do not route over the same models: only the baseline has \['SmolLM2-135M-Instruct'\], "
        r"only the candidate \['newcomer'\]; train one of them with the other's pool$"
    )
    with pytest.raises(PoolError, match=expected):
        compare_routers(config(candidate), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_training_data_are_warned_of_wherever_the_figures_are_told(config, fleet, caplog, tmp_path):
    found = compare_routers(config(dataset=fleet), tmp_path / "run")
    assert found.trained_on == ("small/1",)
    assert "these are the outcomes that small/1 was trained on" in caplog.text
    warning = "WARNING: small/1 was trained on these prompts, or on some of them; its figures say nothing"
    assert warning in summarise_comparison(found)
    assert warning in comparison_page(found)
    caplog.clear()
    assert compare_routers(config(), tmp_path / "run").trained_on == ()
    assert "trained on" not in caplog.text


def test_a_part_of_the_training_data_is_known_as_well(config, trained, other_outcomes, caplog, tmp_path):
    prepared = trained.result.prepared
    ids, test = np.array(prepared.labelled.outcomes.prompt_id), prepared.split.rows("test")
    seen, own = ids[~test].tolist(), ids[test].tolist()
    some = other_outcomes(lambda table: table[table.prompt_id.isin([*own, *seen[:20]])])
    assert compare_routers(config(dataset=some), tmp_path / "run").trained_on == ("small/1",)
    assert re.search(
        r"small/1 was trained on [1-9][0-9.]* % of these prompts: its figures here say nothing", caplog.text
    )
    few = other_outcomes(lambda table: table[table.prompt_id.isin(own)])
    caplog.clear()
    assert compare_routers(config(dataset=few), tmp_path / "run").trained_on == ()
    assert "trained on" not in caplog.text


def test_what_is_printed_and_written_says_the_same(config, stingy, tmp_path):
    settings = config(stingy, promote=True)
    a, b = (Router.load(folder) for folder in (settings.baseline, stingy))
    found = compare_found(settings, Found("A", a, None), Found("B", b, None))
    compare_routers(replace(settings, promote=False), tmp_path / "run")
    text, written = summarise_comparison(found), json.loads((tmp_path / "run" / "comparison.json").read_text())
    row = by_metric(found)["boundary_accuracy"]
    line = f"{row.a.value:.4g}, {row.b.value:.4g}, {row.difference.value:+.3g}"
    (printed,) = [part for part in text.splitlines() if part.startswith("  boundary_accuracy ")]
    assert ", ".join(printed.split()[1:4]) == line
    assert printed.endswith("worse")
    assert "  quality " in text
    assert "  auc_rung_0 " not in text
    page = (tmp_path / "run" / "comparison.md").read_text()
    assert f"| boundary_accuracy | {row.a.value:.4g} | {row.b.value:.4g} |" in page
    assert "| auc_rung_0 |" in page
    assert "### By language" in page
    figures = {figure["metric"]: figure for figure in written["figures"]}
    assert set(figures) == set(by_metric(found))
    assert figures["boundary_accuracy"]["difference"]["low"] == row.difference.low
    assert figures["boundary_accuracy"]["verdict"] == "worse"
    assert sum(part["prompts"] for part in written["slices"] if part["by"] == "label") == found.prompts
    assert written["excluded"] == dict(found.excluded)
    assert [check["passed"] for check in written["gate"]["conditions"]] == [False, False, True, False, False]
    assert written["gate"]["holds"] is False
    assert "gate fails in 4 of 5 conditions" in text
    with pytest.raises(PromotionError) as refused:
        refuse_failed(settings, found)
    first, *reasons = str(refused.value).splitlines()
    assert first == "champion stays small/1 (A): 4 of 5 conditions of the gate failed"
    assert reasons == [f"  {check.name}: {check.reason}" for check in failed(found.checks)]
    assert f"boundary_accuracy is {row.b.value:.4g} against {row.a.value:.4g}" in reasons[0]
    refuse_failed(replace(settings, promote=False), found)


def test_labels_are_by_the_given_threshold_and_the_baselines_ladder(config, tmp_path):
    lenient = compare_routers(config(label=LabelConfig(all_fail="drop")), tmp_path / "run")
    full = compare_routers(config(), tmp_path / "run")
    assert lenient.prompts < full.prompts
    unjudged = "an outcome is unknown or the prompt has no label"
    assert lenient.excluded[unjudged] - full.excluded[unjudged] == full.prompts - lenient.prompts
    assert lenient.excluded["reading: no label: no model succeeds"] == full.prompts - lenient.prompts


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"baseline": "none"}, "^without a baseline there is nothing to compare; give one, or promote=true$"),
        (
            {"dataset": None},
            "^there is no data set to compare on; give outcomes that neither router was made from, ",
        ),
        ({"alias": "a b"}, "^alias begins with a letter and has letters, digits, _ and -, got 'a b'$"),
        ({"evaluate": EvaluateConfig(resamples=39)}, "evaluate.resamples must be at least 40, got 39"),
        ({"gate": GateConfig({"x": Condition(rule="best")})}, "gate.x has the rule 'best'"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_any_work(config, settings, expected):
    with pytest.raises(ConfigError, match=expected):
        compare_routers(replace(config("nowhere"), **settings), Path("never"))
