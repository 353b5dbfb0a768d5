"""Python unit tests, run in a sandbox of their own."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pointsman_train.errors import GraderError
from pointsman_train.graders.sandbox import Limits, Report, run
from pointsman_train.graders.seam import GradeItem, Verdict

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_PYTHON = {"", "py", "python", "python3"}


@dataclass(frozen=True, slots=True)
class UnitTests:
    """Runs the code of an answer with the reference's tests.

    The reference is test code, or a table of calls as a JSON object:
    ``{"function": "add", "calls": [{"args": [1, 2], "kwargs": {}, "returns": 3}]}``. Test code runs beside the
    answer, so code written against this very harness could forge its success. With a table it cannot: the expected
    values stay outside the sandbox.

    Attributes
    ----------
    limits
        What the code may use.
    """

    limits: Limits = field(default_factory=Limits)

    def grade(self, answer: str, item: GradeItem) -> Verdict:
        """Grade one answer: 1 where all passes, 0 where anything fails, ungraded where nothing could be run."""
        try:
            tests = read_tests(item.reference)
        except GraderError as error:
            return Verdict(None, str(error))
        expected = [one.pop("returns") for one in tests.get("calls", [])]
        report = run({**tests, "blocks": blocks(answer)}, self.limits)
        return _verdict(report, expected)


def blocks(answer: str) -> list[str]:
    r"""Return the code blocks of an answer that may be Python, or all of it where it has no block.

    Examples
    --------
    >>> blocks("Run it:\n```sh\nls\n```\n```python\nx = 1\n```\n")
    ['x = 1\n']
    >>> blocks("x = 1")
    ['x = 1']
    """
    found = _FENCE.findall(answer)
    return [code for language, code in found if language.lower() in _PYTHON] if found else [answer]


def read_tests(reference: str) -> dict[str, Any]:
    """Return what the harness needs of a reference.

    Raises
    ------
    GraderError
        Where the reference is blank or broken, or would check nothing.
    """
    if reference.lstrip().startswith("{"):
        return _read_table(reference)
    try:
        body = ast.parse(reference).body
    except (SyntaxError, ValueError) as error:
        raise GraderError(f"the tests are not Python: {error}") from error
    functions = [s.name for s in body if isinstance(s, ast.FunctionDef) and s.name.startswith("test")]
    classes = [s.name for s in body if isinstance(s, ast.ClassDef) and "TestCase" in ast.unparse(s).split("\n")[0]]
    if not functions and not classes and not any(map(_checks, body)):
        raise GraderError("the tests would check nothing: add an assert, a call such as check(f), or a test function")
    return {"tests": reference, "functions": functions, "classes": classes}


def _checks(statement: ast.stmt) -> bool:
    definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)
    text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return not text and not isinstance(statement, (*definitions, ast.AnnAssign, ast.Pass))


def _read_table(reference: str) -> dict[str, Any]:
    try:
        table = json.loads(reference)
    except ValueError as error:
        raise GraderError(f"the table of calls is not JSON: {error}") from error
    function, calls = table.get("function"), table.get("calls")
    if not isinstance(function, str) or not isinstance(calls, list) or not calls:
        raise GraderError("the table of calls needs the name of a function and a list of calls that is not empty")
    return {"function": function, "calls": [_read_call(call) for call in calls]}


def _read_call(call: object) -> dict[str, Any]:
    if not isinstance(call, dict) or "returns" not in call or call.keys() - {"args", "kwargs", "returns"}:
        raise GraderError(f"the call {call!r} is not an object of args, kwargs and returns; returns must be there")
    args, kwargs = call.get("args", []), call.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise GraderError(f"the call {call!r} has args that are no list or kwargs that are no object")
    return {"args": args, "kwargs": kwargs, "returns": call["returns"]}


def _verdict(report: Report, expected: Sequence[object]) -> Verdict:
    if report.outcome is None:
        return Verdict(None, report.reason)
    if "failed" in report.outcome:
        return Verdict(0.0, f"failed: {report.reason}")
    returned = report.outcome.get("returned", [])
    wrong = [i for i, (got, wanted) in enumerate(zip(returned, expected, strict=False)) if not _right(got, wanted)]
    if wrong or len(returned) != len(expected):
        return Verdict(0.0, f"failed: {len(wrong)} of {len(expected)} calls, first number {(wrong or [0])[0] + 1}")
    return Verdict(1.0, "passed")


def _right(got: Mapping[str, str], wanted: object) -> bool:
    try:
        return equal(json.loads(got["value"]), wanted)
    except (KeyError, ValueError, RecursionError):
        return False


def equal(got: object, wanted: object) -> bool:
    """Compare two JSON values as Python does, but floats to 9 digits and NaN with NaN.

    Examples
    --------
    >>> equal([0.1 + 0.2, {"a": float("nan")}], [0.3, {"a": float("nan")}]), equal([1], [1, 2]), equal("1", 1)
    (True, False, False)
    """
    if isinstance(got, list) and isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(equal, got, wanted))
    if isinstance(got, dict) and isinstance(wanted, dict):
        return got.keys() == wanted.keys() and all(equal(got[key], wanted[key]) for key in wanted)
    if isinstance(got, int | float) and isinstance(wanted, int | float) and float in (type(got), type(wanted)):
        return math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-12) or (got != got and wanted != wanted)
    return got == wanted
