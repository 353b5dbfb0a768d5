"""What Prometheus reads, in its text format, of one process."""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from collections.abc import Iterator

from pointsman.dispatch.record import Record

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_DECISION_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
_REQUEST_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Counter:
    """A number that only grows, for each combination of its labels' values."""

    def __init__(self, name: str, words: str, *labels: str) -> None:
        self.name, self.words, self.labels = name, words, labels
        self._values: defaultdict[tuple[str, ...], float] = defaultdict(float)
        self._lock = threading.Lock()

    def add(self, *values: str, by: float = 1.0) -> None:
        """Count, for the labels' values."""
        with self._lock:
            self._values[values] += by

    def lines(self) -> Iterator[str]:
        """Yield the text format's lines."""
        yield f"# HELP {self.name} {self.words}"
        yield f"# TYPE {self.name} counter"
        with self._lock:
            found = list(self._values.items())
        for values, number in found:
            given = ",".join(f'{label}="{_escaped(v)}"' for label, v in zip(self.labels, values, strict=True))
            yield f"{self.name}{{{given}}} {number:.17g}"


class Histogram:
    """Seconds, in buckets; ``bounds`` are their upper ends."""

    def __init__(self, name: str, words: str, bounds: tuple[float, ...]) -> None:
        self.name, self.words, self._bounds = name, words, bounds
        self._counts, self._sum = [0] * (len(bounds) + 1), 0.0
        self._lock = threading.Lock()

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        with self._lock:
            self._counts[bisect.bisect_left(self._bounds, seconds)] += 1
            self._sum += seconds

    def lines(self) -> Iterator[str]:
        """Yield the text format's lines."""
        yield f"# HELP {self.name} {self.words}"
        yield f"# TYPE {self.name} histogram"
        total = 0
        with self._lock:
            counts, seconds = list(self._counts), self._sum
        for bound, count in zip((*(f"{one:g}" for one in self._bounds), "+Inf"), counts, strict=True):
            total += count
            yield f'{self.name}_bucket{{le="{bound}"}} {total}'
        yield f"{self.name}_sum {seconds:.17g}"
        yield f"{self.name}_count {total}"


class Metrics:
    """All of them; called with each record. No label holds what a caller wrote."""

    def __init__(self) -> None:
        self.responses = Counter("pointsman_responses_total", "Responses by path and status.", "path", "status")
        self.decisions = Histogram("pointsman_decision_seconds", "From a body to a decision.", _DECISION_S)
        self._requests = Counter(
            "pointsman_requests_total", "Requests as they ended; no model where none answered.", "model", "outcome"
        )
        self._tries = Counter("pointsman_tries_total", "Requests to endpoints.", "model", "provider", "outcome")
        self._tokens = Counter("pointsman_tokens_total", "As upstreams counted.", "model", "kind")
        self._cost = Counter("pointsman_cost_usd_total", "By the catalog's prices.", "model")
        self._latency = Histogram("pointsman_request_seconds", "From a request to its answer's end.", _REQUEST_S)

    def __call__(self, record: Record) -> None:
        """Count a request that ended."""
        if record.refused:
            self._requests.add("", "refused")
            return
        model = record.model or ""
        outcome = record.error or ("answered" if record.status < 400 else f"status {record.status}")
        self._requests.add(model, outcome)
        for one in record.tries:
            self._tries.add(one.model, one.provider, one.outcome)
        tokens = {"input": record.input_tokens, "output": record.output_tokens, "cached": record.cached_tokens}
        for kind, number in tokens.items():
            if number is not None:
                self._tokens.add(model, kind, by=number)
        if record.cost_usd is not None:
            self._cost.add(model, by=record.cost_usd)
        self._latency.observe(record.latency_ms / 1000)

    def text(self) -> str:
        """Return the page."""
        shown = (self.responses, self._requests, self._tries, self._tokens, self._cost, self.decisions, self._latency)
        return "\n".join(line for one in shown for line in one.lines()) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
