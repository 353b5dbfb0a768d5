from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pointsman.manifest import OperatingPoint, read_manifest
from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.export.card import HEADLINE, model_card


@pytest.fixture(scope="module")
def card(trained):
    return (trained.bundle / "README.md").read_text()


def test_the_card_has_every_headline_figure_with_its_interval(card, trained):
    figures = trained.result.evaluation.figures
    assert set(HEADLINE) <= set(figures)
    for name in HEADLINE:
        assert f"| {name} | {figures[name]!s} |" in card
    for name, baseline in trained.result.evaluation.baseline_figures.items():
        assert f"| hull_gain of {name} | {baseline['hull_gain']!s} |" in card


def test_the_card_has_the_ladder_with_costs_and_success_rates(card, trained):
    for model in read_manifest(trained.bundle).models:
        best = "best single" if model.name == read_manifest(trained.bundle).best_single else ""
        assert f"| {model.name} | {model.mean_cost_usd:.3g} | {model.success_rate:.3f} | {best} |" in card


def test_the_card_has_the_operating_points_with_their_held_out_figures(card, trained):
    words = "at most 1 points below the best single model, 1.25 points on sources left out of training"
    assert f"| balanced (default) | {words} |" in card
    for figures in trained.result.evaluation.point_figures.values():
        assert f"| {figures['quality']!s} | {figures['cost_saving']!s} |" in card


def test_the_card_says_which_data_and_how_many_test_prompts(card, trained):
    assert f"{len(trained.result.evaluation.testset)} prompts." in card
    assert f"- outcomes sha256: {trained.result.prepared.labelled.outcomes.fingerprint}" in card
    assert card.startswith("# small 1\n")


def test_the_card_says_by_which_rule_it_decides_and_what_guards_it(card, trained):
    manifest, figures = read_manifest(trained.bundle), trained.result.evaluation.figures
    assert "less the price of its cost and the caution's share of the chance that a dearer model is needed," in card
    assert f"is below {manifest.guard.threshold:.4g} to {manifest.guard.fallback}. On the test split" in card
    assert f"that was a share of {figures['unfamiliar_share']!s}." in card
    for point in manifest.operating_points.values():
        assert f"| lambda {point.lam:.4g}, caution 0.2 |" in card


@pytest.mark.parametrize(
    ("rule", "words", "setting"),
    [
        ("threshold", "the cheapest model whose probability of success reaches", "lambda 0.25, threshold 0.75"),
        ("conservative", "names the best single model, or another where", "lambda 0.25, hold 0.125"),
    ],
)
def test_the_other_rules_have_their_own_words(trained, rule, words, setting):
    manifest = read_manifest(trained.bundle)
    points = {
        name: OperatingPoint(0.25, rule, 0.75, 0.125, 0.0, point.target, point.held_out)
        for name, point in manifest.operating_points.items()
    }
    text = model_card(replace(manifest, operating_points=points), trained.result.evaluation)
    assert words in text
    assert f"| {setting} |" in text


def test_a_router_without_a_guard_says_so(trained):
    text = model_card(replace(read_manifest(trained.bundle), guard=None), trained.result.evaluation)
    assert "It has no guard against that: every prompt is decided by its probabilities." in text


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.12345, 0.1, 0.2, "0.123 [0.100, 0.200]"),
        (0.5, np.nan, np.nan, "0.500"),
        (np.nan, np.nan, np.nan, "undefined"),
        (-0.25, -0.5, 0.0, "-0.250 [-0.500, 0.000]"),
    ],
)
def test_a_figure_is_shown_with_its_interval_and_never_invented(value, low, high, expected):
    assert str(Estimate(value, low, high, 9, np.array([value]))) == expected
