"""How figures are written in a report: as text, as a table's cell, as a bar."""

from __future__ import annotations

import math

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.directions import LOWER, NEITHER, direction
from pointsman_train.report.parts import BAD, GOOD, UNSURE, Bar, Cell
from pointsman_train.report.words import DOLLARS, SHARE, words_of

# Costs are fractions of a cent; a thousand of them can be read.
_PER = 1000
UNKNOWN = "undefined"


def number(value: float, unit: str, signed: bool = False) -> str:
    """Write one number.

    Examples
    --------
    >>> number(0.4567, SHARE), number(0.4567, "number"), number(0.000123, DOLLARS), number(float("nan"), SHARE)
    ('45.7 %', '0.457', '$0.123', 'undefined')
    >>> number(-0.02, SHARE, signed=True), number(-0.000123, DOLLARS)
    ('-2.0 pts', '-$0.123')
    """
    if math.isnan(value):
        return UNKNOWN
    sign = "-" if value < 0 else "+" if signed else ""
    size = abs(value)
    if unit == DOLLARS:
        return f"{sign}${_digits(size * _PER)}"
    if unit == SHARE:
        return f"{sign}{100 * size:.1f} {'pts' if signed else '%'}"
    return f"{sign}{size:.3f}"


def _digits(size: float) -> str:
    """Three digits that mean something, in plain notation.

    Examples
    --------
    >>> _digits(0.0001234), _digits(12.345), _digits(1234.5), _digits(0.0)
    ('0.000123', '12.3', '1,234', '0')
    """
    if size == 0:
        return "0"
    places = min(12, max(0, 2 - math.floor(math.log10(size))))
    return f"{size:,.{places}f}"


def value(name: str, figure: Estimate, signed: bool = False) -> str:
    """Write a figure without its interval."""
    return number(figure.value, words_of(name).unit, signed)


def interval(name: str, figure: Estimate, signed: bool = False) -> str:
    """Write a figure's interval, "" where it has none; the unit of a share stands behind the figure alone.

    Examples
    --------
    >>> import numpy as np
    >>> interval("cs90", Estimate(0.5, 0.25, 0.75, 10, np.array([0.5])))
    '[25.0, 75.0]'
    """
    if math.isnan(figure.value) or math.isnan(figure.low):
        return ""
    unit = words_of(name).unit
    low, high = (number(end, unit, signed).removesuffix(" %").removesuffix(" pts") for end in (figure.low, figure.high))
    return f"[{low}, {high}]"


def both(name: str, figure: Estimate, signed: bool = False) -> str:
    """Write a figure with its interval."""
    return f"{value(name, figure, signed)} {interval(name, figure, signed)}".strip()


def cell(name: str, figure: Estimate | None, scale: tuple[float, float] | None = None) -> Cell:
    """Make a table's cell of a figure, with its interval as a bar where a scale is given.

    Parameters
    ----------
    figure
        None is written as a dash.
    scale
        Least and greatest value that the bar has room for.
    """
    if figure is None:
        return Cell("-", number=True)
    bar = None if scale is None else bar_of(figure, *scale)
    return Cell(both(name, figure), number=True, bar=bar)


def bar_of(figure: Estimate, least: float, most: float, zero: bool = False) -> Bar | None:
    """Place a figure and its interval between two ends; None where it has no interval.

    Examples
    --------
    >>> import numpy as np
    >>> bar_of(Estimate(0.5, 0.25, 0.75, 10, np.array([0.5])), 0.0, 1.0)
    Bar(low=25.0, high=75.0, value=50.0, zero=None)
    """
    if math.isnan(figure.low) or most <= least:
        return None

    def place(x: float) -> float:
        return 100 * min(1.0, max(0.0, (x - least) / (most - least)))

    return Bar(place(figure.low), place(figure.high), place(figure.value), place(0.0) if zero else None)


def tone_of(name: str, figure: Estimate) -> str:
    """Say whether a difference's interval is on the good side of 0, on the bad one, or on both.

    Examples
    --------
    >>> import numpy as np
    >>> tone_of("quality_gain", Estimate(0.1, 0.05, 0.15, 10, np.array([0.1])))
    'good'
    """
    way = direction(name)
    if way == NEITHER or math.isnan(figure.low):
        return UNSURE
    low, high = (-figure.high, -figure.low) if way == LOWER else (figure.low, figure.high)
    return GOOD if low > 0 else BAD if high < 0 else UNSURE
