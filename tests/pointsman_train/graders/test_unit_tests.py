from __future__ import annotations

import json

import pytest

from pointsman_train.graders import GradeItem, Verdict
from pointsman_train.graders.sandbox import Limits
from pointsman_train.graders.unit_tests import UnitTests, blocks

ADD = "Here:\n```python\ndef add(a, b):\n    return a + b\n```\nIt adds."
WRONG = ADD.replace("a + b", "a - b")


@pytest.fixture(autouse=True)
def _standing(sandbox):
    """Nothing here can be graded without a sandbox."""


def grade(answer, reference):
    return UnitTests(Limits(cpu_seconds=5, wall_seconds=20)).grade(answer, GradeItem("Write add.", reference))


def table(function, *calls):
    return json.dumps({"function": function, "calls": [{"args": a, "returns": r} for a, r in calls]})


CASE = """
import unittest
class Adds(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(add(1, 2), 3)
"""


@pytest.mark.parametrize(
    "tests",
    [
        "assert add(1, 2) == 3",
        "def test_sum():\n    assert add(1, 2) == 3",
        "def check(f):\n    assert f(1, 2) == 3\ncheck(add)",
        CASE,
        table("add", ([1, 2], 3), (["a", "b"], "ab")),
    ],
    ids=["assert", "function", "check", "case", "table"],
)
def test_right_code_passes_and_wrong_code_fails(tests):
    assert grade(ADD, tests) == Verdict(1.0, "passed")
    failed = grade(WRONG, tests)
    assert failed.score == 0.0
    assert failed.reason.startswith("failed: ")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("I cannot.", "no Python code in the answer"),
        ("", "failed: NameError"),
        ("```python\ndef add(a, b) return\n```", "no Python code in the answer"),
        ("```python\nraise SystemExit(0)\n```", "failed: SystemExit: 0"),
        ("```python\nimport no_such_module\n```", "failed: ModuleNotFoundError: No module named 'no_such_module'"),
        ("```sh\nls\n```", "no Python code"),
    ],
)
def test_a_bad_answer_fails_with_its_reason(answer, why):
    verdict = grade(answer, "assert add(1, 2) == 3")
    assert verdict.score == 0.0
    assert why in verdict.reason


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("", "would check nothing"),
        ("def check(f):\n    assert f(1, 2) == 3", "would check nothing"),
        ("'''text'''\nimport json\nx = 1", "would check nothing"),
        ("assert add(1, 2 == 3", "the tests are not Python"),
        ("{", "is not JSON"),
        ("{}", "needs the name of a function"),
        ('{"function": "add", "calls": []}', "needs the name of a function"),
        ('{"function": "add", "calls": [{"args": [1]}]}', "returns must be there"),
        ('{"function": "add", "calls": [{"args": 1, "returns": 1}]}', "args that are no list"),
    ],
)
def test_tests_that_check_nothing_leave_the_answer_ungraded(reference, why):
    verdict = grade(ADD, reference)
    assert verdict.score is None
    assert why in verdict.reason


@pytest.mark.parametrize(
    ("body", "wanted", "expected"),
    [
        ("return (1, 2)", [1, 2], 1.0),
        ("return {2, 1}", [1, 2], 1.0),
        ("return {1: 'a'}", {"1": "a"}, 1.0),
        ("return 0.1 + 0.2", 0.3, 1.0),
        ("return float('nan')", float("nan"), 1.0),
        ("return None", None, 1.0),
        ("return 0.3001", 0.3, 0.0),
        ("return '3'", 3, 0.0),
        ("return object()", None, 0.0),
        ("return f", None, 0.0),
        ("raise ValueError", None, 0.0),
        ("x = []; x.append(x); return x", [], 0.0),
        ("return '9' * 9_000_000", "9", 0.0),
    ],
)
def test_a_table_compares_plain_values(body, wanted, expected):
    assert grade(f"def f():\n    {body}", table("f", ([], wanted))).score == expected


def test_a_table_says_which_call_failed_first():
    calls = table("add", ([1, 2], 3), ([2, 2], 5), ([1, 1], 3))
    assert grade(ADD, calls) == Verdict(0.0, "failed: 2 of 3 calls, first number 2")


def test_a_table_may_give_arguments_by_name():
    reference = '{"function": "add", "calls": [{"kwargs": {"a": 1, "b": 2}, "returns": 3}]}'
    assert grade(ADD, reference).score == 1.0


def test_a_missing_function_fails():
    assert "defines no function 'mul'" in grade(ADD, table("mul", ([1], 1))).reason


def test_an_answer_that_equals_everything_passes_no_table():
    answer = "class All:\n    def __eq__(self, other):\n        return True\ndef add(a, b):\n    return All()"
    assert grade(answer, table("add", ([1, 2], 3))).score == 0.0


def test_blocks_run_in_order_and_those_that_are_not_python_are_passed_over():
    answer = "```python\nx = 1\n```\nthen\n```\n$ python x.py\n```\nand\n```py\ndef f():\n    return x\n```"
    assert grade(answer, table("f", ([], 1))).score == 1.0


def test_a_block_that_the_token_limit_left_open_is_read():
    assert blocks("```python\nx = 1") == ["x = 1"]


def test_files_threads_and_output_of_its_own_are_allowed(sandbox):
    if "mounts" not in sandbox.held:
        pytest.skip("the folder is closed without a mount namespace")
    answer = """
import asyncio, heapq, shutil, threading
def f():
    with open("a.txt", "w") as file:
        file.write("text")
    shutil.copy("a.txt", "b.txt")
    thread = threading.Thread(target=print, args=("out",))
    thread.start()
    thread.join()
    asyncio.run(asyncio.sleep(0))
    return open("b.txt").read()
"""
    assert grade(answer, table("f", ([], "text"))) == Verdict(1.0, "passed")
