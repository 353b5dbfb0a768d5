from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import PromptError, RoutingError
from pointsman.text import LONGEST, sanitise, text_of


def user(content):
    return {"role": "user", "content": content}


def test_text_is_scored_as_it_is():
    assert text_of("  Ünïcode 漢字 🚉\n") == "  Ünïcode 漢字 🚉\n"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [("a\x00b", "a\ufffdb"), ("\ud800", "\ufffd"), ("\udfffx\ud83d", "\ufffdx\ufffd"), ("🙂", "🙂"), ("", "")],
)
def test_nul_and_lone_surrogates_become_the_replacement_character(raw, clean):
    assert sanitise(raw) == clean
    assert text_of(raw) == clean
    assert text_of([user(raw)]) == clean


@given(st.text(st.characters()))
def test_sanitised_text_has_a_utf8_form_and_sanitising_again_changes_nothing(text):
    clean = sanitise(text)
    clean.encode()
    assert "\x00" not in clean
    assert len(clean) == len(text)
    assert sanitise(clean) == clean


@given(st.text(st.one_of(st.characters(), st.sampled_from("\x00\ud800\udbff\udc00\udfff\ue000\ufffdé🙂"))))
def test_each_unsafe_character_is_replaced_and_no_other(text):
    assert sanitise(text) == re.sub("[\x00\ud800-\udfff]", "\ufffd", text)


def test_of_a_very_long_prompt_both_ends_are_scored():
    prompt = "".join(chr(0x4E00 + i % 20_000) for i in range(2 * LONGEST))
    assert text_of(prompt[:LONGEST]) == prompt[:LONGEST]
    assert text_of(prompt) == prompt[: LONGEST // 2] + prompt[-LONGEST // 2 :]
    assert text_of([user(prompt)]) == text_of(prompt)
    assert text_of("\x00" * 3 * LONGEST) == "\ufffd" * LONGEST


def test_the_last_user_turn_is_scored():
    messages = [{"role": "system", "content": "s"}, user("one"), {"role": "assistant", "content": "a"}, user("two")]
    assert text_of(messages) == "two"
    assert text_of([*messages, {"role": "assistant", "content": "b"}]) == "two"
    assert text_of(tuple(messages)) == "two"


def test_text_parts_are_joined_and_images_left_out():
    parts = [
        {"type": "text", "text": "What is"},
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "input_text", "text": "this?"},
    ]
    assert text_of([user(parts)]) == "What is\nthis?"
    assert text_of([user(parts[1:2])]) == ""
    assert text_of([user([])]) == ""


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (None, "a prompt is a string or a list of chat messages, got NoneType"),
        (5, "a prompt is a string or a list of chat messages, got int"),
        (b"bytes", "a prompt is a string or a list of chat messages, got bytes"),
        ({"role": "user"}, "a prompt is a string or a list of chat messages, got dict"),
        (["text"], "a prompt is a string or a list of chat messages, got list"),
        ([], "the conversation has no message with role 'user', got roles []"),
        ([{"role": "system", "content": "x"}, {}], "no message with role 'user', got roles ['system', None]"),
        ([{"role": "user"}], "a message's content is text or a list of parts, got NoneType"),
        ([user(7)], "a message's content is text or a list of parts, got int"),
        ([user(b"")], "a message's content is text or a list of parts, got bytes"),
        ([user(["text"])], "a message's content is text or a list of parts, got list"),
        ([user([{"type": "text", "text": None}])], "a text part's text is a string, got None"),
        ([user([{"type": "text"}])], "a text part's text is a string, got None"),
    ],
)
def test_what_is_no_prompt_is_refused_by_type(prompt, message):
    with pytest.raises(PromptError, match=re.escape(message)) as error:
        text_of(prompt)
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, RoutingError)
