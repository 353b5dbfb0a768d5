"""What cannot be graded, told before a model is paid for the answer."""

from __future__ import annotations

from pointsman_train.errors import GraderError
from pointsman_train.graders.exact import Exact
from pointsman_train.graders.json_schema import JsonSchema
from pointsman_train.graders.judge import PairJudge
from pointsman_train.graders.number import Number, is_expression
from pointsman_train.graders.regex import Regex
from pointsman_train.graders.rule import RuleGrader
from pointsman_train.graders.seam import GradeItem, Grader
from pointsman_train.graders.unit_tests import UnitTests, read_tests

# They answer at once, and an empty answer is a failure wherever the reference can be read.
_AT_ONCE = (RuleGrader, Exact, Number, Regex, JsonSchema)


def ungradable(grader: Grader, item: GradeItem) -> str | None:
    """Why no answer to an item can be graded; None where one may be, as far as nobody is asked and nothing is run.

    Examples
    --------
    >>> ungradable(Exact(), GradeItem("Capital of Norway?"))
    "the reference '' cannot be read by this grader"
    >>> ungradable(Exact(), GradeItem("Capital of Norway?", "Oslo")) is None
    True
    """
    if isinstance(grader, UnitTests):
        try:
            read_tests(item.reference)
        except GraderError as error:
            return str(error)
    elif isinstance(grader, PairJudge) and not item.reference.strip():
        return "there is no reference to compare with"
    elif isinstance(grader, _AT_ONCE) and not _compares_expressions(grader, item):
        verdict = grader.grade("", item)
        return verdict.reason if verdict.score is None else None
    return None


def _compares_expressions(grader: Grader, item: GradeItem) -> bool:
    """Whether a process would have to be started for it."""
    return isinstance(grader, Number) and grader.latex and is_expression(item.reference)
