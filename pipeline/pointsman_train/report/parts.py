"""What a report is made of. A section says what it has to say in these parts; the template turns them into HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from markupsafe import Markup

# How a cell or a card is coloured. Colour is never the only sign: the text says it too.
GOOD, BAD, UNSURE, PLAIN = "good", "bad", "unsure", ""


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval as a bar in a table's cell.

    Attributes
    ----------
    low, high, value
        Places in percent of the cell's width, 0 to 100.
    zero
        Place of a line to compare with; None for none.
    """

    low: float
    high: float
    value: float
    zero: float | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text
        Untrusted text is welcome: the template escapes it.
    tone
        GOOD, BAD, UNSURE or PLAIN.
    number
        Whether it stands at the right, in digits of one width.
    shade
        Percent of the full shade behind the text, 0 to 100; None for none.
    bar
        Drawn under the text.
    """

    text: str
    tone: str = PLAIN
    number: bool = False
    shade: float | None = None
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table that scrolls in its own box where it is too wide.

    Attributes
    ----------
    caption
        What it shows; screen readers read it first.
    head
        Names of the columns.
    rows
        The first cell of each names the row.
    """

    kind: ClassVar[str] = "table"
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with a caption; ``svg`` is our own markup and carries its own alternative text."""

    kind: ClassVar[str] = "plot"
    svg: Markup
    caption: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; with a tone, a box."""

    kind: ClassVar[str] = "text"
    text: str
    tone: str = PLAIN


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences."""

    kind: ClassVar[str] = "items"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt that a decision is explained of.

    Attributes
    ----------
    title
        What happened to it.
    text
        The prompt itself, cut where it is long.
    facts
        Names and texts, one pair a line.
    """

    kind: ClassVar[str] = "prompt"
    title: str
    text: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """Parts behind a line that opens them; open on paper."""

    kind: ClassVar[str] = "fold"
    summary: str
    parts: tuple[Part, ...]


Part: TypeAlias = Table | Plot | Text | Items | Heading | Prompt | Fold


@dataclass(frozen=True, slots=True)
class Card:
    """One headline number: what it is, its value and interval, and what it means in plain words."""

    label: str
    value: str
    interval: str
    meaning: str
    tone: str = PLAIN


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter with an anchor of its own."""

    anchor: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report.

    Attributes
    ----------
    title
        Of the page.
    facts
        What is judged, on what: short texts.
    verdict, tone
        The first thing to read, and its colour.
    cards
        Headline numbers.
    sections
        In order.
    """

    title: str
    facts: tuple[str, ...]
    verdict: tuple[str, ...]
    tone: str
    cards: tuple[Card, ...]
    sections: tuple[Section, ...]


def cells(*texts: str | Cell) -> tuple[Cell, ...]:
    """Make a row: texts become plain cells.

    Examples
    --------
    >>> [cell.text for cell in cells("a", Cell("1", number=True))]
    ['a', '1']
    """
    return tuple(text if isinstance(text, Cell) else Cell(text) for text in texts)


def present(parts: Sequence[Part | None]) -> tuple[Part, ...]:
    """Leave out the parts that there are not."""
    return tuple(part for part in parts if part is not None)
