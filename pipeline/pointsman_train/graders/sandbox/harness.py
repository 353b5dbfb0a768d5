"""Runs an answer's code with its tests or calls, inside the sandbox."""

from __future__ import annotations

import json
import unittest
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Names: TypeAlias = dict[str, Any]
MOST = 300
"""Length of a described error, in characters."""


def outcome(job: Mapping[str, Any]) -> dict[str, Any]:
    """Do a job and tell what came of it.

    Parameters
    ----------
    job
        ``blocks``: pieces of Python. With ``tests``: code that tests them, and ``functions`` and ``classes``
        of it to call. Otherwise ``function`` to call, once for each of ``calls`` (``args`` and ``kwargs``).

    Returns
    -------
    dict
        Either ``failed`` with a reason, or ``returned``, the JSON of each call, or neither.
    """
    try:
        names = load(job["blocks"])
        if "tests" in job:
            test(names, job)
            return {}
        return {"returned": call(names, job["function"], job["calls"])}
    except BaseException as error:  # the answer's code may raise anything, SystemExit and KeyboardInterrupt too
        return {"failed": describe(error)}


def load(blocks: Sequence[str]) -> Names:
    """Run the blocks that are Python, in order, in one name space.

    Raises
    ------
    SyntaxError
        Where none of them is.
    """
    compiled, broken = [], None
    for block in blocks:
        try:
            compiled.append(compile(block, "answer", "exec"))
        except (SyntaxError, ValueError) as error:
            broken = error
    if not compiled:
        raise SyntaxError(f"no Python code in the answer ({broken})")
    names: Names = {"__name__": "answer"}
    for code in compiled:
        exec(code, names)
    return names


def test(names: Names, job: Mapping[str, Any]) -> None:
    """Run the test code, then its test functions and test cases; raises what they raise."""
    names = dict(names)
    exec(compile(job["tests"], "tests", "exec"), names)
    for name in job["functions"]:
        names[name]()
    for name in job["classes"]:
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(names[name])
        result = suite.run(unittest.TestResult())
        for _, trace in [*result.errors, *result.failures]:
            raise AssertionError(trace.strip().splitlines()[-1])


def call(names: Names, function: str, calls: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Call the function and return the JSON of each value, or how it failed."""
    if not callable(names.get(function)):
        raise NameError(f"the answer defines no function {function!r}")
    return [_one(names[function], one) for one in calls]


def _one(function: Callable[..., Any], one: Mapping[str, Any]) -> dict[str, str]:
    try:
        return {"value": json.dumps(function(*one["args"], **one["kwargs"]), default=_plain)}
    except BaseException as error:  # as above
        return {"raised": describe(error)}


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"returned a {type(value).__name__}, which JSON has no form for")


def describe(error: BaseException) -> str:
    """Return an error's kind and message; the message of a hostile one may itself fail."""
    try:
        text = str(error)
    except BaseException:
        text = ""
    name = type(error).__name__
    return f"{name}: {text}"[:MOST] if text else name
