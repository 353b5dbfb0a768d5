"""What a caller may wish of a decision: which models, at which price of cost, how sure, and what of a close call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TypedDict

from pointsman.errors import WishError

ON_BOUNDARY = ("decide", "step_up", "default")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a caller wishes.

    Attributes
    ----------
    models
        Patterns of the models that may be chosen, ``*`` standing for any text; one that begins with ``!`` takes models
        out. Empty, or exclusions alone, is all the others.
    exclude
        Patterns of models that may not be chosen.
    operating_point
        Name of a trade-off of the router; None is its default.
    cost_quality
        In the place of an operating point, a dial from 0 (success alone counts) to 10 (the cheapest, unless the prompt
        is unfamiliar).
    min_success
        Least probability of success in [0, 1] that the chosen model must have, where any model has it.
    on_boundary
        What happens to a close call: one of :data:`ON_BOUNDARY`; None is what is set elsewhere.
    """

    models: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    operating_point: str | None = None
    cost_quality: float | None = None
    min_success: float | None = None
    on_boundary: str | None = None


class WishArguments(TypedDict, total=False):
    """The same as keyword arguments, as :meth:`pointsman.Router.route` takes them."""

    models: Sequence[str] | None
    exclude: Sequence[str] | None
    operating_point: str | None
    cost_quality: float | None
    min_success: float | None
    on_boundary: str | None


def checked(wishes: Wishes) -> Wishes:
    """Return wishes that are in range, numbers as floats; raises :class:`WishError`."""
    dial, least = (
        _within(name, getattr(wishes, name), most) for name, most in (("cost_quality", 10), ("min_success", 1))
    )
    if wishes.on_boundary is not None and wishes.on_boundary not in ON_BOUNDARY:
        raise WishError(f"on_boundary is {wishes.on_boundary!r}, expected one of {list(ON_BOUNDARY)!r}")
    if wishes.operating_point is not None and wishes.cost_quality is not None:
        raise WishError("both operating_point and cost_quality are given; give one of them")
    return replace(wishes, cost_quality=dial, min_success=least)


def _within(name: str, value: object, most: int) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= most:
        raise WishError(f"{name} is {repr(value)[:80]}, expected a number from 0 to {most}")
    return float(value)


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Say whether a name fits one of the patterns, in which ``*`` stands for any text.

    Examples
    --------
    >>> matches("anthropic/claude", ["openai/*", "anthropic/*"])
    True
    """
    return any(_fits(name, pattern) for pattern in patterns)


def _fits(name: str, pattern: str) -> bool:
    # By hand: a body may hold hundreds of patterns, and to make a regular expression of each takes a second.
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    *inner, last = rest
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for piece in inner:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def unwanted(model: str, wishes: Wishes) -> str | None:
    """Say why a model may not be chosen; None where it may.

    Examples
    --------
    >>> unwanted("b/one", Wishes(models=("a/*", "!a/two"))), unwanted("a/one", Wishes(models=("a/*", "!a/two")))
    ('not in the requested models', None)
    """
    if not wishes.models and not wishes.exclude:
        return None
    wanted = [pattern for pattern in wishes.models if not pattern.startswith("!")]
    taken_out = [pattern[1:] for pattern in wishes.models if pattern.startswith("!")]
    if matches(model, [*taken_out, *wishes.exclude]):
        return "excluded by the request"
    return "not in the requested models" if wanted and not matches(model, wanted) else None


def raised(ranking: Sequence[str], p_success: Mapping[str, float], least: float) -> tuple[tuple[str, ...], str]:
    """Keep to models that are likely enough to succeed; where none is, take the likeliest.

    Models that are not likely enough leave the ranking, so they do not stand in either.

    Parameters
    ----------
    ranking
        Models that may be chosen, the chosen one first.

    Returns
    -------
    The new ranking, and why its first is another; "" where it is not.

    Examples
    --------
    >>> raised(("a", "b"), {"a": 0.25, "b": 0.75}, 0.5), raised(("a", "b"), {"a": 0.25, "b": 0.75}, 0.8)
    ((('b',), 'raised to min_success'), (('b', 'a'), 'no model reaches min_success'))
    """
    enough = tuple(model for model in ranking if p_success[model] >= least)
    if enough:
        return enough, "" if enough[0] == ranking[0] else "raised to min_success"
    likeliest = max(ranking, key=p_success.__getitem__)
    return first_in(ranking, likeliest), "" if likeliest == ranking[0] else "no model reaches min_success"


def at_boundary(wish: str | None, ranking: Sequence[str], ladder: Sequence[str], default: str) -> tuple[str, str]:
    """Take a close call as it is wished.

    Parameters
    ----------
    wish
        One of :data:`ON_BOUNDARY`; None decides.
    ranking
        Models that may be chosen, the chosen one first.
    ladder
        All models, cheapest first.
    default
        Among the ranking.

    Returns
    -------
    The model, and why it is another; "" where it is not.
    """
    if wish == "default" and default != ranking[0]:
        return default, "default at the boundary"
    if wish == "step_up":
        rungs = [model for model in ladder if model in ranking]
        above = rungs[rungs.index(ranking[0]) + 1 :]
        if above:
            return above[0], "stepped up at the boundary"
    return ranking[0], ""


def first_in(ranking: Sequence[str], model: str) -> tuple[str, ...]:
    """Return a ranking with this model first, the others in their order."""
    return (model, *(other for other in ranking if other != model))
