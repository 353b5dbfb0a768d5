from __future__ import annotations

import re

from pointsman_train.report.svg import inline


def _draw(figure):
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "o", label="$x < y$ & <b>")
    axes.legend()


def test_two_drawings_share_no_id_and_every_reference_finds_its_own():
    one, other = (inline(name, "a line", _draw) for name in ("one", "other"))
    for name, svg in (("one", one), ("other", other)):
        ids = set(re.findall(r'\bid="([^"]+)"', svg))
        assert ids
        assert all(each.startswith(f"{name}-") for each in ids)
        references = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg))
        assert references
        assert {first or second for first, second in references} <= ids


def test_texts_stay_texts_are_escaped_and_are_no_formulas():
    svg = inline("one", 'say "x" & <y>', _draw)
    assert "$x &lt; y$ &amp; &lt;b&gt;" in svg
    assert '<title id="one-title">say "x" &amp; &lt;y&gt;</title>' in svg
    assert "<metadata" not in svg
    assert "2000/svg" in svg


def test_black_and_white_follow_the_page_and_the_size_its_width():
    svg = inline("one", "a line", _draw)
    assert "#000000" not in svg
    assert "#ffffff" not in svg
    assert "currentColor" in svg
    assert "viewBox" in svg
    assert not re.search(r"<svg[^>]* (width|height)=", svg)


def test_the_same_drawing_is_the_same_markup():
    assert inline("one", "a line", _draw) == inline("one", "a line", _draw)
