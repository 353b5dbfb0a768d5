from __future__ import annotations

import threading
import time

import pytest

from pointsman_train.errors import GraderError
from pointsman_train.graders import GradeItem, make_grader
from pointsman_train.graders.maths import MathWorker


@pytest.fixture(scope="module")
def grader():
    return make_grader("number", {"seconds": 60})


@pytest.fixture
def worker():
    worker = MathWorker()
    yield worker
    worker.close()


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("3/4", "0.75", 1.0),
        (r"So it is \(\frac{3}{4}\).", "0.75", 1.0),
        (r"\boxed{\frac{3}{4}}", r"\frac{6}{8}", 1.0),
        (r"Answer: \frac{3}{4}", "3/4", 1.0),
        (r"\frac{3}{2}", "2", 0.0),
        ("0.75", r"\frac{3}{4}", 1.0),
        ("0.7", r"\frac{3}{4}", 0.0),
        (r"$\sqrt{8}$", r"2\sqrt{2}", 1.0),
        ("25%", "1/4", 1.0),
        ("no idea", "1/4", 0.0),
        ("", "1/4", 0.0),
        ("1/3 of 9 is 3", "3", 1.0),
        ("1/2", "3|0.5", 1.0),
        ("12", "12", 1.0),
    ],
)
def test_expressions_are_compared_by_value(grader, answer, reference, expected):
    assert grader.grade(answer, GradeItem("", reference)).score == expected


def test_a_reference_that_is_no_expression_is_ungraded(grader):
    verdict = grader.grade("1/2", GradeItem("", "half"))
    assert (verdict.score, verdict.reason) == (None, "the reference 'half' is no expression")


def test_without_latex_an_expression_in_the_reference_is_ungraded_and_not_read_as_its_first_number():
    plain = make_grader("number", {"latex": False})
    assert plain.grade("3", GradeItem("", "3/4")).score is None
    assert plain.grade("3", GradeItem("", "3")).score == 1.0


def test_expressions_are_compared_from_many_threads_at_once(grader):
    found = []

    def one(k):
        found.append((k, grader.grade(f"{k}/7", GradeItem("", f"\\frac{{{2 * k}}}{{14}}")).score))

    threads = [threading.Thread(target=one, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(k, 1.0) for k in range(8)]


def test_a_comparison_without_end_is_ended_and_the_next_one_works(worker):
    assert worker.same("1/2", "0.5", seconds=60) is True
    began = time.monotonic()
    with pytest.raises(GraderError, match="took over 1 s"):
        worker.same("9**9**9**9", "1/2", seconds=1)
    assert time.monotonic() - began < 5
    assert worker.same("1/2", "0.5", seconds=60) is True


def test_a_worker_that_dies_is_started_again(worker):
    worker.same("1/2", "0.5", seconds=60)
    worker._process.kill()
    worker._process.wait()
    assert worker.same("1/2", "0.5", seconds=60) is True
