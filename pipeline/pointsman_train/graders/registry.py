"""Every kind of grader by its name, and how one is built from settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from pointsman_train.errors import GraderError
from pointsman_train.graders.calling import Calling
from pointsman_train.graders.choice import Choice
from pointsman_train.graders.exact import Exact
from pointsman_train.graders.json_schema import JsonSchema
from pointsman_train.graders.judge import Ask, Judge, PairJudge
from pointsman_train.graders.number import Number
from pointsman_train.graders.regex import Regex
from pointsman_train.graders.rule import Rule, RuleGrader
from pointsman_train.graders.rules import GRADERS
from pointsman_train.graders.sandbox import Limits
from pointsman_train.graders.seam import Grader
from pointsman_train.graders.settings import make
from pointsman_train.graders.unit_tests import UnitTests

Factory: TypeAlias = Callable[[Mapping[str, object]], Grader]


def _rule(rule: Rule, settings: Mapping[str, object]) -> Grader:
    if settings:
        raise GraderError(f"it has no settings, got {sorted(settings)}; leave them out")
    return RuleGrader(rule)


def _unit_tests(settings: Mapping[str, object]) -> Grader:
    return UnitTests(make(Limits, settings))


KINDS: dict[str, Factory] = {
    **{name: partial(_rule, rule) for name, rule in GRADERS.items()},
    "callable": partial(make, Calling),
    "choice": partial(make, Choice),
    "exact": partial(make, Exact),
    "json_schema": partial(make, JsonSchema),
    "judge": partial(make, Judge),
    "judge_pair": partial(make, PairJudge),
    "number": partial(make, Number),
    "regex": partial(make, Regex),
    "unit_tests": _unit_tests,
}
"""What builds a grader of each kind from its settings."""

ASKING = frozenset({"judge", "judge_pair"})
"""The kinds that ask a model."""


def make_grader(name: str, settings: Mapping[str, object] | None = None, ask: Ask | None = None) -> Grader:
    """Build a grader.

    Parameters
    ----------
    name
        A name of ``KINDS``, or one's own where the settings have a ``kind``.
    settings
        The grader's own, and ``kind`` where its name is not its kind: so two graders of a kind can differ. Those
        left out have their defaults.
    ask
        How a judge is asked. The other kinds ask nobody.

    Raises
    ------
    GraderError
        For an unknown kind, settings that cannot work, or a judge with nobody to ask.

    Examples
    --------
    >>> from pointsman_train.graders.seam import GradeItem
    >>> strict = make_grader("strict", {"kind": "exact", "normalise": False})
    >>> strict.grade("Oslo.", GradeItem("Capital of Norway?", "Oslo")).score
    0.0
    >>> make_grader("exakt")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    pointsman_train.errors.GraderError: there is no grader 'exakt'; there are callable, choice, contains, exact, ...
    """
    given = dict(settings or {})
    kind = given.pop("kind", name)
    if kind not in KINDS:
        raise GraderError(f"there is no grader {kind!r}; there are {', '.join(sorted(KINDS))}")
    if kind in ASKING:
        if ask is None:
            raise GraderError(
                f"the grader {name!r} has nobody to ask; name a model of the catalog, as judge.model=NAME"
            )
        given["ask"] = ask
    try:
        return KINDS[str(kind)](given)
    except GraderError as error:
        raise GraderError(f"the grader {name!r} cannot be built: {error}") from error
