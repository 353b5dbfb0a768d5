"""What Prometheus reads. With several workers, any of them tells of all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from pointsman.dispatch.record import Record

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# The folder in which processes share their numbers; the library reads it when it is imported.
SHARED_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_DECISION_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
_REQUEST_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """All of them; called with each record. No label holds what a caller wrote."""

    def __init__(self) -> None:
        # One of its own, so that several applications may live in a process.
        self._registry = own = CollectorRegistry()

        def counter(name: str, words: str, *labels: str) -> Callable[..., Counter]:
            # The library looks a counter of some labels up behind a lock, seven times for a request.
            return cache(Counter(f"pointsman_{name}", words, labels, registry=own).labels)

        self._responses = counter("responses", "By path and status.", "path", "status")
        self._decisions = _seconds("pointsman_decision_seconds", "From a body to a decision.", _DECISION_S, own)
        words = "Requests as they ended; no model where none answered."
        self._requests = counter("requests", words, "model", "outcome")
        self._tries = counter("tries", "Requests to endpoints.", "model", "provider", "outcome")
        self._tokens = counter("tokens", "As upstreams counted.", "model", "kind")
        self._cost = counter("cost_usd", "By the catalog's prices.", "model")
        self._latency = _seconds("pointsman_request_seconds", "From a request to its answer's end.", _REQUEST_S, own)

    def responded(self, path: str, status: int) -> None:
        """Count a response."""
        self._responses(path, str(status)).inc()

    def decided(self, seconds: float) -> None:
        """Note how long a decision took."""
        self._decisions.observe(seconds)

    def __call__(self, record: Record) -> None:
        """Count a request that ended."""
        if record.refused:
            self._requests("", "refused").inc()
            return
        model = record.model or ""
        outcome = record.error or ("answered" if record.status < 400 else f"status {record.status}")
        self._requests(model, outcome).inc()
        for one in record.tries:
            self._tries(one.model, one.provider, one.outcome).inc()
        tokens = {"input": record.input_tokens, "output": record.output_tokens, "cached": record.cached_tokens}
        for kind, number in tokens.items():
            if number is not None:
                self._tokens(model, kind).inc(number)
        if record.cost_usd is not None:
            self._cost(model).inc(record.cost_usd)
        self._latency.observe(record.latency_ms / 1000)

    def text(self) -> bytes:
        """Return the page."""
        whole = self._registry
        if SHARED_VARIABLE in os.environ:
            whole = CollectorRegistry()
            MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
        return generate_latest(_Plain(whole))


class _Plain(CollectorRegistry):
    """Another registry's metrics without the times at which they were made, which would double their number."""

    def __init__(self, whole: Collector) -> None:
        super().__init__()
        self._whole = whole

    def collect(self) -> Iterator[Metric]:
        for metric in self._whole.collect():
            metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
            yield metric


def _seconds(name: str, words: str, bounds: tuple[float, ...], registry: CollectorRegistry) -> Histogram:
    return Histogram(name, words, buckets=bounds, registry=registry)
