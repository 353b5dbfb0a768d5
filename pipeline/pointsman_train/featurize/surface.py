"""The surface block: how a prompt looks, from counts of character classes and of short sequences of them.

Every character becomes a class (a letter, a digit, each punctuation mark for itself, a script). Counts of classes
and of two or three classes in a row then tell lengths, numbers, code, mathematics, lists and answer choices. All
counts are whole numbers and exact in float32, so a feature has the same bits alone, in a batch and on any machine.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from pointsman_train.featurize.window import MARKS, Window
from pointsman_train.graph import MICROSOFT, ML, GraphBuilder, in_block

_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_CLASSES = (
    "lower",
    "upper",
    "digit",
    "space",
    "newline",
    *_MARKS,
    "latin",
    "greek",
    "cyrillic",
    "symbol",
    "other",
)
_ID = {name: i for i, name in enumerate(_CLASSES, start=1)}  # 0 is padding

# What is listed nowhere (Han, Hangul, emoji) is "other": a table of every character would cost more than it tells.
_RANGES = {
    "latin": [(0xC0, 0x24F)],
    "greek": [(0x370, 0x3FF)],
    "cyrillic": [(0x400, 0x4FF)],
    "symbol": [(0x2190, 0x22FF), (0xB0, 0xB7), (0xD7, 0xD7), (0xF7, 0xF7), (0x2070, 0x209C)],
}
_LETTERS = ("lower", "upper")

# A feature is a sum of counts of these sequences of classes.
_Sequences = list[tuple[str, ...]]
_WORD_STARTS: _Sequences = list(product(("space", "newline", "(", '"', "'", "[", "{", "="), _LETTERS))

_COUNTS: dict[str, _Sequences] = {
    "chars": [(c,) for c in _CLASSES],
    "letters": [(c,) for c in _LETTERS],
    "upper": [("upper",)],
    "digits": [("digit",)],
    "spaces": [("space",)],
    "newlines": [("newline",)],
    "marks": [(c,) for c in _MARKS],
    "word_starts": _WORD_STARTS,
    "capitalised": list(product(("space", "newline"), ("upper",), ("lower",))),
    "capitals_run": [("upper", "upper")],
    "blank_lines": [("newline", "newline")],
    "indents": [("newline", "space", "space")],
    "bullets": list(product(("newline",), ("-", "*"), ("space",))),
    "numbered": list(product(("newline",), ("digit",), (".", ")"))),
    "choices": [*product(("newline", "space"), ("upper",), (".", ")", ":")), ("(", "upper", ")")],
    "blanks": [("_", "_", "_")],
    "fences": [("`", "`", "`")],
    "calls": list(product(("lower", "_"), ("(",))),
    "snake_case": [("lower", "_", "lower")],
    "line_ends": list(product((";", "{", ":", ")"), ("newline",))),
    "digit_pairs": [("digit", "digit")],
    "digit_triples": [("digit", "digit", "digit")],
    "decimals": [("digit", ".", "digit")],
    "operations": [
        *product(("digit", ")", "lower"), ("+", "*", "/", "^", "=")),
        *product(("space",), ("+", "-", "*", "/", "=", "<", ">"), ("space",)),
    ],
    "full_stops": list(product((".",), ("space", "newline"))),
    "full_stops_bare": [(".",)],
    "questions": [("?",)],
    "exclamations": [("!",)],
    "commas": [(",",)],
    "colons": [(":",)],
    "semicolons": [(";",)],
    "quotes": [('"',)],
    "apostrophes": [("'",)],
    "parentheses": [("(",)],
    "brackets": [("[",)],
    "braces": [("{",)],
    "angles": [("<",), (">",)],
    "dollars": [("$",)],
    "backslashes": [("\\",)],
    "equals": [("=",)],
    "plus": [("+",)],
    "hyphens": [("-",)],
    "stars": [("*",)],
    "slashes": [("/",)],
    "carets": [("^",)],
    "percents": [("%",)],
    "hashes": [("#",)],
    "pipes": [("|",)],
    "underscores": [("_",)],
    "latin": [("latin",)],
    "greek": [("greek",)],
    "cyrillic": [("cyrillic",)],
    "symbols": [("symbol",)],
    "other": [("other",)],
}
# numerator, denominator; one is added to the denominator, so it is never zero
_SHARES = (
    ("upper", "letters"),
    ("digits", "chars"),
    ("marks", "chars"),
    ("newlines", "chars"),
    ("letters", "word_starts"),
    ("digits", "digit_pairs"),
    ("capitalised", "word_starts"),
    ("commas", "word_starts"),
    ("word_starts", "full_stops"),
)

SURFACE_NAMES: tuple[str, ...] = (
    "pieces",
    *_COUNTS,
    *(f"{above}_per_{below}" for above, below in _SHARES),
)


@in_block("surface")
def add_surface(g: GraphBuilder, window: Window) -> str:
    """Add the surface block; returns the name of float [N, len(SURFACE_NAMES)]."""
    chars = g.add("Tokenizer", window.pieces, domain=MICROSOFT, mark=1, mincharnum=1, pad_value="", separators=[""])
    keys, ids = _alphabet()
    classes = g.add(
        "LabelEncoder",
        g.flatten(chars),
        domain=ML,
        keys_strings=keys,
        values_int64s=ids,
        default_int64=_ID["other"],
    )
    named = _sums()
    column = {name: i for i, name in enumerate(_COUNTS)}
    above, below = ([column[share[side]] for share in _SHARES] for side in (0, 1))
    one = np.repeat(np.array([0.0, 1.0], np.float32), [len(_COUNTS) + len(_SHARES), len(_SHARES)])
    sums = np.hstack([named, named[:, above], named[:, below]])
    found = g.add("Gemm", _add_sequence_counts(g, classes), g.const(sums), g.const(one))
    widths = g.ints(len(_COUNTS), len(_SHARES), len(_SHARES))
    counts, numerator, denominator = g.add_many("Split", found, widths, outputs=3, axis=1)
    return g.add("Concat", window.piece_count, counts, g.add("Div", numerator, denominator), axis=1)


def _alphabet() -> tuple[list[str], list[int]]:
    """Map every known character to its class; "" is padding."""
    table = {
        **dict.fromkeys(("", *MARKS), 0),
        " ": _ID["space"],
        "\t": _ID["space"],
        "\n": _ID["newline"],
        "\r": _ID["space"],
    }
    table |= {mark: _ID[mark] for mark in _MARKS}
    table |= {chr(c): _ID["lower"] for c in range(ord("a"), ord("z") + 1)}
    table |= {chr(c): _ID["upper"] for c in range(ord("A"), ord("Z") + 1)}
    table |= {chr(c): _ID["digit"] for c in range(ord("0"), ord("9") + 1)}
    for name, ranges in _RANGES.items():
        table |= {chr(c): _ID[name] for first, last in ranges for c in range(first, last + 1)}
    return list(table), list(table.values())


def _sequences() -> list[tuple[str, ...]]:
    """List each sequence that is counted once, shortest first as TfIdfVectorizer's pool wants."""
    found = {sequence for sequences in _COUNTS.values() for sequence in sequences}
    return sorted(found, key=lambda s: (len(s), [_ID[c] for c in s]))


def _add_sequence_counts(g: GraphBuilder, classes: str) -> str:
    sequences = _sequences()
    lengths = np.array([len(s) for s in sequences])
    starts = [int(np.sum(lengths[lengths < n])) for n in (1, 2, 3)]
    return g.add(
        "TfIdfVectorizer",
        classes,
        mode="TF",
        min_gram_length=1,
        max_gram_length=3,
        max_skip_count=0,
        ngram_counts=starts,
        ngram_indexes=list(range(len(sequences))),
        pool_int64s=[_ID[c] for s in sequences for c in s],
    )


def _sums() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Zero-one matrix from sequence counts to named counts."""
    row = {sequence: i for i, sequence in enumerate(_sequences())}
    matrix = np.zeros((len(row), len(_COUNTS)), np.float32)
    for column, sequences in enumerate(_COUNTS.values()):
        matrix[[row[s] for s in sequences], column] = 1.0
    return matrix
