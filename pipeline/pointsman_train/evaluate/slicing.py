"""Ways to divide test prompts into slices: by label, source, length, language and margin of the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pointsman_train.data import Floats, Ints
from pointsman_train.errors import DataError
from pointsman_train.evaluate.language import languages
from pointsman_train.evaluate.router import Point
from pointsman_train.evaluate.testset import TestSet
from pointsman_train.label.labels import ALL_FAIL

UNKNOWN_SOURCE = "unknown source"
NO_MARGIN = "no probability decided"

# Fixed, so that the same slice means the same prompts in every version.
LENGTHS = (100, 300, 1000, 3000)
MARGINS = (0.025, 0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True, slots=True)
class Slicing:
    """One way to divide the test prompts; every prompt is in one slice.

    Attributes
    ----------
    by
        What it divides by: "label", "source", "length", "language" or "margin".
    names
        Of the slices, in the order to show them. A slice may be empty.
    member
        ndarray of shape (n_prompts,), position of each prompt's slice.
    """

    by: str
    names: tuple[str, ...]
    member: Ints


def slicings(testset: TestSet, prompts: Sequence[str], point: Point) -> tuple[Slicing, ...]:
    """Divide the test prompts in every way; by margin only where the decision has one.

    Parameters
    ----------
    testset
        Gives labels and sources.
    prompts
        Text of each test prompt, for its length and language.
    point
        The operating point whose margins are sliced by.

    Raises
    ------
    DataError
        When there are not as many texts as test prompts.
    """
    if len(prompts) != len(testset):
        raise DataError(f"{len(prompts)} texts were given for {len(testset)} test prompts; give each prompt's own")
    ways = [by_label(testset), by_source(testset.source), by_length(prompts), by_language(prompts)]
    if point.margin is not None:
        ways.append(by_margin(point.margin, testset.boundary_margin))
    return tuple(ways)


def by_label(testset: TestSet) -> Slicing:
    """Divide by rung: the cheapest model that succeeds, or what the all-fail policy says."""
    return Slicing("label", (*testset.models, ALL_FAIL), testset.label)


def by_source(source: Sequence[str]) -> Slicing:
    """Divide by where prompts come from, in order of the sources' names.

    Examples
    --------
    >>> slicing = by_source(["b", "", "b"])
    >>> slicing.names, slicing.member.tolist()
    (('unknown source', 'b'), [1, 0, 1])
    """
    names, member = np.unique(np.asarray(source), return_inverse=True)
    return Slicing("source", tuple(str(name) or UNKNOWN_SOURCE for name in names), member)


def by_length(prompts: Sequence[str]) -> Slicing:
    """Divide by number of characters.

    Examples
    --------
    >>> slicing = by_length(["short", "x" * 101])
    >>> [slicing.names[k] for k in slicing.member]
    ['up to 100 characters', '101 to 300 characters']
    """
    lengths = np.array([len(prompt) for prompt in prompts])
    between = [f"{low + 1} to {high} characters" for low, high in pairwise(LENGTHS)]
    names = (f"up to {LENGTHS[0]} characters", *between, f"over {LENGTHS[-1]} characters")
    return Slicing("length", names, np.searchsorted(LENGTHS, lengths, side="left"))


def by_language(prompts: Sequence[str]) -> Slicing:
    """Divide by language where function words tell it, else by script, the most frequent first."""
    found = np.asarray(languages(prompts))
    names, member, count = np.unique(found, return_inverse=True, return_counts=True)
    order = np.argsort(-count, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return Slicing("language", tuple(str(names[k]) for k in order), rank[member])


def by_margin(margin: Floats, boundary_margin: float) -> Slicing:
    """Divide by the chosen model's lead, close calls first; the boundary margin is one of the limits.

    Parameters
    ----------
    margin
        ndarray of shape (n_prompts,), not negative; infinite where no probability decided.
    boundary_margin
        A decision that leads by less is a close call.

    Examples
    --------
    >>> slicing = by_margin(np.array([0.0, 0.1, np.inf]), 0.1)
    >>> [slicing.names[k] for k in slicing.member]
    ['below 0.025', '0.1 to 0.2', 'no probability decided']
    """
    limits = sorted({*MARGINS, boundary_margin} - {0.0})
    between = [f"{low:g} to {high:g}" for low, high in pairwise(limits)]
    names = (f"below {limits[0]:g}", *between, f"{limits[-1]:g} and more", NO_MARGIN)
    member = np.searchsorted(limits, margin, side="right")
    return Slicing("margin", names, np.where(np.isinf(margin), len(names) - 1, member))
