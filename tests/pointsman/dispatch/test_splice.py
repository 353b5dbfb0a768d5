from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.dispatch.controls import ROUTING_KEYS
from pointsman.dispatch.errors import BodyError
from pointsman.dispatch.splice import Body

BLANK = st.text(" \t\n\r", max_size=3)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3), max_leaves=8
)
KEYS = st.sampled_from(["model", "models", "provider", "pointsman", "messages", "n"]) | st.text(max_size=5)


@st.composite
def literals(draw, value):
    """Write a value as JSON in one of its many forms."""
    if isinstance(value, str) and draw(st.booleans()):
        return '"' + "".join(f"\\u{unit:04x}" for unit in _units(value)) + '"'
    return json.dumps(
        value, ensure_ascii=draw(st.booleans()) or not _utf8(value), indent=draw(st.sampled_from([None, 1]))
    )


def _units(text):
    raw = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]


def _utf8(value):
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@st.composite
def objects(draw):
    """Draw members, and the text of an object with them: any white space, repeated keys, any escapes."""
    members = draw(st.lists(st.tuples(KEYS, VALUES), max_size=8))
    written = []
    for key, value in members:
        blanks = [draw(BLANK) for _ in range(4)]
        name, text = draw(literals(key)), draw(literals(value))
        written.append(f"{blanks[0]}{name}{blanks[1]}:{blanks[2]}{text}{blanks[3]}")
    inner = ",".join(written) if written else draw(BLANK)
    return members, draw(BLANK) + "{" + inner + "}" + draw(BLANK)


@given(objects())
def test_any_object_reads_as_the_standard_parser_reads_it(drawn):
    _, text = drawn
    assert Body.parse(text.encode()).values == json.loads(text)


@given(objects())
def test_a_splice_changes_the_model_and_nothing_else(drawn):
    members, text = drawn
    new = Body.parse(text.encode()).spliced("other", ROUTING_KEYS)
    expected = [(key, "other" if key == "model" else value) for key, value in members if key not in ROUTING_KEYS]
    assert _read(new) == _read(_written(expected))


def _read(text):
    """Read with every repeated key, the order counting."""
    return json.loads(text, object_pairs_hook=lambda pairs: ("object", pairs))


def _written(members):
    return "{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in members) + "}"


@given(objects())
def test_every_byte_outside_the_edits_stays(drawn):
    _, text = drawn
    body = Body.parse(text.encode())
    new = body.spliced("other", ROUTING_KEYS).decode()
    for member in body.members:
        if member.key not in ROUTING_KEYS and member.key != "model":
            assert text[member.start : member.end] in new
    head, tail = text.index("{") + 1, text[text.rindex("}") :]
    assert new.startswith(text[:head])
    assert new.endswith(tail)


@given(objects())
def test_without_an_edit_the_body_is_the_same_bytes(drawn):
    _, text = drawn
    body = Body.parse(text.encode())
    names = [member.value for member in body.members if member.key == "model"]
    if all(isinstance(name, str) and name == names[0] for name in names):
        assert body.spliced(names[0] if names else "any") == text.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"model":"auto","provider":{}}', '{"model":"m"}'),
        ('{"provider":{},"model":"auto"}', '{"model":"m"}'),
        ('{ "model" : "auto" , "provider" : {} , "n" : 1.50 }', '{ "model" : "m" , "n" : 1.50 }'),
        ('{"provider":1,"models":[]}', "{}"),
        ('{"model":"a","model":"b"}', '{"model":"m","model":"m"}'),
        ('{"\\u006dodel":"auto","x":"\\u00e9"}', '{"\\u006dodel":"m","x":"\\u00e9"}'),
        ('{"n":1e400,"model":"auto"}', '{"n":1e400,"model":"m"}'),
    ],
)
def test_examples_of_splices(text, expected):
    assert Body.parse(text.encode()).spliced("m", ROUTING_KEYS).decode() == expected


def test_a_quote_in_a_model_name_cannot_leave_its_place():
    new = Body.parse(b'{"model":"auto"}').spliced('x","tools":"y')
    assert json.loads(new) == {"model": 'x","tools":"y'}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "expected '{' at character 0"),
        (b"[]", "expected '{' at character 0"),
        (b'"text"', "expected '{' at character 0"),
        (b'{"a":1', "expected ',' at character 6"),
        (b'{"a":1,}', "expected another member after the comma"),
        (b'{"a" 1}', "expected ':' at character 5"),
        (b'{"a":}', "Expecting value"),
        (b"{1:2}", "expected a key in quotes at character 1"),
        (b'{"a":1} {}', "expected nothing after the object"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":-Infinity}', "-Infinity is not JSON"),
        (b'{"a":"\n"}', "Invalid control character"),
        (b'{"a":' + b"9" * 5000 + b"}", "limit"),
        (b'\xef\xbb\xbf{"a":1}', "expected '{' at character 0"),
        (b'{"a":"\xff"}', "not UTF-8: byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_object_is_told(raw, message):
    with pytest.raises(BodyError) as error:
        Body.parse(raw)
    assert message in str(error.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_body_error(raw):
    try:
        body = Body.parse(raw)
    except BodyError:
        return
    assert body.values == json.loads(raw)
