"""A guess at the language of a prompt, good enough to divide prompts by: script, then function words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from pointsman_train.data import Ints

# What is read of a prompt; its language shows in the beginning.
_READ = 2000
# First code point of each range of letters, in order; what lies between is no letter.
_SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x41, 0x5A, "Latin"),
    (0x61, 0x7A, "Latin"),
    (0xC0, 0xD6, "Latin"),
    (0xD8, 0xF6, "Latin"),
    (0xF8, 0x24F, "Latin"),
    (0x370, 0x3FF, "Greek"),
    (0x400, 0x52F, "Cyrillic"),
    (0x530, 0x58F, "Armenian"),
    (0x590, 0x5FF, "Hebrew"),
    (0x600, 0x77F, "Arabic"),
    (0x900, 0xDFF, "Indic"),
    (0xE00, 0xE7F, "Thai"),
    (0x10A0, 0x10FF, "Georgian"),
    (0x1100, 0x11FF, "Korean"),
    (0x1E00, 0x1EFF, "Latin"),
    (0x3040, 0x30FF, "Japanese"),
    (0x3400, 0x4DBF, "Han"),
    (0x4E00, 0x9FFF, "Han"),
    (0xAC00, 0xD7AF, "Korean"),
    (0xF900, 0xFAFF, "Han"),
)
NO_LETTERS = "no letters"
UNTOLD = "Latin script of no known language"

_WORD = re.compile(r"[^\W\d_]+")
# Words that are frequent in one language and rare in the others; none of one letter, which formulas are full of.
_FUNCTION_WORDS = {
    "English": "the of and to is are that for with this these what which who how you your it its be by an as at on or "
    "from if in not does do did has have had was were he she they his her their there many can each when where would "
    "about write find name",
    "German": "der die das und ist nicht ein eine mit für auf wie den dem von zu wird sind sich wer warum schreibe",
    "French": "le les des est et une dans pour que qui du sur avec pas quel quelle aux ce sont écris combien il elle",
    "Spanish": "el los las es una por para con qué cuál del como su lo está son escribe cuántos quién un la de en",
    "Italian": "il gli di una per che della non sono nel alla qual quanti scrivi questo chi la un perché",
    "Portuguese": "os é uma para que da não são em na ao qual quantos escreva quem um por seu mais foi",
    "Dutch": "de het een en van dat niet met voor zijn wat welke hoe aan wordt bij ook schrijf waarom wie",
    "Polish": "jest nie na się jak co który oraz dla są ile po czy jaki napisz kto dlaczego przez",
    "Turkish": "ve bir bu ne için ile olan da de mi kaç çok daha olarak gibi kadar yaz kim neden",
}
_LANGUAGES_OF = {
    word: tuple(language for language, words in _FUNCTION_WORDS.items() if word in words.split())
    for word in " ".join(_FUNCTION_WORDS.values()).split()
}


def languages(prompts: Sequence[str]) -> list[str]:
    """Name the language of each prompt, or its script where that is all that can be told.

    The script is that of most letters among the first 2,000 characters; Han beside kana is Japanese. In Latin script
    the language is the one with most function words, at least two and more than any other.

    Examples
    --------
    >>> languages(["What is the sum of these?", "Was ist die Summe?", "Сколько?", "2+2=?", "x y z"])
    ['English', 'German', 'Cyrillic script', 'no letters', 'Latin script of no known language']
    """
    return [
        _latin(prompt) if script == "Latin" else _named(script)
        for prompt, script in zip(prompts, _main_scripts(prompts), strict=True)
    ]


def _named(script: str) -> str:
    return script if script in (NO_LETTERS, "Japanese", "Korean", "Thai") else f"{script} script"


def _latin(prompt: str) -> str:
    words = set(_WORD.findall(prompt[:_READ].lower()))
    votes = Counter(language for word in words for language in _LANGUAGES_OF.get(word, ()))
    leading = [*votes.most_common(2), ("", 0), ("", 0)]
    (language, most), (_, second) = leading[0], leading[1]
    return language if most >= 2 and most > second else UNTOLD


def _main_scripts(prompts: Sequence[str]) -> list[str]:
    names = sorted({name for _, _, name in _SCRIPTS})
    counts = _letters_by_script(prompts, names)
    kana, han = names.index("Japanese"), names.index("Han")
    # Japanese text is Han and kana mixed.
    counts[:, kana] += np.where(counts[:, kana] > 0, counts[:, han], 0)
    best = counts.argmax(axis=1)
    return [names[k] if row[k] else NO_LETTERS for k, row in zip(best, counts, strict=True)]


def _letters_by_script(prompts: Sequence[str], names: list[str]) -> Ints:
    """Letters of each script in each prompt, of shape (n_prompts, n_scripts)."""
    texts = [prompt[:_READ] for prompt in prompts]
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    prompt = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    starts, ends = (np.array([entry[k] for entry in _SCRIPTS]) for k in (0, 1))
    at = np.searchsorted(starts, points, side="right") - 1
    letter = (at >= 0) & (points <= ends[at])
    script = np.array([names.index(name) for _, _, name in _SCRIPTS])[at]
    flat = np.bincount(prompt[letter] * len(names) + script[letter], minlength=len(texts) * len(names))
    return flat.reshape(len(texts), len(names))
