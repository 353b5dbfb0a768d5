"""Unit conversion, dates and clock times."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pointsman_train.embedded.draw import pick, whole
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.vocabulary import CITIES, DAYS, MONTHS

_NUMBER = (
    "Answer with the number only.",
    "Number only, please.",
    "Reply with just the number, without the unit.",
    "Give only the figure.",
)
_ROUND_UNITS = (
    ("hours", "minutes", 60), ("minutes", "seconds", 60), ("days", "hours", 24), ("weeks", "days", 7),
    ("metres", "centimetres", 100), ("kilometres", "metres", 1000), ("kilograms", "grams", 1000),
    ("litres", "millilitres", 1000), ("years", "months", 12), ("dozen eggs", "single eggs", 12),
    ("feet", "inches", 12), ("centimetres", "millimetres", 10),
)  # fmt: skip


def _decimal(value: float) -> str:
    return f"{round(value, 6):.6f}".rstrip("0").rstrip(".")


def _simple_unit(rng: np.random.Generator) -> tuple[str, float]:
    big, small, factor = pick(rng, _ROUND_UNITS)
    n = whole(rng, 2, 9)
    form = pick(rng, ("How many {s} are in {n} {b}?", "Convert {n} {b} to {s}.", "{n} {b} is how many {s}?"))
    return form.format(s=small, n=n, b=big), n * factor


def _back_unit(rng: np.random.Generator) -> tuple[str, float]:
    big, small, factor = pick(rng, _ROUND_UNITS)
    n = whole(rng, 3, 48) + pick(rng, (0, 0.5, 0.25))
    if n * factor == int(n * factor):
        return f"Convert {int(n * factor)} {small} to {big}.", n
    return f"How many {small} are {n} {big}?", n * factor


def _mixed_unit(rng: np.random.Generator) -> tuple[str, float]:
    d, h, m = whole(rng, 2, 6), whole(rng, 2, 22), whole(rng, 5, 55)
    miles, kg = whole(rng, 5, 90), whole(rng, 5, 90)
    celsius = 5 * whole(rng, 1, 18)
    return pick(
        rng,
        (
            (f"How many hours are {d} days and {h} hours?", d * 24 + h),
            (f"A film lasts {d - 1} hours and {m} minutes. How many minutes is that?", (d - 1) * 60 + m),
            (f"A mile is 1.6 kilometres. How many kilometres are {miles} miles?", 1.6 * miles),
            (f"One kilogram is 2.2 pounds. How many pounds does a {kg} kg parcel weigh?", 2.2 * kg),
            (
                f"What is {celsius} degrees Celsius in degrees Fahrenheit? (F = C * 1.8 + 32)",
                celsius * 1.8 + 32,
            ),
            (f"How many centimetres are {d} metres and {m} centimetres?", d * 100 + m),
        ),
    )


def _hard_unit(rng: np.random.Generator) -> tuple[str, float]:
    d, h, m = whole(rng, 2, 9), whole(rng, 2, 22), whole(rng, 5, 55)
    speed, area = 18 * whole(rng, 1, 9), whole(rng, 2, 40)
    return pick(
        rng,
        (
            (f"How many minutes are {d} days, {h} hours and {m} minutes?", d * 1440 + h * 60 + m),
            (f"A car drives at {speed} km/h. How many metres per second is that?", speed / 3.6),
            (f"How many square centimetres are {area} square metres?", area * 10_000),
            (
                f"A tap drips {m} millilitres a minute. How many litres does it lose in {h * 10} hours?",
                m * h * 0.6,
            ),
            (
                f"A pump moves {d} litres a second. How many cubic metres does it move in {h} hours?",
                d * h * 3.6,
            ),
        ),
    )


def units(rng: np.random.Generator, level: int) -> Draft:
    """Return a unit conversion; levels 1 (one round factor) to 4 (compound units)."""
    text, value = (_simple_unit, _back_unit, _mixed_unit, _hard_unit)[level - 1](rng)
    return Draft(f"{text} {pick(rng, _NUMBER)}", "number", _decimal(value))


def _neighbour(rng: np.random.Generator) -> tuple[str, str]:
    day, month = whole(rng, 0, 6), whole(rng, 0, 11)
    step = pick(rng, (1, 1, -1, 2))
    where = {1: "right after", -1: "right before", 2: "two {u}s after"}[step]
    if whole(rng, 0, 1):
        asked, given = (
            DAYS[(day + step) % 7],
            f"What day of the week comes {where.format(u='day')} {DAYS[day]}?",
        )
    else:
        asked, given = (
            MONTHS[(month + step) % 12],
            f"Which month comes {where.format(u='month')} {MONTHS[month]}?",
        )
    return (
        f"{given} {pick(rng, ('Answer with one word.', 'One word only.', 'Just the name, please.'))}",
        asked,
    )


def _far_neighbour(rng: np.random.Generator) -> tuple[str, str]:
    day, month, n = whole(rng, 0, 6), whole(rng, 0, 11), whole(rng, 3, 11)
    far = whole(rng, 8, 40)
    return pick(
        rng,
        (
            (f"What month is {n} months after {MONTHS[month]}? One word only.", MONTHS[(month + n) % 12]),
            (f"What month is {n} months before {MONTHS[month]}? One word only.", MONTHS[(month - n) % 12]),
            (f"Today is {DAYS[day]}. What day of the week is it in {n} days? One word.", DAYS[(day + n) % 7]),
            (f"If today is {DAYS[day]}, which weekday is it {far} days from now? Answer with the day only.",
             DAYS[(day + far) % 7]),
        ),
    )  # fmt: skip


def _clock(rng: np.random.Generator) -> tuple[str, str]:
    start, length = whole(rng, 6 * 60, 18 * 60), whole(rng, 35, 290)
    if whole(rng, 0, 1):
        start, length = start // 15 * 15, max(30, length // 30 * 30)
    town = pick(rng, CITIES)
    begin, end = (f"{t // 60:02d}:{t % 60:02d}" for t in (start, start + length))
    text, asked = pick(
        rng,
        (
            (f"A train to {town} leaves at {begin} and the trip takes {length} minutes. When does it arrive? "
             "Answer as HH:MM.", end),
            (f"A meeting in {town} starts at {begin} and lasts {length // 60} hours and {length % 60} "
             f"minutes. When "
             "does it end? Reply with the time as HH:MM only.", end),
            (f"The bus from {town} left at {begin} and arrived at {end}. How many minutes did it take? "
             f"Number only.",
             str(length)),
        ),
    )  # fmt: skip
    return text, asked


def _calendar(rng: np.random.Generator) -> tuple[str, str]:
    first = date(2023, 1, 1) + timedelta(days=whole(rng, 0, 1000))
    n = whole(rng, 9, 75)
    last = first + timedelta(days=n)
    name = f"{first.day} {MONTHS[first.month - 1]} {first.year}"
    return pick(
        rng,
        (
            (f"What is the date {n} days after {name}? Answer as YYYY-MM-DD only.", last.isoformat()),
            (f"A licence issued on {name} is valid for {n} days. On which date does it run out, "
             f"counting the day "
             "after issue as day one? Answer as YYYY-MM-DD only.", last.isoformat()),
            (f"How many days are there from {first.isoformat()} to {last.isoformat()}? Number only.", str(n)),
            (f"{name} is a {DAYS[first.weekday()]}. What day of the week is {n} days later? One word.",
             DAYS[last.weekday()]),
        ),
    )  # fmt: skip


def dates(rng: np.random.Generator, level: int) -> Draft:
    """Return a question on weekdays, months, clock times or calendar dates; levels 1 to 4."""
    text, answer = (_neighbour, _far_neighbour, _clock, _calendar)[level - 1](rng)
    return Draft(text, "number" if answer.isdigit() else "exact", answer)
