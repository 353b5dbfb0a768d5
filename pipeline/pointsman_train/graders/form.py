"""The form of a free answer: length, words that must occur, case, list shape."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from pointsman_train.graders.text import normalise


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['\u2019\-][^\W_]+)*", text)


def _sentences(text: str) -> int:
    return len([part for part in re.split(r"(?<=[.!?])[\"”']?\s+|\n+", text.strip()) if _words(part)])


def _items(text: str, separator: str = ",") -> list[str]:
    return [item for part in text.split(separator) if (item := normalise(part))]


def _holds(text: str, phrase: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(phrase)}", text, re.IGNORECASE) is not None


def _has_word(text: str, word: str) -> bool:
    return word.casefold() in (w.casefold() for w in _words(text))


def _case(text: str, case: str) -> bool:
    return text == (text.upper() if case == "upper" else text.lower())


def _every_line(text: str, start: str) -> bool:
    return all(line.startswith(start) for line in text.splitlines() if line.strip())


def _item_check(text: str, form: dict[str, object]) -> bool:
    items = _items(text, str(form.get("separator", ",")))
    allowed = form.get("from")
    most, start, letters = form.get("item_words"), form.get("item_starts"), form.get("item_letters")
    return (
        len(items) == form["items"]
        and len(set(items)) == len(items)
        and (not isinstance(allowed, list) or all(item in allowed for item in items))
        and (not isinstance(most, int) or all(len(item.split()) <= most for item in items))
        and (not isinstance(start, str) or all(item.startswith(start) for item in items))
        and (not isinstance(letters, int) or all(len(item) == letters for item in items))
    )


def _numbered(text: str, count: int) -> bool:
    found = re.findall(r"^\s*(\d{1,2})[.)]\s+\S", text, re.MULTILINE)
    return found == [str(n + 1) for n in range(count)]


# What each key of a form demands of (answer, value). Keys that only qualify another are absent.
_DEMANDS: dict[str, Callable[[str, object], bool]] = {
    "min_words": lambda text, n: len(_words(text)) >= int(str(n)),
    "max_words": lambda text, n: len(_words(text)) <= int(str(n)),
    "sentences": lambda text, n: _sentences(text) == n,
    "contains": lambda text, phrases: isinstance(phrases, list) and all(_holds(text, str(p)) for p in phrases),
    "lacks": lambda text, phrases: isinstance(phrases, list) and not any(_has_word(text, str(p)) for p in phrases),
    "avoid": lambda text, signs: not set(str(signs)) & set(text.lower()),
    "case": lambda text, case: _case(text, str(case)),
    "starts_with": lambda text, start: text.startswith(str(start)),
    "ends_with": lambda text, end: text.endswith(str(end)),
    "last_word": lambda text, word: _words(text.lower())[-1:] == [word],
    "lines": lambda text, n: len([line for line in text.splitlines() if line.strip()]) == n,
    "line_starts": lambda text, start: _every_line(text, str(start)),
    "numbered": lambda text, n: _numbered(text, int(str(n))),
}
_QUALIFIERS = {"items", "from", "separator", "item_words", "item_starts", "item_letters"}


def grade(answer: str, reference: str) -> float | None:
    """Return 1.0 where the answer meets every demand of the form, else 0.0.

    Parameters
    ----------
    answer
        The model's answer. Quotation marks around the whole of it are overlooked.
    reference
        JSON object of demands: ``min_words``, ``max_words``, ``sentences``, ``contains`` (starts of words),
        ``lacks`` (words), ``avoid`` (signs), ``case``, ``starts_with``, ``ends_with``, ``last_word``,
        ``lines``, ``line_starts``, ``numbered``, and ``items`` (a list of so many different items) with
        ``separator``, ``from`` (all that are right), ``item_words``, ``item_starts`` and ``item_letters``.

    Returns
    -------
    float or None
        None where the reference is not such an object or has an unknown demand.

    Examples
    --------
    >>> grade("red, blue, green", '{"items": 3}'), grade("Bees hum.", '{"max_words": 1}')
    (1.0, 0.0)
    >>> grade("Bees hum.", '{"rhymes": 2}') is None
    True
    """
    try:
        form = json.loads(reference)
    except ValueError:
        return None
    if not isinstance(form, dict) or not form or form.keys() - _DEMANDS.keys() - _QUALIFIERS:
        return None
    text = re.sub(r"^[\"“](.*)[\"”]$", r"\1", answer.strip(), flags=re.DOTALL).strip()
    return float(bool(text) and _meets(text, form))


def _meets(text: str, form: dict[str, object]) -> bool:
    met = all(_DEMANDS[key](text, value) for key, value in form.items() if key in _DEMANDS)
    return met and ("items" not in form or _item_check(text, form))
