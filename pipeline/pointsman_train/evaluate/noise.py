"""Changes to a prompt that keep its meaning: case, white space, typos, a polite prefix, an irrelevant suffix."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

Noise: TypeAlias = Callable[[str, np.random.Generator], str]

TYPO_RATE = 0.02
_DOUBLED = 0.2
_SPACE = re.compile(" ")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_PREFIXES = (
    "Please help me with the following. ",
    "Hello! Could you please answer this for me? ",
    "I would be very grateful for your help with this:\n\n",
    "Hi there, I hope you are well. ",
)
_SUFFIXES = (
    "\n\nThank you very much in advance!",
    " By the way, it has been raining here all morning.",
    "\n\nSent from my phone.",
    " I have to leave for lunch soon.",
)


def case(prompt: str, rng: np.random.Generator) -> str:
    """Write everything small, or everything large where that changes nothing.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> case("What is DNA?", rng), case("what is dna?", rng)
    ('what is dna?', 'WHAT IS DNA?')
    """
    small = prompt.lower()
    return small if small != prompt else prompt.upper()


def whitespace(prompt: str, rng: np.random.Generator) -> str:
    """Double one space in five, and put white space before and after."""
    return " " + _SPACE.sub(lambda space: "  " if rng.random() < _DOUBLED else " ", prompt) + " \n"


def typos(prompt: str, rng: np.random.Generator) -> str:
    """Mistype two letters in a hundred: drop it, double it, swap it with the next character, or hit another key.

    A prompt with letters gets one error at the least, so that short prompts are tested too.
    """
    letters = [i for i, character in enumerate(prompt) if character.isalpha()]
    if not letters:
        return prompt
    hit = np.flatnonzero(rng.random(len(letters)) < TYPO_RATE)
    hit = hit if len(hit) else rng.integers(len(letters), size=1)
    characters = list(prompt)
    # From the end, so that the places before stay where they are.
    for at in (letters[k] for k in hit[::-1]):
        characters[at : at + 2] = _mistyped(characters[at : at + 2], rng)
    return "".join(characters)


def _mistyped(pair: Sequence[str], rng: np.random.Generator) -> list[str]:
    letter, after = pair[0], list(pair[1:])
    other = _LETTERS[rng.integers(len(_LETTERS))]
    mistyped = [after, [letter, letter, *after], [*after, letter], [other, *after]][rng.integers(4)]
    return mistyped if mistyped != list(pair) else after


def polite_prefix(prompt: str, rng: np.random.Generator) -> str:
    """Put a polite sentence before it."""
    return _PREFIXES[rng.integers(len(_PREFIXES))] + prompt


def irrelevant_suffix(prompt: str, rng: np.random.Generator) -> str:
    """Put a sentence after it that asks for nothing."""
    return prompt + _SUFFIXES[rng.integers(len(_SUFFIXES))]


NOISES: Mapping[str, Noise] = {
    "case": case,
    "whitespace": whitespace,
    "typos": typos,
    "polite_prefix": polite_prefix,
    "irrelevant_suffix": irrelevant_suffix,
}


def disturb(prompts: Sequence[str], noise: Noise, seed: int) -> list[str]:
    """Change every prompt.

    What happens to a prompt hangs on the seed and on its own text alone, so that it is the same in any order, and
    two routers are asked the same.

    Parameters
    ----------
    prompts
        Any texts.
    noise
        One of :data:`NOISES`.
    seed
        Not negative.

    Examples
    --------
    >>> disturb(["Name a colour."], polite_prefix, seed=1)
    ['Hello! Could you please answer this for me? Name a colour.']
    """
    return [noise(prompt, np.random.default_rng([seed, _hash(prompt)])) for prompt in prompts]


def _hash(prompt: str) -> int:
    return zlib.crc32(prompt.encode("utf-8", "surrogatepass"))
