from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pointsman_train.data import UNKNOWN_LABEL
from pointsman_train.errors import ConfigError, DataError, LabelError
from pointsman_train.study.check import CANNOT_TELL, PAYS, WILL_NOT, Check
from pointsman_train.study.diagnose import DiagnoseConfig, complete_testset, diagnose, overall
from pointsman_train.study.learning_curve import LearningCurveConfig


def quick(**settings):
    return DiagnoseConfig(folds=2, curve=LearningCurveConfig([80, 160], repeats=1), sources=0, **settings)


def read(folder):
    return json.loads((folder / "diagnose.json").read_text())


@pytest.fixture(scope="module")
def real(task, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    return diagnose(task, quick(), folder), folder


def test_a_diagnosis_has_every_check_with_figures_and_advice(real):
    report, folder = real
    found = read(folder)
    assert list(found["checks"]) == ["headroom", "balance", "noise", "gain", "labels"]
    for check in found["checks"].values():
        assert check["verdict"] in (PAYS, WILL_NOT, CANNOT_TELL)
        assert check["found"]
        assert check["advice"].endswith(".")
        for one in check["figures"].values():
            assert one["low"] is None or one["low"] <= one["value"] <= one["high"]
    gain = found["checks"]["gain"]["figures"]["hull_gain"]
    assert report.figures["diagnose/gain/hull_gain"] == gain["value"]
    assert report.figures["diagnose/gain/hull_gain_low"] == gain["low"]


def test_the_page_and_the_terminal_say_the_same(real):
    report, folder = real
    page = (folder / "diagnose.md").read_text()
    for name, check in read(folder)["checks"].items():
        assert f"**{name}: {check['verdict']}.** {check['found']}\n\n{check['advice']}" in page
        assert f"{name}: {check['verdict']}. {check['question']}" in report.text
    said = " ".join(report.text.split())
    assert " ".join(read(folder)["checks"]["gain"]["found"].split()) in said
    plots = {path.name for path in folder.glob("*.png")}
    assert plots == {f"diagnose_{name}.png" for name in ("headroom", "balance", "labels")}
    assert all(f"]({name})" in page for name in plots)
    assert {path.name for path in report.files} == plots | {"diagnose.json", "diagnose.md"}


def test_where_one_model_dominates_it_says_that_routing_will_not_pay(dominated, tmp_path):
    report = diagnose(dominated, quick(), tmp_path)
    found = read(tmp_path)
    cheapest = dominated.labelled.models[0]
    assert found["verdict"] == WILL_NOT
    assert "headroom" in found["why"]
    assert found["checks"]["headroom"]["verdict"] == WILL_NOT
    assert found["checks"]["headroom"]["advice"].startswith(f"Use {cheapest} for everything")
    assert found["checks"]["headroom"]["figures"]["another_gains"]["high"] < 0.02
    assert report.text.startswith("routing will not pay: ")
    assert "**Routing will not pay**" in (tmp_path / "diagnose.md").read_text()


@pytest.mark.slow
def test_on_noise_it_does_not_say_that_routing_pays(noises, tmp_path):
    found = []
    for number, noise in enumerate(noises):
        diagnose(noise, quick(), tmp_path / str(number))
        found.append(read(tmp_path / str(number)))
    # An interval of 95 % is clear of 0 by chance on one draw in forty; on two of three it is no chance.
    assert sum(one["verdict"] == PAYS for one in found) <= 1
    gains = [one["checks"]["gain"]["figures"]["hull_gain"] for one in found]
    assert sum(gain["low"] < 0.0 < gain["high"] for gain in gains) >= 2
    # Coin flips leave an oracle plenty to know: headroom alone does not say that a router can have it.
    assert {one["checks"]["headroom"]["verdict"] for one in found} == {PAYS}


def test_outcomes_of_one_label_are_diagnosed_all_the_same(with_scores, task, tmp_path):
    score = (task.labelled.success == 2).astype(float)
    diagnose(with_scores(score), quick(), tmp_path)
    found = read(tmp_path)["checks"]
    assert found["balance"]["verdict"] == WILL_NOT
    assert (found["gain"]["verdict"], found["labels"]["verdict"]) == (CANNOT_TELL, CANNOT_TELL)
    assert "one label only, 'all-fail'" in found["gain"]["found"]


def test_a_traffic_file_is_read_before_any_work(task, tmp_path):
    with pytest.raises(DataError, match="no such file"):
        diagnose(task, quick(traffic=str(tmp_path / "gone.csv")), tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_a_prompt_that_every_model_answered_it_says_what_to_collect(task):
    bare = replace(task, labelled=replace(task.labelled, label=task.labelled.label * 0 + UNKNOWN_LABEL))
    with pytest.raises(LabelError, match=r"none of \d+ prompts has a label .*explore=0\.1"):
        complete_testset(bare)


def checks(**verdicts):
    return [Check(name, "?", verdict, "", "") for name, verdict in verdicts.items()]


@pytest.mark.parametrize(
    ("verdicts", "expected", "why"),
    [
        ({"headroom": PAYS, "gain": PAYS, "sources": PAYS}, PAYS, "a router beats a random mix"),
        ({"headroom": PAYS, "gain": PAYS, "sources": WILL_NOT}, PAYS, "; mind sources"),
        ({"headroom": WILL_NOT, "gain": CANNOT_TELL}, WILL_NOT, "headroom speaks against it"),
        ({"headroom": WILL_NOT, "gain": WILL_NOT}, WILL_NOT, "headroom, gain speak against it"),
        ({"headroom": PAYS, "gain": CANNOT_TELL, "noise": WILL_NOT}, CANNOT_TELL, "may be chance"),
    ],
)
def test_headroom_balance_and_gain_decide(verdicts, expected, why):
    verdict, said = overall(checks(**verdicts))
    assert verdict == expected
    assert why in said


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"least_score": -0.1}, r"diagnose.least_score must be in \[0, 1\], got -0.1"),
        ({"most_loss": 2.0}, r"diagnose.most_loss must be in \[0, 1\], got 2.0"),
        ({"folds": 1}, "diagnose.folds must be at least 2, got 1"),
        ({"sources": -1}, "diagnose.sources must be 0 or more, got -1"),
        ({"curve": LearningCurveConfig(repeats=0)}, "diagnose.curve.repeats must be 1 or more, got 0"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, text):
    with pytest.raises(ConfigError, match=text):
        DiagnoseConfig(**settings).check()
