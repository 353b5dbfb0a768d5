from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.text import LONGEST
from pointsman_train.featurize.window import WINDOW_PIECES


@pytest.fixture(scope="module")
def pieces(block):
    """Pieces that are read of each text."""
    run = block(lambda g, window: window.pieces, "string")
    return lambda *texts: [in_order([piece for piece in row if piece]) for row in run(*texts).tolist()]


def in_order(inwards):
    """Pieces from the beginning of a text to its end, of those from both ends inwards."""
    return inwards[::2] + inwards[1::2][::-1]


@pytest.fixture(scope="module")
def count(block):
    return lambda text: float(block(lambda g, window: window.piece_count)(text)[0, 0])


def long_text(words):
    return " ".join(f"w{i:05}" for i in range(words))


def test_a_short_text_is_one_piece_with_a_newline_at_its_end(pieces):
    assert pieces("What is 2 + 2?", "") == [["What is 2 + 2?\n"], ["\n"]]


@pytest.mark.parametrize("text", [long_text(570), "x" * 3_900, "\n" * 4_000, "中" * 3_900, "a\r\n\t b" * 600])
def test_a_text_of_at_most_sixteen_pieces_is_read_whole(pieces, text):
    found = pieces(text)[0]
    assert len(found) <= WINDOW_PIECES
    assert "".join(found) == text + "\n"


def test_a_long_text_is_read_at_both_ends_alone(pieces):
    text = long_text(LONGEST // 7)
    found = pieces(text)[0]
    assert len(found) == 16
    head, tail = "".join(found[:8]), "".join(found[8:])
    assert text.startswith(head)
    assert (text + "\n").endswith(tail)
    # Pieces end at white space, at most 301 characters on.
    assert 8 * 250 <= len(head) <= 8 * 301
    assert 8 * 250 - 250 <= len(tail) <= 8 * 301


@pytest.mark.parametrize("filler", ["x", " ", "a " + "x" * 300, "中"])
def test_the_longest_text_that_is_given_is_read_to_its_end(pieces, filler):
    text = (filler * LONGEST)[: LONGEST - 3] + "end"
    assert pieces(text)[0][-1].endswith("end\n")


def test_of_a_text_longer_than_is_ever_given_the_beginning_is_read_all_the_same(pieces):
    assert pieces("begin" + "x" * 3 * LONGEST)[0][0].startswith("begin")


def test_the_middle_of_a_long_text_is_not_read(pieces):
    text = long_text(4_000)
    middle = len(text) // 2
    assert pieces(text[: middle - 10] + "?" * 20 + text[middle + 10 :]) == pieces(text)
    assert pieces("?" + text[1:]) != pieces(text)
    assert pieces(text[:-1] + "?") != pieces(text)


def test_words_are_not_cut_where_there_is_white_space(pieces):
    assert all(piece[-1].isspace() for piece in pieces(long_text(LONGEST // 7))[0])


def test_text_without_white_space_is_cut_at_250_characters(pieces, count):
    assert [len(piece) for piece in pieces("x" * 1_000)[0]] == [250, 250, 250, 251]
    assert count("x" * 100_000) == 400.0


def test_the_count_is_of_all_pieces_and_not_of_those_read(count):
    assert count("") == 1.0
    assert count("x" * 250 * 40) == 40.0


def test_a_row_reads_the_same_beside_a_longer_one(pieces):
    short, middle, long = "Hi", long_text(100), long_text(5_000)
    assert pieces(short, long, middle) == [pieces(short)[0], pieces(long)[0], pieces(middle)[0]]


def test_pieces_come_from_both_ends_inwards(block):
    run = block(lambda g, window: window.pieces, "string")
    row = run("a" * 250 + "b" * 250 + "c" * 250 + "d" * 249, "x" * 249).tolist()
    assert [[piece[:1] for piece in found] for found in row] == [["a", "d", "b", "c"], ["x", "", "", ""]]


@given(st.integers(0, 200_000))
def test_what_is_read_is_bounded_whatever_the_length(pieces, length):
    found = pieces("ab cd\n" * (length // 6))[0]
    assert sum(len(piece) for piece in found) <= 16 * 301
