"""The reports in a real browser."""

from __future__ import annotations

import pytest

from pointsman_train.report.page import write_page
from pointsman_train.report.parts import Page, Section, Table, Text, cells
from pointsman_train.report.run import write_run_report

DESK, PHONE = 1200, 390
_WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.fixture(scope="session")
def address(trained, hostile, about, tmp_path_factory) -> str:
    """A report in which every text of a stranger is hostile and long."""
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    return write_run_report(trained.result.evaluation, hostile, path, about).as_uri()


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_a_report_asks_for_nothing_complains_of_nothing_and_fits_the_width(tab, trained, address, width):
    for report in ((trained.run_dir / "report.html").as_uri(), address):
        tab.open(report, width)
        assert tab.requests == [report]
        assert tab.complaints == []
        wide, room = tab.value(_WIDTHS)
        assert wide <= room
        assert tab.value("document.title") == "Router small"
        assert tab.value("document.querySelectorAll('script, img, iframe').length") == 0


def test_what_a_report_shows_is_not_hidden_by_a_hostile_prompt(tab, address):
    tab.open(address, DESK)
    assert tab.value("getComputedStyle(document.body).display") == "block"
    assert tab.value("document.querySelectorAll('article.prompt').length") > 0
    assert tab.value("document.querySelectorAll('section').length") >= 8


def test_the_test_itself_sees_requests_complaints_and_pages_that_are_too_wide(tab, tmp_path):
    """The checks above can fail: a page with each fault is caught."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!doctype html><meta name=viewport content='width=device-width'><body style='margin:0'>"
        "<img src='http://127.0.0.1:9/a.png'><div style='width:900px'>wide</div><script>nothing()</script>"
    )
    tab.open(bad.as_uri(), PHONE)
    assert "http://127.0.0.1:9/a.png" in tab.requests
    assert any("nothing is not defined" in complaint for complaint in tab.complaints)
    wide, room = tab.value(_WIDTHS)
    assert wide > room


def test_a_wide_table_scrolls_in_its_own_box_on_a_phone_and_on_a_desk(tab, tmp_path):
    row = cells("name", *(f"a cell with {k} words in it" for k in range(40)))
    table = Table("wide", tuple(cell.text for cell in row), (row,))
    page = Page("wide", (), (), "", (), (Section("one", "One", (Text("x" * 400), table)),))
    tab.open(write_page(page, tmp_path / "wide.html").as_uri(), PHONE)
    wide, room = tab.value(_WIDTHS)
    assert wide <= room
    inside = "document.querySelector('.scroll')"
    assert tab.value(f"{inside}.scrollWidth") > tab.value(f"{inside}.clientWidth")


def test_the_colours_follow_the_scheme_of_the_system(tab, trained):
    report = (trained.run_dir / "report.html").as_uri()
    colours = []
    for dark in (False, True):
        tab.open(report, DESK, dark=dark)
        colours.append(
            tab.value("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
        )
    assert colours[0][0] == "rgb(255, 255, 255)"
    light, dark = (sum(map(int, one[0].removeprefix("rgb(").removesuffix(")").split(","))) for one in colours)
    assert light - dark > 500


def test_on_paper_what_is_folded_is_open(tab, trained, tmp_path):
    tab.open((trained.run_dir / "report.html").as_uri(), DESK)
    folded = tab.value("document.documentElement.scrollHeight")
    tab.do("Emulation.setEmulatedMedia", media="print")
    shown = "getComputedStyle(document.querySelector('details'), '::details-content').contentVisibility"
    assert tab.value(shown) == "visible"
    assert tab.value("document.documentElement.scrollHeight") > 0.8 * folded
    tab.do("Emulation.setEmulatedMedia", media="")
    assert tab.pdf(tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
