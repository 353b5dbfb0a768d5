"""Strings made to be slow: a megabyte each, since what bounds the work must hold whatever the text is."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Mapping

SIZE = 1_000_000  # bytes of UTF-8

# One after the other until the size is reached.
_REPEATED: Mapping[str, str] = {
    "spaces": " ",
    "tabs": "\t",
    "newlines": "\n",
    "carriage returns": "\r\n",
    "no-break spaces": "\u00a0",
    "ideographic spaces": "\u3000",
    "one letter": "a",
    "one-letter words": "a ",
    "capitals": "A B ",
    "one digit": "7",
    "braces": "{",
    "parentheses": "(",
    "backslashes": "\\",
    "dollars": "$x=1$ ",
    "code fences": "```\n",
    "JSON": '{"a":[1,2,{"b":null}]},',
    "HTML": "<div class='x'>",
    "words as long as a piece": "a" * 299 + " ",
    "words longer than a piece": "a" * 300 + "\u00e9 ",
    "accented words": "\u00e9" * 299 + " ",
    "Han": "\u6f22\u5b57",
    "Arabic": "\u0645\u0631\u062d\u0628\u0627 ",
    "scripts mixed": "a\u044f\u03b1\u6f221 ",
    "emoji": "\U0001f600",
    "emoji joined": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "letters with marks": "a\u0301\u0302\u0303",
    "marks alone": "\u0301",
    "private use": "\ue000",
    "replacement characters": "\ufffd",
    "NUL": "\x00",
    "NUL and letters": "a\x00",
    "lone surrogates": "\ud800",
    "lone surrogates and letters": "a\udfff",
    "NUL and emoji": "\x00\U0001f600",
}
_DRAWN: Mapping[str, Callable[[random.Random], str]] = {
    "words, all different": lambda rng: "".join(rng.choices(string.ascii_lowercase, k=6)) + " ",
    "ASCII at random": lambda rng: chr(rng.randrange(32, 127)),
    "base64": lambda rng: rng.choice(string.ascii_letters + string.digits + "+/"),
    "Unicode at random": lambda rng: chr(rng.choice((rng.randrange(0x20, 0xD800), rng.randrange(0xE000, 0x2FFFF)))),
}


def adversarial(size: int = SIZE) -> Iterator[tuple[str, str]]:
    """Yield the name of each text and the text, of at most ``size`` bytes.

    Examples
    --------
    >>> all(len(text.encode("utf-8", "surrogatepass")) <= 100 for _, text in adversarial(100))
    True
    """
    for name, unit in _REPEATED.items():
        yield name, unit * (size // _bytes(unit))
    for name, draw in _DRAWN.items():
        yield name, _drawn(draw, size)


def _drawn(draw: Callable[[random.Random], str], size: int) -> str:
    rng, parts, left = random.Random(0), [], size
    while left >= 8:
        parts.append(draw(rng))
        left -= _bytes(parts[-1])
    return "".join(parts)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
