from __future__ import annotations

import pytest

from pointsman_train.featurize.surface import SURFACE_NAMES, add_surface


@pytest.fixture(scope="module")
def surface(block):
    run = block(add_surface)
    return lambda text: dict(zip(SURFACE_NAMES, run(text)[0].tolist(), strict=True))


# Every text gets a newline at its end, which counts among chars, spaces are counted apart from newlines.
CODE = "Run this:\n\n```\n  def f_x(a):\n    return a * 2;\n```\n"
CHOICES = "Which one?\nA. Oxygen\nB) Neon\nC: Zinc\n(D) None"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"pieces": 1, "chars": 1, "newlines": 1, "letters": 0, "digits": 0, "marks": 0}),
        ("abc DEF", {"chars": 8, "letters": 6, "upper": 3, "spaces": 1, "capitals_run": 2, "word_starts": 1}),
        (
            "What is 17 * 23?",
            {"chars": 17, "letters": 6, "digits": 4, "digit_pairs": 2, "digit_triples": 0, "spaces": 4, "marks": 2,
             "questions": 1, "stars": 1, "operations": 1, "upper": 1, "word_starts": 1},
        ),
        ("3.14 and 1000", {"digits": 7, "decimals": 1, "full_stops_bare": 1, "full_stops": 0, "digit_triples": 2}),
        ("One. Two.\nThree.", {"full_stops": 3, "full_stops_bare": 3, "capitalised": 2, "newlines": 2}),
        (
            CODE,
            # The last newline and the one that is added make the second blank line.
            {"fences": 2, "blank_lines": 2, "newlines": 7, "indents": 2, "snake_case": 1, "calls": 1,
             "line_ends": 3, "semicolons": 1, "colons": 2, "underscores": 1, "operations": 1},
        ),
        (CHOICES, {"choices": 4, "newlines": 5, "questions": 1, "parentheses": 1, "full_stops": 1}),
        ("List:\n- a\n* b\n1. c\n2) d\n-e", {"bullets": 2, "numbered": 2, "hyphens": 2, "stars": 1}),
        ("Fill ____ in", {"blanks": 2, "underscores": 4}),
        ("x=y+1 {a} [b] <c> $d$ e^2 \\f", {
            "equals": 1, "plus": 1, "braces": 1, "brackets": 1, "angles": 2, "dollars": 2, "carets": 1,
            "backslashes": 1, "operations": 3,
        }),
        ("éàü αβ жд ∑≤ 中文🙂", {"latin": 3, "greek": 2, "cyrillic": 2, "symbols": 2, "other": 3, "letters": 0}),
        ("5 % | # / ; ! ' \"", {
            "percents": 1, "pipes": 1, "hashes": 1, "slashes": 1, "semicolons": 1, "exclamations": 1,
            "apostrophes": 1, "quotes": 1, "marks": 8,
        }),
        ("a\tb\rc", {"spaces": 2, "newlines": 1}),
    ],
)  # fmt: skip
def test_counts_are_those_counted_by_hand(surface, text, expected):
    found = surface(text)
    assert {name: found[name] for name in expected} == expected


def test_shares_divide_by_one_more_than_the_count(surface):
    found = surface("Ab 12, c")
    # 9 characters with the newline, 3 letters, 1 of them upper, 2 digits, 1 pair of digits, 1 word after a space.
    assert found["upper_per_letters"] == pytest.approx(1 / 4)
    assert found["digits_per_chars"] == pytest.approx(2 / 10)
    assert found["digits_per_digit_pairs"] == pytest.approx(2 / 2)
    assert found["letters_per_word_starts"] == pytest.approx(3 / 2)
    assert found["commas_per_word_starts"] == pytest.approx(1 / 2)


def test_an_empty_text_has_no_undefined_share(surface):
    assert all(value == value and abs(value) < 2 for value in surface("").values())


def test_sequences_do_not_cross_the_cut_between_pieces(surface):
    # 250 digits, a cut, 150 digits and the newline: 249 + 149 pairs.
    found = surface("7" * 400)
    assert (found["digits"], found["digit_pairs"], found["digit_triples"]) == (400, 398, 396)


def test_every_feature_has_a_name_of_its_own():
    assert len(set(SURFACE_NAMES)) == len(SURFACE_NAMES)
