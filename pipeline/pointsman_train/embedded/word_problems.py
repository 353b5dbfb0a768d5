"""Word problems of one to four steps."""

from __future__ import annotations

import numpy as np

from pointsman_train.embedded.draw import pick, sample, whole
from pointsman_train.embedded.item import LONG, Draft
from pointsman_train.embedded.vocabulary import GOODS, NAMES

_BRIEF = (
    "Answer with a single number and no explanation.",
    "No working, just the number.",
    "Reply with one number and nothing else.",
    "Do the sums in your head and write only the final number.",
)
_DERIVE = (
    'Show your steps in at most three short lines and finish with "Answer: N".',
    'Think briefly, then end with a line of the form "Answer: N".',
    'Explain in one or two sentences and finish with "Answer: " and the number.',
)


def _one_step(rng: np.random.Generator) -> tuple[str, int]:
    a, b = sample(rng, NAMES, 2)
    thing = pick(rng, GOODS)
    m, n, k = whole(rng, 12, 60), whole(rng, 3, 11), whole(rng, 2, 9)
    return pick(
        rng,
        (
            (f"{a} has {m} {thing}s and gives {n} of them to {b}. How many does {a} have left?", m - n),
            (f"A box holds {n} {thing}s. How many {thing}s are in {k} boxes?", n * k),
            (f"{a} read {m} pages on Monday and {n} pages on Tuesday. How many pages is that in total?", m + n),
            (f"{n * k} {thing}s are shared equally among {k} people. How many does each person get?", n),
            (f"There were {m} people on a bus and {n} more got on. How many are on the bus now?", m + n),
        ),
    )


def _two_steps(rng: np.random.Generator) -> tuple[str, int]:
    a, b = sample(rng, NAMES, 2)
    thing, other = sample(rng, GOODS, 2)
    p, q, n, k = whole(rng, 3, 15), whole(rng, 3, 12), whole(rng, 2, 6), whole(rng, 2, 5)
    return pick(
        rng,
        (
            (f"A {thing} costs {p} dollars and a {other} costs {q} dollars. "
             f"What do {n} {thing}s and {k} {other}s cost together, in dollars?", n * p + k * q),
            (f"{a} earns {p} dollars an hour and works {q} hours, then spends {n} dollars on lunch. "
             f"How many dollars are left?", p * q - n),
            (f"{a} is {p} years old. {b} is {n} times as old as {a}. "
             f"How old will {b} be in {k} years?", n * p + k),
            (f"A shop had {p * 10} {thing}s. It sold {p + q} in the morning and {k} in the afternoon. "
             f"How many are left?", p * 10 - p - q - k),
            (f"{a} packs {n} boxes with {q} {thing}s each and has {k} {thing}s left over. How many {thing}s "
             f"were there at the start?", n * q + k),
        ),
    )  # fmt: skip


def _three_steps(rng: np.random.Generator) -> tuple[str, int]:
    a, b = sample(rng, NAMES, 2)
    thing, other = sample(rng, GOODS, 2)
    n, p, q, k = whole(rng, 3, 9), whole(rng, 4, 18), whole(rng, 11, 29), whole(rng, 2, 6)
    return pick(
        rng,
        (
            (f"{a} buys {n} {thing}s at {p} dollars each and {k} {other}s at {q} dollars each, and pays "
             f"with a "
             f"500 dollar voucher. How many dollars remain on the voucher?", 500 - n * p - k * q),
            (f"A factory makes {q} {thing}s an hour. It runs {n} hours a day for {k} days, and {p} of "
             f"the {thing}s "
             f"turn out faulty. How many good {thing}s are made?", q * n * k - p),
            (f"{a} saves {p} dollars a week and {b} saves {k} dollars more than that a week. How much "
             f"have they "
             f"saved together after {n} weeks, in dollars?", n * (2 * p + k)),
            (f"A hall has {q} rows of {n + 4} seats. {p} seats are broken, and {k} groups of 5 people "
             f"are already "
             f"sitting. How many usable seats are free?", q * (n + 4) - p - 5 * k),
            (f"A train has {k + 3} coaches with {q + 9} seats each. {n * 5} seats are reserved, and {p} "
             f"of the other "
             f"seats are taken. How many unreserved seats are still free?", (k + 3) * (q + 9) - n * 5 - p),
        ),
    )  # fmt: skip


def _four_steps(rng: np.random.Generator) -> tuple[str, int]:
    a, b, c = sample(rng, NAMES, 3)
    thing, other = sample(rng, GOODS, 2)
    n, p, k = whole(rng, 3, 9), whole(rng, 6, 19), whole(rng, 2, 6)
    off = pick(rng, (10, 20, 25, 50))
    return pick(
        rng,
        (
            (f"{a} orders {4 * n} {thing}s at {p * 5} dollars each. The supplier takes {off}% off the "
             f"whole order and "
             f"then adds {k * 7} dollars for shipping. What does {a} pay, in dollars?",
             4 * n * p * 5 * (100 - off) // 100 + k * 7),
            (f"{a} has {k} times as many {thing}s as {b}. {b} has {n} more than {c}, who has {p}. The "
             f"three put all their "
             f"{thing}s together and give away a third of them, rounded down. How many are left?",
             (total := (k + 1) * (p + n) + p) - total // 3),
            (f"A tank holds {p * 40} litres. A pump fills {n * 2} litres a minute while {n} litres a "
             f"minute leak out. "
             f"It starts empty and runs for {k * 5} minutes; then someone takes out {k} buckets of 3 "
             f"litres. How many "
             f"litres are in the tank?", min(p * 40, n * k * 5) - 3 * k),
            (f"{a} walks {k} km in {k * 12} minutes. {b} cycles three times as fast. How many "
             f"kilometres do both "
             f"cover together in {n} hours at their own speeds?", 20 * n),
            (f"A {thing} costs {p} dollars. A {other} costs twice as much minus {k} dollars. {a} buys "
             f"{n} of each and "
             f"splits the bill equally with {b}, {a} paying the odd dollar if there is one. How many "
             f"dollars does "
             f"{b} pay?", n * (3 * p - k) // 2),
        ),
    )  # fmt: skip


def word_problems(rng: np.random.Generator, level: int) -> Draft:
    """Return a word problem of ``level`` steps, 1 to 4; from 3 on half of them ask for a short derivation."""
    text, value = (_one_step, _two_steps, _three_steps, _four_steps)[level - 1](rng)
    asked = pick(rng, _DERIVE if level >= 3 and whole(rng, 0, 1) else _BRIEF)
    return Draft(f"{text} {asked}", "number", str(value), LONG)
