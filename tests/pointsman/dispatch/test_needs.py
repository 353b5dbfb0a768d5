from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.dispatch.api import Api
from pointsman.dispatch.conversation import in_tool_loop, scored_text
from pointsman.dispatch.needs import most_tokens, needs_of
from pointsman_train.paths import data_dir

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda v: (
        st.lists(v, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "effort", "format"]), v, max_size=3)
    ),
    max_leaves=8,
)


def user(content):
    return {"role": "user", "content": content}


def test_tokens_are_never_fewer_than_three_real_models_counted():
    prompts = pd.read_parquet(data_dir() / "fleet" / "prompts.parquet").set_index("prompt_id").prompt
    counted = pd.read_parquet(data_dir() / "fleet" / "outcomes.parquet").groupby("prompt_id").input_tokens.max()
    estimate = prompts.map(lambda prompt: needs_of(Api.CHAT, {"messages": [user(prompt)]}).input_tokens)
    assert len(counted) > 2000
    assert (estimate >= counted.reindex(estimate.index)).all()


def test_the_estimate_is_below_the_bytes_and_far_above_the_likely_tokens():
    prose = b"the railway worker sets the switch so that each train takes the right track " * 100
    assert len(prose) / 4 < most_tokens(prose) < len(prose) / 2
    assert most_tokens(b"0123456789" * 10) == 100
    assert most_tokens("\u4e2d\u6587".encode()) == 6


def test_an_image_counts_as_an_image_and_not_as_its_bytes():
    needs = needs_of(Api.CHAT, {"messages": [user([{"type": "text", "text": "What is it?"}, IMAGE])]})
    # 16 of the message, 128 of the conversation; keys and values of the message count as text.
    assert 2048 + 16 + 128 < needs.input_tokens < 2048 + 16 + 128 + 100
    assert needs.capabilities == {"images"}


@pytest.mark.parametrize(
    ("api", "body", "expected"),
    [
        (Api.CHAT, {}, set()),
        (Api.CHAT, {"tools": [{"type": "function"}]}, {"tools"}),
        (Api.CHAT, {"tools": []}, set()),
        (Api.CHAT, {"messages": [user("a"), {"role": "tool", "content": "b"}]}, {"tools"}),
        (Api.CHAT, {"response_format": {"type": "json_schema"}}, {"json_schema"}),
        (Api.CHAT, {"response_format": {"type": "json_object"}}, {"json_object"}),
        (Api.CHAT, {"response_format": {"type": "text"}}, set()),
        (Api.CHAT, {"reasoning_effort": "high"}, {"reasoning"}),
        (Api.CHAT, {"reasoning_effort": "none"}, set()),
        (Api.CHAT, {"reasoning": {"enabled": False}}, set()),
        (Api.RESPONSES, {"reasoning": {"effort": "low"}}, {"reasoning"}),
        (Api.RESPONSES, {"text": {"format": {"type": "json_schema"}}}, {"json_schema"}),
        (Api.RESPONSES, {"input": [user([{"type": "input_image", "image_url": "x"}])]}, {"images"}),
        (Api.RESPONSES, {"input": [user([{"type": "input_file", "file_data": "x"}])]}, {"files"}),
        (Api.CHAT, {"messages": [user([{"type": "input_audio", "input_audio": {}}])]}, {"audio"}),
    ],
)
def test_capabilities_are_read_from_what_is_asked(api, body, expected):
    assert needs_of(api, body).capabilities == expected


@pytest.mark.parametrize(
    ("body", "tokens", "stated"),
    [({}, 256, False), ({"max_tokens": 9}, 9, True), ({"max_completion_tokens": 9, "max_tokens": 7}, 9, True),
     ({"max_output_tokens": 5}, 5, True), ({"max_tokens": None}, 256, False), ({"max_tokens": True}, 256, False),
     ({"max_tokens": 10**400}, 256, False)],
)  # fmt: skip
def test_room_for_the_answer_is_what_the_request_allows(body, tokens, stated):
    needs = needs_of(Api.CHAT, body)
    assert (needs.output_tokens, needs.stated_output) == (tokens, stated)


