"""How graders read an answer: normalised text, and the parts of an answer that may be the answer proper."""

from __future__ import annotations

import re
import unicodedata

_MARKER = re.compile(r"\b(?:final\s+)?answer\s*(?:is)?\s*[:=]\s*", re.IGNORECASE)
_BOX = re.compile(r"\\boxed\{(?:\\text\{)?([^{}]+)\}")
_EDGES = " \"'`*.,;:!?\u201c\u201d\u2018\u2019"
_FENCE = re.compile(r"```[\w+-]*\n?(.*?)```", re.DOTALL)
_MARKED = re.compile(r"\*\*(.+?)\*\*|`([^`]+)`|\"([^\"]+)\"|“([^”]+)”", re.DOTALL)
_VERB = re.compile(
    r"\b(?:is|are|was|be|has|have|wants|asked for|ordered|wrote|delivered|works|prints?|output)\b[:\s]+",
    re.IGNORECASE,
)


def alternatives(reference: str) -> list[str]:
    """Split a reference at "|" into the answers that are all right; blank ones are left out.

    Examples
    --------
    >>> alternatives("Au| gold |")
    ['Au', 'gold']
    """
    return [part.strip() for part in reference.split("|") if part.strip()]


def normalise(text: str, *, fold: bool = True) -> str:
    """Return text without accents, surrounding punctuation, a leading article and extra space.

    Parameters
    ----------
    text
        Any text.
    fold
        Whether to write it in lower case.

    Examples
    --------
    >>> normalise(' "The Café." '), normalise("An Elk", fold=False)
    ('cafe', 'Elk')
    >>> normalise("-5"), normalise("[1, 2]")
    ('-5', '[1, 2]')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = " ".join((plain.casefold() if fold else plain).split()).strip(_EDGES)
    return re.sub(r"^(?:the|a|an) (?=\S)", "", plain, flags=re.IGNORECASE)


def after_marker(answer: str) -> str | None:
    r"""Return the content of an answer's last LaTeX box, else what follows its last "Answer:", else None.

    Examples
    --------
    >>> after_marker("6 * 7 is 42. Answer: 42 apples")
    '42 apples'
    >>> after_marker(r"So it is \boxed{\text{Ana}}, as of step 3.")
    'Ana'
    """
    boxes: list[str] = _BOX.findall(answer)
    if boxes:
        return boxes[-1].strip()
    marks = list(_MARKER.finditer(answer))
    return answer[marks[-1].end() :].strip() if marks and answer[marks[-1].end() :].strip(" *") else None


def unfenced(answer: str) -> str:
    r"""Return the content of the only code fence of an answer, or the answer itself.

    Examples
    --------
    >>> unfenced("```python\n[1]\n```")
    '[1]'
    """
    blocks = _FENCE.findall(answer)
    return blocks[0].strip() if len(blocks) == 1 else answer.strip()


def _clauses(line: str) -> list[str]:
    """Return what stands before the first and after the last verb of a plain statement."""
    line = re.sub(r"^(?:at the end|in the end|now),? ", "", line, flags=re.IGNORECASE)
    parts = [line.rsplit(": ", 1)[-1], _VERB.split(line)[-1]]
    # "Ana is taller than Ben", "It is not Ana" and "Ana has this, Ben has that" do not name one person.
    if not re.search(r"\b(?:than|not|or)\b|,|[.!?]\s", line):
        parts.append(_VERB.split(line)[0])
    return parts


def readings(answer: str) -> list[str]:
    """Return the parts of an answer that may be meant as its result, the whole first.

    These are the whole answer, its first and last line, what follows "Answer:", what stands before the first
    and after the last verb of a one-line answer, and a quoted, bold or code part where there is exactly one.

    Examples
    --------
    >>> readings('The word is "pit".')
    ['The word is "pit".', '"pit".', 'The word', 'pit']
    """
    whole = unfenced(answer)
    lines = [line.strip() for line in whole.splitlines() if line.strip()]
    parts = [whole, *lines[:1], *lines[-1:]]
    marked = after_marker(whole)
    if marked:
        parts += [marked, marked.splitlines()[0]]
    if len(lines) == 1:
        parts += _clauses(lines[0])
    quoted = _MARKED.findall(whole)
    if len(quoted) == 1:
        parts.append(next(group for group in quoted[0] if group))
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))
