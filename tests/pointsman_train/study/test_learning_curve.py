from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.study import learning_curve as module
from pointsman_train.study.headline import HEADLINE
from pointsman_train.study.learning_curve import LearningCurve, LearningCurveConfig, measure_curve
from pointsman_train.study.learning_report import learning_curve, outlook, told
from pointsman_train.study.power_law import fit_power_law

QUICK = LearningCurveConfig([80, 160], repeats=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("curve")


@pytest.fixture(scope="module")
def curve(task, folder):
    return measure_curve(task, QUICK, folder / "points")


def test_every_size_is_judged_on_the_same_test_prompts(curve, task):
    test = task.split.rows("test") & ~np.isnan(task.labelled.success).any(axis=1)
    labels = int(task.labelled_training.sum())
    assert curve.sizes == (80, 160, labels)
    assert curve.prompts == int(test.sum())
    assert {one.n for row in curve.figures.values() for one in row} == {curve.prompts}
    assert set(curve.figures) == set(HEADLINE)
    assert all(len(row) == 3 for row in curve.figures.values())


def test_trained_on_everything_it_is_the_router_of_the_pipeline(task, trained, tmp_path):
    once = measure_curve(task, LearningCurveConfig([10_000], repeats=1), tmp_path)
    assert once.sizes == (int(task.labelled_training.sum()),)
    for name in HEADLINE:
        expected = trained.result.evaluation.figures[name]
        assert once.figures[name][0].value == pytest.approx(expected.value, abs=1e-6), name
        assert once.figures[name][0].low == pytest.approx(expected.low, abs=1e-6), name
    assert once.gains == {}
    assert "cannot be told: it takes 3 sizes to fit a law, there are 1." in outlook(once)


def test_more_labels_teach_more(curve):
    area, loss = curve.figures["auc_macro"], curve.figures["log_loss"]
    assert area[-1].value > area[0].value + 0.02
    assert loss[-1].value < loss[0].value
    assert loss[-1].high < curve.guess


def test_each_figure_is_the_mean_over_the_draws(curve, folder):
    kept = {path.name.rsplit("-", 1)[0]: dict(np.load(path)) for path in (folder / "points").iterdir()}
    assert sorted(kept) == sorted(f"{size}-0-{repeat}" for size in curve.sizes for repeat in (0, 1))
    both = [kept[f"80-0-{repeat}"]["log_loss"][0] for repeat in (0, 1)]
    assert both[0] != both[1]
    assert curve.figures["log_loss"][0].value == pytest.approx(np.mean(both))


def test_finished_points_are_not_measured_again(curve, task, folder, monkeypatch):
    def refuse(*_):
        raise RuntimeError("measured again")

    monkeypatch.setattr(module, "run_round", refuse)
    again = measure_curve(task, QUICK, folder / "points")
    assert again.figures == curve.figures
    assert again.gains == curve.gains
    other = replace(task, train=replace(task.train, seed=5))
    with pytest.raises(RuntimeError, match="measured again"):
        measure_curve(other, QUICK, folder / "points")


@pytest.mark.slow
def test_labels_that_are_noise_buy_nothing_measurable(noises, tmp_path):
    once = replace(QUICK, repeats=1)
    curves = [measure_curve(noise, once, tmp_path / str(number)) for number, noise in enumerate(noises)]
    # By chance one may seem to: an interval of 95 % misses on one draw in twenty.
    assert sum(curve.buys for curve in curves) <= 1
    assert sum(one.low < 0.5 < one.high for curve in curves for one in curve.figures["auc_macro"]) >= 4
    nothing = next(curve for curve in curves if not curve.buys)
    assert "the next 1,000 labels would buy nothing measurable in routing:" in outlook(nothing)
    assert "times the labels there are" in outlook(nothing)


def made_up(an_estimate, gains, sizes=(500, 1_000, 2_000)):
    law = fit_power_law(np.array(sizes, float), np.array([[0.5, 0.4, 0.3]]))
    rows = {name: tuple(an_estimate(0.5, 0.4, 0.6) for _ in sizes) for name in HEADLINE}
    return LearningCurve(sizes, 100, rows, 0.6, 1_000, gains, dict.fromkeys(gains, law))


def test_what_the_next_labels_buy_is_said_plainly(an_estimate):
    gains = {
        "hull_gain": an_estimate(0.02, 0.01, 0.03),
        "auc_macro": an_estimate(-0.02, -0.03, -0.01),
        "log_loss": an_estimate(0.01, -0.01, 0.03),
    }
    text = outlook(made_up(an_estimate, gains))
    assert text.splitlines() == [
        "By the law error = a + b n^-c, the next 1,000 labels would buy:",
        "  HG       +0.020 [+0.010, +0.030]",
        "  AUC      -0.020 [-0.030, -0.010]: it gets worse",
        "  log loss -0.010 [-0.030, +0.010]: nothing measurable",
    ]
    unknown = {"hull_gain": an_estimate(0.1, np.nan, np.nan)}
    assert "HG       cannot be told: undefined in too many resamples" in outlook(made_up(an_estimate, unknown))


def test_a_lower_log_loss_alone_is_not_better_routing(an_estimate):
    flat = an_estimate(0.0, -0.01, 0.01)
    gains = {"hull_gain": flat, "auc_macro": flat, "log_loss": an_estimate(0.02, 0.01, 0.03)}
    curve = made_up(an_estimate, gains)
    assert not curve.buys
    assert "nothing measurable in routing" in outlook(curve)


def test_the_study_writes_its_files_and_its_figures(task, folder, curve):
    report = learning_curve(task, QUICK, folder)
    assert [path.name for path in report.files] == ["learning_curve.json", "learning_curve.png", "learning_curve.md"]
    assert all(path.is_file() for path in report.files)
    found = json.loads((folder / "learning_curve.json").read_text())
    assert found["labels"] == list(curve.sizes)
    assert found["figures"]["auc_macro"][0]["value"] == curve.figures["auc_macro"][0].value
    assert report.figures["learning_curve/80/hull_gain"] == curve.figures["hull_gain"][0].value
    assert report.figures["learning_curve/next_1000/log_loss"] == curve.gains["log_loss"].value
    assert report.text == told(curve)
    page = (folder / "learning_curve.md").read_text()
    assert f"| 80 | {curve.figures['hull_gain'][0]} |" in page
    assert "![learning curve](learning_curve.png)" in page
    assert not list(folder.rglob("*.partial"))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"sizes": []}, r"learning_curve.sizes must be one or more numbers of labels, each 1 or more, got \[\]"),
        ({"sizes": [0, 5]}, r"got \[0, 5\]"),
        ({"repeats": 0}, "learning_curve.repeats must be 1 or more, got 0"),
        ({"seed": -1}, "learning_curve.seed must be 0 or more, got -1"),
        ({"next_labels": 0}, "learning_curve.next_labels must be 1 or more, got 0"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, text):
    with pytest.raises(ConfigError, match=text):
        LearningCurveConfig(**settings).check()


def test_a_hold_out_for_calibration_is_refused_with_what_to_set(task, tmp_path):
    held = replace(task, train=replace(task.train, calibration=replace(task.train.calibration, fit_on="holdout")))
    with pytest.raises(
        ConfigError, match=r"fit_on is 'holdout'; a learning curve .* train\.calibration\.fit_on=out_of_fold"
    ):
        measure_curve(held, QUICK, tmp_path)
