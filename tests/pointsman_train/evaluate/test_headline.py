from __future__ import annotations

import pytest

from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.headline import all_metrics, fold_metrics, glance_tags, headline, headline_tags


def test_the_headline_begins_with_the_boundary_cases_and_has_both_splits(trained):
    found = headline(trained.result.evaluation, trained.result.detail)
    assert list(found)[:3] == ["boundary_accuracy", "under_routing_rate", "over_routing_rate"]
    assert {"left_out_gap_hull_gain", "left_out_gap_auc_macro", "left_out_gap_boundary_accuracy"} <= set(found)
    assert {"robustness", "source_told"} <= set(found)


def test_in_the_alphabet_the_headline_stands_before_every_other_metric_and_in_its_own_order(trained):
    metrics = all_metrics(trained.result.evaluation, trained.result.detail)
    names = sorted(metrics)
    found = headline(trained.result.evaluation, trained.result.detail)
    assert [name.partition("_")[2].split("/")[-1][3:] for name in names[: len(found)]] == list(found)
    for name, value in zip(names, found.values(), strict=False):
        assert metrics[name] == pytest.approx(value.value, nan_ok=True)


def test_a_run_that_lacks_a_part_keeps_the_numbers_of_the_others(trained):
    evaluation, detail = trained.result.evaluation, trained.result.detail
    whole, without = (set(glance_tags(headline(evaluation, each))) for each in (detail, Detail()))
    assert without < whole
    assert whole - without == {
        "at_a_glance.05_left_out_gap_hull_gain",
        "at_a_glance.13_left_out_gap_boundary_accuracy",
        "at_a_glance.14_left_out_gap_auc_macro",
        "at_a_glance.15_robustness",
        "at_a_glance.16_source_told",
    }
    assert {"at_a_glance.01_boundary_accuracy", "at_a_glance.17_score_boundary_accuracy"} <= without


def test_a_fold_has_the_names_of_its_run(trained):
    evaluation, detail = trained.result.evaluation, trained.result.detail
    metrics = all_metrics(evaluation, detail)
    folds = [fold_metrics(fold) for fold in detail.left_out.folds]
    assert len(folds) == 2
    assert set(folds[0]) <= set(metrics)
    assert sum(fold["test/prompts"] for fold in folds) == metrics["test/prompts"]


def test_every_number_of_a_version_travels_with_its_interval(trained):
    told = headline_tags(headline(trained.result.evaluation, trained.result.detail))
    assert {name for name, text in told.items() if "[" not in text} == {"source_told"}
    assert told["source_told"] == "undefined"
    # A cost far below a cent is not told as 0.000.
    assert float(told["cost_usd"].split()[0]) > 0
