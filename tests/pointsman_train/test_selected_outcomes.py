"""Outcomes that were collected up a ladder, with and without the probability of each."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from pointsman_train.collect.plan import Plan
from pointsman_train.evaluate.settings import ProbeConfig, RobustnessConfig, WorstConfig
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.judge import JudgeConfig, judge_router
from pointsman_train.pipeline import run_pipeline
from pointsman_train.tracking import TrackingConfig

ORDER = ("SmolLM2-135M-Instruct", "Qwen2.5-Coder-0.5B-Instruct", "Qwen2.5-Coder-1.5B-Instruct")
WARNING = "are not like the others"


@pytest.fixture
def climbed(other_outcomes):
    """Make a data set of what a plan would have asked for, with the probabilities or without."""

    def make(explore: float, told: bool = True):
        plan = Plan("ladder", explore)

        def climb(table: pd.DataFrame) -> pd.DataFrame:
            rows = []
            for prompt_id, scores in table.pivot(index="prompt_id", columns="model", values="score").iterrows():
                seen: list[float | None] = []
                for model in ORDER:
                    if not plan.goes_on(str(prompt_id), seen, 0.5):
                        break
                    rows.append((prompt_id, model, plan.probability(seen, 0.5)))
                    seen.append(None if np.isnan(scores[model]) else float(scores[model]))
            asked = pd.DataFrame(rows, columns=["prompt_id", "model", "selection_probability"])
            table = table.drop(columns="selection_probability", errors="ignore").merge(asked)
            return table if told else table.drop(columns="selection_probability")

        return other_outcomes(climb)

    return make


@pytest.fixture(scope="module")
def judged(trained, tmp_path_factory):
    """Judge the router of the tests, without the parts that no test here looks at."""
    evaluate = EvaluateConfig(
        resamples=100,
        slices=False,
        worst=WorstConfig(0),
        source_probe=ProbeConfig(False),
        robustness=RobustnessConfig(False),
    )

    def judge(dataset, run="run"):
        tracking, folder = TrackingConfig(enabled=False), tmp_path_factory.mktemp(run)
        config = JudgeConfig(router=str(trained.bundle), dataset=dataset, tracking=tracking, evaluate=evaluate)
        return judge_router(config, folder), folder

    return judge


@pytest.fixture(scope="module")
def whole(judged, fleet):
    """Figures on all outcomes."""
    return judged(fleet, "whole")[0].figures


def test_figures_on_a_climbed_ladder_are_those_on_all_outcomes(judged, whole, climbed, caplog):
    part, folder = judged(climbed(0.3))
    assert not [message for message in caplog.messages if WARNING in message]
    for name in ("quality", "boundary_share", "under_routing_rate", "dearest_share", "log_loss", "hull_gain"):
        assert part.figures[name].low < whole[name].value < part.figures[name].high, name
    assert part.figures["boundary_share"].value == pytest.approx(whole["boundary_share"].value, abs=0.05)
    report = (folder / "report.html").read_text()
    assert "asked of every model by chance, and counted as often as makes up for it" in report


def test_without_the_probabilities_they_are_not_and_that_is_told(judged, whole, climbed, caplog):
    part = judged(climbed(0.3, told=False))[0].figures
    assert [message for message in caplog.messages if WARNING in message]
    assert part["quality"].high < whole["quality"].low


def test_a_ladder_that_explored_little_is_said_to_tell_little(judged, climbed, caplog):
    judged(climbed(0.1))
    (told,) = [message for message in caplog.messages if "tell as much as" in message]
    assert re.search(r"^\d+ of 3\d\d prompts have an outcome of every model, \d+ of them by chance", told)
    assert "explore=0.3, or plan=full" in told


def test_a_router_is_trained_and_judged_on_a_climbed_ladder(quick, trained, climbed, caplog, tmp_path):
    run_pipeline(quick(tmp_path / "routers", dataset=climbed(0.3)), tmp_path / "run")
    assert not [message for message in caplog.messages if WARNING in message]
    found, whole = (json.loads((folder / "metrics.json").read_text()) for folder in (tmp_path / "run", trained.run_dir))
    assert found["test/quality"] == pytest.approx(whole["test/quality"], abs=0.1)
    assert found["test/prompts"] < whole["test/prompts"]
    told = json.loads((tmp_path / "run" / "data.json").read_text())["selection"]
    assert 0 < told["by_chance"] < told["complete"]
    assert told["by_chance"] < told["as_good_as"] < told["complete"]
    assert "selection" not in json.loads((trained.run_dir / "data.json").read_text())
    (bundle,) = (tmp_path / "routers").rglob("router.json")
    own, other = (json.loads(path.read_text()) for path in (bundle, trained.bundle / "router.json"))
    for one, all_asked in zip(own["models"], other["models"], strict=True):
        assert one["name"] == all_asked["name"]
        assert one["success_rate"] == pytest.approx(all_asked["success_rate"], abs=0.06)
        assert one["mean_cost_usd"] == pytest.approx(all_asked["mean_cost_usd"], rel=0.1)
