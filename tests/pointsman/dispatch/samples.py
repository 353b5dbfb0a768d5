"""A clock that only the test moves, endpoints of models a, b and c, and a choice among them."""

from __future__ import annotations

from dataclasses import replace

from pointsman.dispatch.catalog import Endpoint
from pointsman.dispatch.choose import Choice

A, B = (Endpoint(model, "p", "http://h/v1", model) for model in "ab")
P, Q, R = (replace(A, provider=name) for name in "pqr")
MADE = Choice(
    "b", ("b", "a", "c"), "utility", "p", 0.1, {"a": 0.5, "b": 0.6, "c": 0.9}, {"a": 0.5, "b": 0.6, "c": 0.4},
    0.02, True, None, False, signal=True,
)  # fmt: skip


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now
