from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pointsman_train.evaluate.detail import Detail
from pointsman_train.judge import JudgeConfig, judge_router
from pointsman_train.report.about import Promise
from pointsman_train.report.parts import BAD
from pointsman_train.report.run import run_page, write_run_report
from pointsman_train.report.written import both
from pointsman_train.tracking import TrackingConfig


@pytest.fixture(scope="session")
def text(trained) -> str:
    """The report that the run of all stages left."""
    return (trained.run_dir / "report.html").read_text()


def test_a_run_leaves_one_file_that_names_no_address_but_those_of_xml(text):
    assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<script|<link(?! rel=\"icon\" href=\"data:,\")|@import|url\((?!#|data:)", text)
    assert len(text) < 600_000


def test_boundary_accuracy_by_both_definitions_is_the_first_number_with_its_interval(trained, text):
    figures = trained.result.evaluation.figures
    labels = re.findall(r'<p class="label">(.*?)</p>', text)
    assert labels[:2] == ["Boundary accuracy (label side)", "Boundary accuracy (score side)"]
    values = re.findall(r'<p class="value">(.*?) <span class="interval">(.*?)</span>', text)
    for name, (value, interval) in zip(("boundary_accuracy", "score_boundary_accuracy"), values, strict=False):
        assert f"{value} {interval}".strip() == both(name, figures[name])


def test_the_verdict_says_what_holds_on_sources_that_it_never_saw(trained, text):
    left_out = trained.result.detail.left_out
    assert "On prompts of a source that it saw nothing of, it " in text
    assert f"(HG {left_out.figures['hull_gain']})" in text
    assert "Fold by fold" in text


def test_every_chapter_is_there_in_the_order_of_weight(text):
    found = re.findall(r'<section id="([\w-]+)">', text)
    expected = ["boundary", "curve", "points", "worst", "slices", "calibration", "splits", "robustness", "left-out"]
    assert [name for name in found if name != "drift"] == expected
    assert list(re.findall(r'<a href="#([\w-]+)">', text)) == found


def test_every_slice_and_every_worst_prompt_of_the_run_is_in_it(trained, text):
    from markupsafe import escape

    detail = trained.result.detail
    assert detail.slices
    assert detail.worst
    for part in detail.slices:
        assert str(escape(part.name)) in text, part.name
    for one in detail.worst:
        assert str(escape(one.excerpt)) in text
    assert text.count('<article class="prompt">') == len(detail.worst)


def test_every_drawing_has_a_text_for_those_who_do_not_see_it_and_ids_of_its_own(text):
    drawings = re.findall(r"<svg .*?</svg>", text, re.S)
    assert len(drawings) == 2
    for drawing in drawings:
        name = re.search(r'aria-labelledby="([\w-]+)"', drawing)[1]
        assert len(re.search(rf'<title id="{name}">(.+?)</title>', drawing)[1]) > 40
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_every_figure_of_the_evaluation_is_listed_under_its_name(trained, text):
    for name, figure in trained.result.evaluation.figures.items():
        row = re.search(rf'<th scope="row" class=" ">test/{re.escape(name)}</th>.*?</tr>', text, re.S)
        assert both(name, figure) in row[0], name


def test_markup_in_prompts_and_sources_stays_text(trained, hostile, about, tmp_path):
    evaluation = trained.result.evaluation
    text = write_run_report(evaluation, hostile, tmp_path / "report.html", about).read_text()
    for tag in ("script", "img", "style>@import"):
        assert f"<{tag}" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7 * 7 }}" in text


def test_without_details_the_other_chapters_stand(trained, about):
    page = run_page(trained.result.evaluation, None, about)
    assert [section.anchor for section in page.sections] == [
        "boundary",
        "curve",
        "points",
        "calibration",
        "robustness",
        "left-out",
    ]
    empty = run_page(trained.result.evaluation, Detail(notes={"slices": "switched off"}), about)
    assert "slices" not in [section.anchor for section in empty.sections]


def test_a_target_that_no_setting_reaches_is_told_as_bad(trained, about):
    promises = {**about.promises, "balanced": Promise("not reached: cost at most 1 % of the dearest model's")}
    page = run_page(trained.result.evaluation, None, replace(about, promises=promises))
    table = next(section for section in page.sections if section.anchor == "points").parts[1]
    targets = {row[0].text: (row[1].text, row[1].tone) for row in table.rows}
    assert targets.pop("balanced (default)") == (promises["balanced"].target, BAD)
    assert all(tone == "" and text == about.promises[name].target for name, (text, tone) in targets.items())


def test_what_was_left_out_is_told_with_its_reason(trained, about, tmp_path):
    evaluation = replace(trained.result.evaluation, excluded={"an outcome is unknown": 7}, cost_imputed=3)
    text = write_run_report(evaluation, None, tmp_path / "report.html", about).read_text()
    for reason in ("judging: an outcome is unknown", "a cost is unknown, and estimated by", "loading: score is null"):
        assert reason in text


def test_an_exported_router_is_judged_with_what_its_manifest_promised_beside_what_it_held(trained, fleet, tmp_path):
    config = JudgeConfig(
        router=str(trained.bundle),
        dataset=fleet,
        evaluate=trained.config.evaluate,
        tracking=TrackingConfig(enabled=False),
    )
    judge_router(config, tmp_path)
    text = (tmp_path / "report.html").read_text()
    assert "<title>Router small/1</title>" in text
    assert "As promised" in text
    assert "WARNING: small/1 was trained on these prompts" in text
