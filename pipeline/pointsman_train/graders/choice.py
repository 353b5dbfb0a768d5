"""Multiple choice, with the options shuffled anew in every trial."""

from __future__ import annotations

import hashlib
import json
import re
import string
from dataclasses import dataclass

from pointsman_train.errors import GraderError
from pointsman_train.graders.seam import GradeItem, Verdict
from pointsman_train.graders.text import after_marker, normalise

_SAID = re.compile(r"\b(?:answer|option|choice)\b(?:\s+is)?\s*[:=]?\s*[*(\[\"'`]*([A-Z])(?![\w'\u2019])")
_LEADING = re.compile(r"^\W*([A-Z])(?:\W*$|\s*[).:\]*]|\s*[-\u2013]\s)")
_SEVERAL = re.compile(r"^\W*[A-Z]\W*(?:and|or|[,/&])\W*[A-Z](?!\w)")
_SHAPED = re.compile(r"\(([A-Z])\)|\*\*([A-Z])\*\*|\b([A-Z])\)")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a prompt and the right one, as the reference gives them.

    Attributes
    ----------
    texts
        Different from each other.
    right
        Position of the right one.
    """

    texts: tuple[str, ...]
    right: int


def read_options(reference: str) -> Options:
    """Read a reference: ``{"options": ["Oslo", "Bergen"], "answer": "Oslo"}``; the answer may be a position from 0.

    Raises
    ------
    GraderError
        Where the reference is anything else.
    """
    try:
        value = json.loads(reference)
        texts, answer = value["options"], value["answer"]
    except (ValueError, TypeError, KeyError) as error:
        raise GraderError(f"the reference is no JSON object with options and answer: {error!r}") from error
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise GraderError(f"the options are {texts!r}, expected a list of texts")
    if not 2 <= len(texts) <= len(string.ascii_uppercase) or len({normalise(text) for text in texts}) < len(texts):
        raise GraderError(f"the options are {texts!r}, expected 2 to 26 that differ")
    if isinstance(answer, str) and answer in texts:
        return Options(tuple(texts), texts.index(answer))
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(texts):
        return Options(tuple(texts), answer)
    raise GraderError(f"the answer is {answer!r}, expected one of the options or a position from 0")


def order(count: int, item: GradeItem) -> tuple[int, ...]:
    """Return the options' positions in the order shown; the trial's seed and the prompt decide.

    Sorting by a hash is a uniform shuffle that is the same on every machine and in every version.
    """

    def key(position: int) -> bytes:
        return hashlib.sha256(f"{item.seed}\n{position}\n{item.prompt}".encode("utf-8", "surrogatepass")).digest()

    return tuple(sorted(range(count), key=key))


def read_letter(answer: str, shown: tuple[str, ...]) -> int | None:
    """Return the position, among the options as shown, that an answer names; None where that is none or several.

    Examples
    --------
    >>> shown = ("Oslo", "Bergen")
    >>> [read_letter(text, shown) for text in ("B", "(A) Oslo", "A good answer is B.", "Bergen!", "A or B", "")]
    [1, 0, 1, 1, None, None]
    """
    letters = string.ascii_uppercase[: len(shown)]
    marked = after_marker(answer)
    if _SEVERAL.match(marked or answer):
        return None
    for found in (
        _LEADING.findall(marked or ""),
        _SAID.findall(answer)[-1:],
        _LEADING.findall(answer.strip()),
        ["".join(groups) for groups in _SHAPED.findall(answer)],
    ):
        named = {letter for letter in found if letter in letters}
        if named:
            return letters.index(named.pop()) if len(named) == 1 else None
    return _by_text(answer, shown)


def _by_text(answer: str, shown: tuple[str, ...]) -> int | None:
    text = normalise(answer)
    whole = [i for i, option in enumerate(shown) if normalise(option) == text]
    within = [i for i, option in enumerate(shown) if re.search(rf"(?<!\w){re.escape(normalise(option))}(?!\w)", text)]
    return (whole or within)[0] if len(whole or within) == 1 else None


@dataclass(frozen=True, slots=True)
class Choice:
    """Asks with lettered options in the trial's order, and maps the letter back.

    Attributes
    ----------
    shuffle
        False keeps the reference's order in every trial.
    ask
        What follows the options in the prompt.
    """

    shuffle: bool = True
    ask: str = "Answer with the letter of the right option."

    def _shown(self, options: Options, item: GradeItem) -> tuple[int, ...]:
        return order(len(options.texts), item) if self.shuffle else tuple(range(len(options.texts)))

    def render(self, item: GradeItem) -> str:
        """Return the prompt with its options. Raises :class:`GraderError` where the reference has none."""
        options = read_options(item.reference)
        texts = [options.texts[position] for position in self._shown(options, item)]
        lines = [f"{letter}) {text}" for letter, text in zip(string.ascii_uppercase, texts, strict=False)]
        return "\n".join([item.prompt.rstrip(), "", *lines, "", self.ask]).rstrip()

    def grade(self, answer: str, item: GradeItem) -> Verdict:
        """Grade one answer to the prompt as rendered with the same seed."""
        try:
            options = read_options(item.reference)
        except GraderError as error:
            return Verdict(None, str(error))
        shown = self._shown(options, item)
        letter = read_letter(answer, tuple(options.texts[position] for position in shown))
        if letter is None:
            return Verdict(0.0, "failed: names no option, or several")
        return Verdict(float(shown[letter] == options.right))
