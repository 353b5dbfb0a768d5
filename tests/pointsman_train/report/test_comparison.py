from __future__ import annotations

import re

import pytest

from pointsman_train.champion import compare_routers
from pointsman_train.comparison import CompareConfig
from pointsman_train.evaluate.gate import failed
from pointsman_train.evaluate.stage import EvaluateConfig
from pointsman_train.report.comparison import comparison_page
from pointsman_train.report.parts import BAD, GOOD
from pointsman_train.tracking import TrackingConfig


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compared")


@pytest.fixture(scope="session")
def stingy(trained, changed, folder):
    """The same router at a price of cost at which it gives up boundary prompts."""

    def dearer(manifest):
        manifest["version"] = "stingy"
        for point in manifest["operating_points"].values():
            point["lam"] = 2.0

    return changed(trained.bundle, folder / "stingy", dearer)


@pytest.fixture(scope="session")
def comparison(trained, fleet, stingy, folder):
    config = CompareConfig(
        baseline=str(trained.bundle),
        candidate=str(stingy),
        dataset=fleet,
        evaluate=EvaluateConfig(resamples=60),
        tracking=TrackingConfig(enabled=False),
    )
    return compare_routers(config, folder / "run")


@pytest.fixture(scope="session")
def text(comparison, folder) -> str:
    return (folder / "run" / "comparison.html").read_text()


def test_the_verdict_comes_first_and_names_the_condition_that_failed(comparison, text):
    bad = failed(comparison.checks)
    assert "boundary" in [check.name for check in bad]
    verdict = re.search(r'<div class="verdict bad">\s*<p>(.*?)</p>', text)[1]
    assert text.index(verdict) < text.index("<section")
    assert all(check.name in verdict for check in bad)
    assert f"{len(bad)} of {len(comparison.checks)} conditions fail" in verdict


def test_each_figure_has_a_b_difference_interval_and_verdict(comparison, text):
    page = comparison_page(comparison)
    table = page.sections[0].parts[1]
    assert table.head == ("metric", "A", "B", "B - A, 95 % interval", "B is")
    assert table.rows[0][0].text == "Boundary accuracy (label side)"
    first = next(row for row in comparison.rows if row.metric == "boundary_accuracy")
    assert table.rows[0][4].text == first.verdict == "worse"
    assert table.rows[0][4].tone == BAD
    assert f"[{100 * first.difference.low:.1f}, {100 * first.difference.high:.1f}]" in table.rows[0][3].text


def test_every_figure_of_both_is_listed_by_its_name(comparison, text):
    for row in comparison.rows:
        assert f'<th scope="row" class=" ">{row.metric}</th>' in text


def test_both_routers_are_drawn_side_by_side(comparison, text):
    sections = {section.anchor: section for section in comparison_page(comparison).sections}
    for name, texts in (
        ("curves", ("random mix of single models", "A, small/1, as served", "B, small/stingy, as served")),
        ("calibration", ("predicted probability of success", "A, small/1", "B, small/stingy")),
    ):
        drawing = next(str(part.svg) for part in sections[name].parts if hasattr(part, "svg"))
        assert all(word in drawing for word in texts), name
        assert drawing in text
    assert [row[0].text for row in sections["calibration"].parts[1].rows]


def test_each_operating_point_of_both_has_its_quality_saving_and_under_routing(comparison, text):
    [section] = [section for section in comparison_page(comparison).sections if section.anchor == "points"]
    rows = [(row[0].text, row[1].text) for row in section.parts[1].rows]
    figures = ("Mean score", "Cost saved", "Under-routing")
    assert rows == [(part.name, figure) for part in comparison.points for figure in figures]
    assert len(comparison.points) == 3


def test_slices_are_there_by_every_way_that_has_the_same_prompts(comparison, text):
    for by in {part.by for part in comparison.slices}:
        assert f"By {by}: " in text


def test_the_page_opens_without_request_or_complaint_and_fits_a_phone(text, folder, tab):
    page = (folder / "run" / "comparison.html").as_uri()
    tab.open(page, 390)
    assert (tab.requests, tab.complaints) == ([page], [])
    wide, room = tab.value("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room


def test_a_router_against_itself_passes_and_nothing_is_better_or_worse(trained, fleet, tmp_path):
    config = CompareConfig(
        baseline=str(trained.bundle),
        candidate=str(trained.bundle),
        dataset=fleet,
        evaluate=EvaluateConfig(resamples=60),
        tracking=TrackingConfig(enabled=False),
    )
    page = comparison_page(compare_routers(config, tmp_path))
    assert page.tone == GOOD
    assert "passes the gate: all 5 conditions hold." in page.verdict[0]
    assert "better in 0, worse in 0" in page.sections[0].parts[0].text