def test_tools_and_instructions_count_as_text():
    plain = needs_of(Api.RESPONSES, {"input": "hi"})
    more = needs_of(Api.RESPONSES, {"input": "hi", "instructions": "B" * 50, "tools": [{"name": "C" * 30}]})
    assert more.input_tokens - plain.input_tokens == 50 + 30 + most_tokens(b"name")


def test_parameters_are_the_settings():
    body = {"model": "m", "messages": [], "stream": True, "temperature": 0, "logprobs": True}
    assert needs_of(Api.CHAT, body).parameters == {"temperature", "logprobs"}


@given(
    st.sampled_from(Api), st.dictionaries(st.sampled_from(["messages", "input", "tools", "text", "reasoning"]), JSON)
)
def test_any_body_has_needs_and_a_text(api, body):
    assert needs_of(api, body).input_tokens >= 128
    assert isinstance(scored_text(api, body), str)
    assert in_tool_loop(api, body) in (True, False)


def test_up_to_three_earlier_user_turns_are_scored():
    turns = [message for n in range(6) for message in (user(f"u{n}"), {"role": "assistant", "content": f"a{n}"})]
    body = {"messages": [{"role": "system", "content": "s"}, *turns]}
    assert scored_text(Api.CHAT, body) == "u2\n\nu3\n\nu4\n\nu5"
    assert scored_text(Api.CHAT, body, earlier=0) == "u5"


def test_a_last_turn_of_images_alone_is_no_signal():
    assert scored_text(Api.CHAT, {"messages": [user("What is 2 + 2?"), user([IMAGE])]}) == ""
    assert scored_text(Api.CHAT, {"messages": [user("  ")]}) == ""
    assert scored_text(Api.CHAT, {"messages": [{"role": "system", "content": "s"}]}) == ""


def test_the_input_of_the_responses_api_is_text_or_items():
    assert scored_text(Api.RESPONSES, {"input": "2 + 2?"}) == "2 + 2?"
    part = {"type": "input_text", "text": "2 + 2?"}
    assert scored_text(Api.RESPONSES, {"input": [user([part, part])]}) == "2 + 2?\n2 + 2?"


def test_nul_and_lone_surrogates_are_replaced_as_in_training():
    assert scored_text(Api.CHAT, {"messages": [user("a\x00b\ud800")]}) == "a\ufffdb\ufffd"


@pytest.mark.parametrize(
    ("api", "body", "expected"),
    [
        (Api.CHAT, {"messages": [user("a")]}, False),
        (Api.CHAT, {"messages": [user("a"), {"role": "tool", "content": "b"}]}, True),
        (Api.CHAT, {"messages": [{"role": "tool", "content": "b"}, user("a")]}, False),
        (Api.CHAT, {"messages": [{"role": "tool", "content": "b"}, {"role": "system", "content": "c"}]}, True),
        (Api.RESPONSES, {"input": [user("a"), {"type": "function_call_output", "output": "b"}]}, True),
        (Api.RESPONSES, {"input": "a"}, False),
        (Api.CHAT, {}, False),
    ],
)
def test_a_tool_loop_is_a_conversation_that_ends_with_a_tools_result(api, body, expected):
    assert in_tool_loop(api, body) is expected


def test_sounds_and_files_count_by_their_size_and_far_below_their_bytes():
    data = "A" * 1_000_000
    sound = needs_of(Api.CHAT, {"messages": [user([{"type": "input_audio", "input_audio": {"data": data}}])]})
    file = needs_of(Api.CHAT, {"messages": [user([{"type": "file", "file": {"file_data": data}}])]})
    assert 1_000 < sound.input_tokens < 2_000
    assert 30_000 < file.input_tokens < 35_000
    assert (sound.capabilities, file.capabilities) == ({"audio"}, {"files"})


def test_what_a_tool_gave_back_counts_with_its_images_and_needs_a_model_with_tools():
    output = {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "image_url": "x"}]}
    needs = needs_of(Api.RESPONSES, {"input": [output]})
    assert needs.capabilities == {"tools", "images"}
    assert needs.input_tokens > 2_000
