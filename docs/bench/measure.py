"""All that ``make bench`` measures, in its order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from bench import short
from bench.adversarial import adversarial
from bench.floor import floor
from bench.footprint import footprint
from bench.graph_blocks import blocks
from bench.latency import BATCHES, FLOOR, Call, Round, batches, decisions, figures_of
from bench.machine import machine
from bench.prompts import LENGTHS, Corpus, read_corpus
from bench.routers import bundle_of, names
from bench.timing import in_turns, quantile
from pointsman import Router

_ADVERSARIAL_RUNS = 7
# Of every decision, some seconds apart.
_ROUNDS = 5


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything; ``say`` is told of each step before it begins."""
    about = machine()
    say("routers: cached, or half a minute each")
    bundles = {name: bundle_of(name) for name in names()}
    routers = {name: Router.load(bundle) for name, bundle in bundles.items()}
    corpus = read_corpus()
    found: dict[str, Any] = {name: {"decision": {}, "batch": {}} for name in routers}
    _speed(routers, corpus, found, say)
    first = next(iter(bundles))
    _rest(bundles[first], routers[first], corpus, found[first], say)
    say("the short form, as its test measures it")
    return {"machine": about, "prompts": corpus.origin, "routers": found, "short": short.record()}


def _speed(routers: dict[str, Router], corpus: Corpus, found: dict[str, Any], say: Callable[[str], None]) -> None:
    least, rounds = floor(), dict[tuple[str, int], list[Round]]()
    for turn in range(_ROUNDS):
        say(f"decisions, round {turn + 1} of {_ROUNDS}")
        for length, (name, one) in product(LENGTHS, routers.items()):
            rounds.setdefault((name, length), []).append(decisions(one.route, least, corpus.texts(length)))
    for (name, length), timed in rounds.items():
        found[name]["decision"][str(length)] = figures_of(timed)
    for kind, texts in (("20 words", corpus.texts(20)), ("whole prompts", corpus.prompts[:1_024])):
        for size, (name, one) in product(BATCHES, routers.items()):
            say(f"batches of {size}, {kind}, {name}")
            found[name]["batch"].setdefault(kind, {})[str(size)] = batches(one.route_many, least, texts, size)


def _rest(bundle: Path, router: Router, corpus: Corpus, found: dict[str, Any], say: Callable[[str], None]) -> None:
    say("profile by block of the graph")
    found["blocks"] = {
        str(length): blocks(bundle / "router.onnx", router.route, corpus.texts(length), 300) for length in LENGTHS
    }
    say("strings made to be slow")
    found["adversarial"] = worst_of(router)
    say("cold start and memory")
    found["footprint"] = footprint(bundle, [text for length in LENGTHS for text in corpus.texts(length)[:50]])


def worst_of(router: Router) -> dict[str, dict[str, float]]:
    """Time a decision on each adversarial string, in milliseconds: the median and the worst run."""
    least, found = floor(), dict[str, dict[str, float]]()
    for name, text in adversarial():
        calls: dict[str, Call] = {"router": router.route} | ({FLOOR: least} if _plain(text) else {})
        took = in_turns(calls, [text], _ADVERSARIAL_RUNS, warm=1)
        median = {who: quantile(spent, 0.5) / 1e6 for who, spent in took.items()}
        found[name] = {"ms": round(median["router"], 2), "worst_ms": round(max(took["router"]) / 1e6, 2)}
        if FLOOR in median:
            found[name] |= {"floor_ms": round(median[FLOOR], 2), "ratio": round(median["router"] / median[FLOOR], 2)}
    return found


def _plain(text: str) -> bool:
    """Whether onnxruntime takes the text as it is: it has no form for a lone surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in text[:100])
