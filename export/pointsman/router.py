"""The router: load an exported bundle, route prompts."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Unpack

from pointsman.bundle import load_bundle
from pointsman.decide import NO_SIGNAL, Rule
from pointsman.decide_one import choose_one
from pointsman.decision import Decision, Names
from pointsman.dial import rule_of
from pointsman.errors import NoCandidateError, PromptError, UnknownModelError
from pointsman.graph import Graph, Predictions, Row
from pointsman.guard import Guard
from pointsman.ladder import Ladder
from pointsman.manifest import Manifest
from pointsman.text import Prompt, text_of
from pointsman.wishes import WishArguments, Wishes, at_boundary, checked, first_in, raised, unwanted

# What makes a name a pattern.
_WILD = "*"


class _Terms(NamedTuple):
    """By what a prompt is decided: what the wishes of a call come to with one router."""

    point: str
    rule: Rule
    reasons: tuple[tuple[str, str], ...]
    allowed: Sequence[bool]
    guard: Guard | None
    wishes: Wishes


class Router:
    """Decides which model each prompt goes to. Made by :meth:`load`.

    Thread-safe: it holds no state between calls.

    Attributes
    ----------
    manifest
        What the router is.
    models
        The ladder, cheapest first.
    """

    def __init__(self, manifest: Manifest, graph: Graph) -> None:
        self.manifest = manifest
        self._graph = graph
        self._boundary_margin = manifest.boundary_margin
        self._ladder = Ladder.of(manifest)
        self.models: tuple[str, ...] = self._ladder.models
        self._names = Names(f"{manifest.name}/{manifest.version}", self.models, manifest.labels)
        self._unasked = self._terms(Wishes())

    @classmethod
    def load(cls, folder: str | Path) -> Router:
        """Load an exported router; its hash and its probes are verified.

        Parameters
        ----------
        folder
            Holds ``router.json`` and ``router.onnx``.

        Raises
        ------
        BundleError
            When a file is missing, changed or of another schema version.
        """
        return cls(*load_bundle(folder))

    def __repr__(self) -> str:
        """Name, version and ladder."""
        return f"Router({self.name!r}, models={list(self.models)!r})"

    @property
    def name(self) -> str:
        """``name/version``."""
        return self._names.router

    @property
    def guard(self) -> Guard | None:
        """When a prompt is unfamiliar and which model it then goes to; None where the router has no guard."""
        return self._ladder.guard

    def predict(self, prompts: Sequence[Prompt]) -> Predictions:
        """Probabilities and features of several prompts, without a decision."""
        return self._graph.predict(_texts(prompts))

    def predict_one(self, prompt: Prompt) -> Row:
        """Probabilities and similarity of one prompt as plain numbers, without a decision."""
        return self._graph.predict_one(text_of(prompt))

    def route(
        self,
        prompt: Prompt,
        *,
        models: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        operating_point: str | None = None,
        cost_quality: float | None = None,
        min_success: float | None = None,
        on_boundary: str | None = None,
    ) -> Decision:
        """Choose a model for one prompt.

        Parameters
        ----------
        prompt
            Text, or chat messages of which the last user turn is scored.
        models, exclude
            Models that may be chosen, and that may not; names, or patterns such as ``anthropic/*``, and in ``models``
            ``!name`` takes one out. None is all of the ladder, and none.
        operating_point
            Name of a trade-off of the manifest; None is its default.
        cost_quality
            In its place, a dial from 0 (success alone counts) to 10 (the cheapest, unless the prompt is unfamiliar).
        min_success
            Least probability of success in [0, 1] that the chosen model must have, where any model has it.
        on_boundary
            What happens to a close call: "decide", "step_up" to the next dearer model, or "default", the model that
            unfamiliar prompts go to. None decides.

        Raises
        ------
        PromptError
            When the prompt is neither text nor messages.
        WishError
            When an argument is out of range, or two contradict each other.
        UnknownModelError, UnknownOperatingPointError
            For a name that the router does not have.
        NoCandidateError
            When no model may be chosen.
        """
        # Word by word, since nearly every decision comes by here: a loop over them would take a microsecond.
        nothing = models is None and exclude is None and operating_point is None
        if nothing and cost_quality is None and min_success is None and on_boundary is None:
            terms = self._unasked
        else:
            terms = self._terms(self._wishes(models, exclude, operating_point, cost_quality, min_success, on_boundary))
        text = text_of(prompt)
        return self._decided(self._graph.predict_one(text), text, terms)

    def route_many(self, prompts: Sequence[Prompt], **wishes: Unpack[WishArguments]) -> list[Decision]:
        """Choose a model for each of several prompts in one run of the graph; the rest is as of :meth:`route`."""
        terms = self._terms(self._wishes(**wishes))
        texts = _texts(prompts)
        rows = self._graph.predict(texts).rows()
        return [self._decided(row, text, terms) for row, text in zip(rows, texts, strict=True)]

    def _wishes(
        self,
        models: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        operating_point: str | None = None,
        cost_quality: float | None = None,
        min_success: float | None = None,
        on_boundary: str | None = None,
    ) -> Wishes:
        some, none = self._patterns("models", models), self._patterns("exclude", exclude)
        if models is not None and not some:
            raise NoCandidateError(dict.fromkeys(self.models, "not in the requested models"))
        return checked(Wishes(some, none, operating_point, cost_quality, min_success, on_boundary))

    def _patterns(self, argument: str, given: Sequence[str] | None) -> tuple[str, ...]:
        """Return names and patterns, after a look at each that is no pattern."""
        if given is None:
            return ()
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise UnknownModelError(f"{argument} is a list of names, got {given!r}; give [{given!r}]")
        patterns = tuple(given)
        for pattern in patterns:
            name = pattern.removeprefix("!") if isinstance(pattern, str) and argument == "models" else pattern
            if name not in self.models and not (isinstance(name, str) and _WILD in name):
                near = difflib.get_close_matches(str(name), self.models, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise UnknownModelError(f"{name!r} is not a model of {self.name}: {list(self.models)!r}{hint}")
        return patterns

    def _terms(self, wishes: Wishes) -> _Terms:
        reasons = ((model, unwanted(model, wishes)) for model in self.models)
        excluded = {model: reason for model, reason in reasons if reason is not None}
        if len(excluded) == len(self.models):
            raise NoCandidateError(excluded)
        allowed = [model not in excluded for model in self.models]
        point, rule = rule_of(self.manifest, wishes)
        return _Terms(point, rule, tuple(excluded.items()), allowed, self._ladder.guard_among(allowed), wishes)

    def _decided(self, row: Row, text: str, terms: _Terms) -> Decision:
        decision, wishes = self._by_rule(row, terms), terms.wishes
        if not text or text.isspace():
            return self._without_signal(decision)
        if (wishes.min_success is None and wishes.on_boundary is None) or decision.margin is None:
            return decision
        return self._as_wished(decision, wishes)

    def _by_rule(self, row: Row, terms: _Terms) -> Decision:
        p_success, p_label, near = row
        point, rule, reasons, allowed, guard, _ = terms
        ladder = self._ladder
        chosen, margin, reason, unfamiliar, utility = choose_one(
            rule, p_success, p_label, ladder.relative, ladder.anchor, allowed, guard, near
        )
        return Decision(
            model=self.models[chosen],
            label=self._names.labels[p_label.index(max(p_label))],
            operating_point=point,
            lam=rule.lam,
            estimated_cost_usd=ladder.costs[chosen],
            margin=margin if margin < math.inf else None,
            boundary=margin < self._boundary_margin,
            similarity=near,
            unfamiliar=unfamiliar,
            reason=reason,
            names=self._names,
            probability=p_success,
            label_probability=p_label,
            utility=utility,
            reasons=reasons,
        )

    def _without_signal(self, decision: Decision) -> Decision:
        """Send a blank prompt where unfamiliar ones go, or to the best single model; its probabilities mean nothing."""
        if len(decision.utilities) == 1:
            return decision
        ladder = self._ladder
        model = ladder.default_of(decision.utilities)
        cost = ladder.costs[ladder.models.index(model)]
        return decision.but(model=model, estimated_cost_usd=cost, margin=None, boundary=False, reason=NO_SIGNAL)

    def _as_wished(self, decision: Decision, wishes: Wishes) -> Decision:
        """Apply the wish for a least probability, and what is wished for close calls."""
        ladder, utility, whys = self._ladder, decision.utilities, [decision.reason]
        # Sorting keeps the ladder's order among equals.
        ranking = first_in(sorted(utility, key=lambda model: -utility[model]), decision.model)
        if wishes.min_success is not None:
            ranking, why = raised(ranking, decision.p_success, wishes.min_success)
            whys.append(why)
        chosen = ranking[0]
        if decision.boundary:
            chosen, why = at_boundary(wishes.on_boundary, ranking, ladder.models, ladder.default_of(ranking))
            whys.append(why)
        cost = ladder.costs[ladder.models.index(chosen)]
        return decision.but(model=chosen, estimated_cost_usd=cost, reason="; ".join(filter(None, whys)))


def _texts(prompts: Sequence[Prompt]) -> list[str]:
    if isinstance(prompts, str):
        raise PromptError(f"expected a list of prompts, got the one text {prompts[:40]!r}; use route")
    return [text_of(prompt) for prompt in prompts]
