"""The answer is a JSON object with the expected content."""

from __future__ import annotations

import json
import math

from pointsman_train.graders.text import normalise, unfenced


def read_object(answer: str) -> object | None:
    r"""Return the first JSON object of an answer, in a code fence or not; None where there is none.

    Examples
    --------
    >>> read_object('Sure:\n```json\n{"a": 1}\n```'), read_object("none")
    ({'a': 1}, None)
    """
    text = unfenced(answer)
    start = text.find("{")
    if start < 0:
        return None
    try:
        value: object = json.JSONDecoder().raw_decode(text[start:])[0]
    except ValueError:
        return None
    return value


def same(got: object, wanted: object) -> bool:
    """Tell whether two JSON values agree: keys exactly, strings after normalising, numbers also where quoted.

    Examples
    --------
    >>> same({"a": "Oslo "}, {"a": "oslo"}), same("7", 7)
    (True, True)
    >>> same([1, 2], [2, 1]), same({"a": 1, "b": 2}, {"a": 1})
    (False, False)
    """
    if isinstance(wanted, dict):
        return isinstance(got, dict) and got.keys() == wanted.keys() and all(same(got[k], wanted[k]) for k in wanted)
    if isinstance(wanted, list):
        return isinstance(got, list) and len(got) == len(wanted) and all(map(same, got, wanted))
    if isinstance(wanted, bool) or wanted is None or isinstance(got, bool):
        return got is wanted
    if isinstance(wanted, int | float) and isinstance(got, int | float):
        return math.isclose(got, wanted, rel_tol=1e-9)
    return isinstance(got, str | int | float) and normalise(str(got)) == normalise(str(wanted))


def grade(answer: str, reference: str) -> float | None:
    """Return 1.0 where the answer's JSON object has the reference's keys and values, else 0.0.

    Parameters
    ----------
    answer
        The model's answer; text around the object is overlooked.
    reference
        The expected object as JSON.

    Returns
    -------
    float or None
        None where the reference is not a JSON object.

    Examples
    --------
    >>> grade('{"name": "Kim", "age": 3}', '{"age": 3, "name": "kim"}'), grade("{}", "no JSON")
    (1.0, None)
    """
    try:
        wanted = json.loads(reference)
    except ValueError:
        return None
    if not isinstance(wanted, dict):
        return None
    return float(same(read_object(answer), wanted))
