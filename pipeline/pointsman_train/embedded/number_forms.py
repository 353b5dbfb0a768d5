"""The forms of numbers: words, digits, Roman numerals, binary."""

from __future__ import annotations

import numpy as np

from pointsman_train.embedded.draw import pick, whole
from pointsman_train.embedded.item import Draft

_ONES = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ROMAN = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def in_words(number: int) -> str:
    """Spell a whole number in [1, 99999] in English.

    Examples
    --------
    >>> in_words(4206), in_words(17), in_words(90)
    ('four thousand two hundred and six', 'seventeen', 'ninety')
    """
    if number >= 1000:
        rest = f" {in_words(number % 1000)}" if number % 1000 else ""
        return f"{in_words(number // 1000)} thousand{rest}"
    if number >= 100:
        rest = f" and {in_words(number % 100)}" if number % 100 else ""
        return f"{_ONES[number // 100]} hundred{rest}"
    if number >= 20:
        return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    return _TEENS[number - 10] if number >= 10 else _ONES[number]


def roman(number: int) -> str:
    """Write a whole number in [1, 399] as a Roman numeral.

    Examples
    --------
    >>> roman(94), roman(248)
    ('XCIV', 'CCXLVIII')
    """
    numeral = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        numeral += sign * count
    return numeral


def number_forms(rng: np.random.Generator, level: int) -> Draft:
    """Return a number to write in another form: words, rounding, Roman, binary; levels 1 to 4."""
    tens, low, mid, high = whole(rng, 11, 99), whole(rng, 101, 999), whole(rng, 12, 39), whole(rng, 41, 389)
    big, bits = whole(rng, 1001, 99_999), whole(rng, 5, 60)
    spelled, cents = in_words(tens), tens + 10 * mid
    either = "|".join(sorted({spelled, spelled.replace("-", " ")}))
    cheque = f'A customer wrote "{in_words(low)}" on a cheque. What is that in digits? Digits only.'
    by_level = (
        (
            (f'Write "{spelled}" in digits. Digits only.', str(tens)),
            (f"Write the number {tens} in words. Only the words.", either),
            (cheque, str(low)),
        ),
        (
            (f"Round {big} to the nearest hundred. Number only.", str((big + 50) // 100 * 100)),
            (f"Round {big / 100:.2f} to the nearest whole number. Number only.", str((big + 50) // 100)),
            (f'Write "{in_words(big)}" as a number. Digits only.', str(big)),
            (f"Which number does the Roman numeral {roman(mid)} stand for? Digits only.", str(mid)),
        ),
        (
            (f"Write {mid} as a Roman numeral. Only the numeral.", roman(mid)),
            (f"Convert the binary number {bits:b} to decimal. Number only.", str(bits)),
            (f"Write {tens}/100 + {mid}/10 as one decimal number. Number only.", f"{cents / 100:.2f}"),
        ),
        (
            (f"Convert the decimal number {bits} to binary. Digits only.", f"{bits:b}"),
            (f"Which number does the Roman numeral {roman(high)} stand for? Digits only.", str(high)),
            (f"Convert the hexadecimal number {high:X} to decimal. Number only.", str(high)),
            (f"Write {high} as a Roman numeral. Only the numeral.", roman(high)),
        ),
    )
    text, answer = pick(rng, by_level[level - 1])
    return Draft(text, "number" if answer[0].isdigit() else "exact", answer)
