r"""A JSON body whose every byte stays as it is, but for the model's name and the routing fields.

Parsing and writing again would change white space, escapes, the digits of numbers and repeated keys. So the top level
is walked with the standard parser, noting where each member stands, and the text is cut and pasted at those places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pointsman.dispatch.errors import BodyError

_BLANK = re.compile(r"[ \t\n\r]*")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the top-level object; positions are in characters.

    Attributes
    ----------
    key, value
        As parsed.
    start, value_start, end
        Where the key's quote stands, where the value starts, and where it ends.
    """

    key: str
    value: Any
    start: int
    value_start: int
    end: int


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object, as text and as parsed.

    Attributes
    ----------
    text
        The whole of it.
    members
        In their order, repeated keys included.
    """

    text: str
    members: tuple[Member, ...]

    @classmethod
    def parse(cls, raw: bytes) -> Body:
        """Parse a request's body.

        Raises
        ------
        BodyError
            When it is not UTF-8, not JSON, not an object, or nested too deeply.
        """
        try:
            text = raw.decode("utf-8")
            return cls(text, tuple(_members(text)))
        except UnicodeDecodeError as error:
            raise BodyError(f"the body is not UTF-8: byte {error.start} cannot be decoded") from error
        except RecursionError as error:
            raise BodyError("the body is nested too deeply") from error
        except ValueError as error:
            # Whole numbers of thousands of digits end here too.
            raise BodyError(f"the body is not a JSON object: {error}") from error

    @property
    def values(self) -> Mapping[str, Any]:
        """The object; of a repeated key the last value counts, as in most parsers."""
        return {member.key: member.value for member in self.members}

    def spliced(self, model: str, cut: Collection[str] = (), put: Mapping[str, Any] | None = None) -> bytes:
        r"""Return the body with another model name, without some members, and with others.

        A member of ``put`` has its value wherever it stands, and is added at the end where it does not.

        Every member called ``model`` gets the name, so that no upstream that reads the first of two can be made to
        use another model than the one that was checked.

        Examples
        --------
        >>> Body.parse(b'{"models": ["a"], "model" : "auto",\n "n":1.50}').spliced("small", {"models"})
        b'{"model" : "small",\n "n":1.50}'
        >>> Body.parse(b'{"model": "auto"}').spliced("small", put={"n": 2})
        b'{"model": "small", "n": 2}'
        """
        pieces, at = [], 0
        for start, end, new in self._edits({"model": model}, put or {}, cut):
            pieces += [self.text[at:start], new]
            at = end
        return "".join([*pieces, self.text[at:]]).encode("utf-8")

    def _edits(
        self, there: Mapping[str, Any], put: Mapping[str, Any], cut: Collection[str]
    ) -> Iterator[tuple[int, int, str]]:
        kept = [member.key not in cut for member in self.members]
        last = max((position for position, stays in enumerate(kept) if stays), default=-1)
        new, missing = {**there, **put}, dict(put)
        for position, member in enumerate(self.members[: last + 1]):
            if not kept[position]:
                yield member.start, self.members[position + 1].start, ""
                continue
            missing.pop(member.key, None)
            if member.key in new and member.value != new[member.key]:
                yield member.value_start, member.end, json.dumps(new[member.key])
        added = "".join(f", {json.dumps(key)}: {json.dumps(value)}" for key, value in missing.items())
        if last >= 0 and (added or last + 1 < len(self.members)):
            # The tail goes at once, with the comma before it.
            yield self.members[last].end, self.members[-1].end, added
        elif self.members and last < 0:
            yield self.members[0].start, self.members[-1].end, added.removeprefix(", ")


def _members(text: str) -> Iterator[Member]:
    at = _skip(text, 0)
    _expect(text, at, "{")
    at = _skip(text, at + 1)
    while not (text.startswith("}", at)):
        start = at
        key, at = _DECODER.raw_decode(text, at)
        if not isinstance(key, str):
            raise ValueError(f"expected a key in quotes at character {start}")
        at = _skip(text, at)
        _expect(text, at, ":")
        value_start = _skip(text, at + 1)
        value, end = _DECODER.raw_decode(text, value_start)
        yield Member(key, value, start, value_start, end)
        at = _skip(text, end)
        if text.startswith("}", at):
            break
        _expect(text, at, ",")
        at = _skip(text, at + 1)
        if text.startswith("}", at):
            raise ValueError(f"expected another member after the comma, at character {at}")
    if _skip(text, at + 1) != len(text):
        raise ValueError(f"expected nothing after the object, at character {at + 1}")


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, character: str) -> None:
    if not text.startswith(character, at):
        raise ValueError(f"expected {character!r} at character {at}")
