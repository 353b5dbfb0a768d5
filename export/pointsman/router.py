"""The router: load an exported bundle, route prompts."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman import decide
from pointsman.bundle import load_bundle
from pointsman.decide_one import choose_one
from pointsman.decision import Decision
from pointsman.errors import NoCandidateError, PromptError, UnknownModelError, UnknownOperatingPointError
from pointsman.graph import Graph, Predictions
from pointsman.guard import Guard, fallback_among
from pointsman.manifest import Manifest
from pointsman.text import Prompt, text_of


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
        self._cost: NDArray[np.float64] = np.array([model.mean_cost_usd for model in manifest.models])
        self._score: NDArray[np.float64] = np.array([model.mean_score for model in manifest.models])
        self._name = f"{manifest.name}/{manifest.version}"
        self.models: tuple[str, ...] = tuple(model.name for model in manifest.models)
        self._anchor = self.models.index(manifest.best_single)
        guard = manifest.guard
        self._guard = None if guard is None else Guard(guard.threshold, self.models.index(guard.fallback))
        self._everything = [True] * len(self.models)
        self._relative: list[float] = decide.relative_cost(self._cost).tolist()
        self._points = {name: point.decision_rule for name, point in manifest.operating_points.items()}

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
        return self._name

    @property
    def guard(self) -> Guard | None:
        """When a prompt is unfamiliar and which model it then goes to; None where the router has no guard."""
        return self._guard

    def predict(self, prompts: Sequence[Prompt]) -> Predictions:
        """Probabilities and features of several prompts, without a decision."""
        if isinstance(prompts, str):
            raise PromptError(f"expected a list of prompts, got the one text {prompts[:40]!r}; use route")
        return self._graph.predict([text_of(prompt) for prompt in prompts])

    def route(
        self, prompt: Prompt, *, models: Sequence[str] | None = None, operating_point: str | None = None
    ) -> Decision:
        """Choose a model for one prompt.

        Parameters
        ----------
        prompt
            Text, or chat messages of which the last user turn is scored.
        models
            Models that may be chosen; None is all of the ladder.
        operating_point
            Name of a trade-off of the manifest; None is its default.

        Raises
        ------
        PromptError
            When the prompt is neither text nor messages.
        UnknownModelError, UnknownOperatingPointError
            For a name that the router does not have.
        NoCandidateError
            When no model may be chosen.
        """
        excluded, point, rule = self._asked(models, operating_point)
        found = self._graph.predict([text_of(prompt)])
        return self._decide_one(found, point, rule, excluded)

    def route_many(
        self,
        prompts: Sequence[Prompt],
        *,
        models: Sequence[str] | None = None,
        operating_point: str | None = None,
    ) -> list[Decision]:
        """Choose a model for each of several prompts in one run of the graph; see :meth:`route`."""
        excluded, point, rule = self._asked(models, operating_point)
        predictions = self.predict(prompts)
        return [self._decide_one(row, point, rule, excluded) for row in predictions.rows()]

    def _asked(
        self, models: Sequence[str] | None, operating_point: str | None
    ) -> tuple[dict[str, str], str, decide.Rule]:
        point = self.manifest.default_operating_point if operating_point is None else operating_point
        return self._exclusions(models), point, self._rule(point)

    def _exclusions(self, models: Sequence[str] | None) -> dict[str, str]:
        if models is None:
            return {}
        if isinstance(models, str) or not isinstance(models, Iterable):
            raise UnknownModelError(f"models is a list of names, got {models!r}; give [{models!r}]")
        models = list(models)
        for model in models:
            if model not in self.models:
                near = difflib.get_close_matches(str(model), self.models, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise UnknownModelError(f"{model!r} is not a model of {self.name}: {list(self.models)!r}{hint}")
        excluded = {model: "not in the requested models" for model in self.models if model not in models}
        if len(excluded) == len(self.models):
            raise NoCandidateError(excluded)
        return excluded

    def _rule(self, point: str) -> decide.Rule:
        points = self._points
        # A list, since a caller's point may be what no dict can look up.
        if point not in list(points):
            raise UnknownOperatingPointError(f"{self.name} has the operating points {list(points)!r}, not {point!r}")
        return points[point]

    def _guard_among(self, allowed: NDArray[np.bool_]) -> Guard | None:
        guard = self._guard
        if guard is None or allowed[guard.fallback]:
            return guard
        return replace(guard, fallback=fallback_among(guard.fallback, self._score, allowed))

    def _decide_one(self, found: Predictions, point: str, rule: decide.Rule, excluded: Mapping[str, str]) -> Decision:
        p_success, p_label = found.p_success[0].tolist(), found.p_label[0].tolist()
        near = None if found.similarity is None else float(found.similarity[0])
        allowed, guard = self._everything, self._guard
        if excluded:
            allowed = [model not in excluded for model in self.models]
            guard = self._guard_among(np.array(allowed))
        choice = choose_one(rule, p_success, p_label, self._relative, self._anchor, allowed, guard, near)
        labels, models = self.manifest.labels, self.models
        return Decision(
            model=models[choice.chosen],
            label=labels[p_label.index(max(p_label))],
            complexity=dict(zip(labels, p_label, strict=True)),
            p_success=dict(zip(models, p_success, strict=True)),
            utilities={m: u for m, u in zip(models, choice.utility, strict=True) if m not in excluded},
            operating_point=point,
            lam=rule.lam,
            estimated_cost_usd=self.manifest.models[choice.chosen].mean_cost_usd,
            excluded=dict(excluded),
            margin=choice.margin if choice.margin < math.inf else None,
            boundary=choice.margin < self.manifest.boundary_margin,
            similarity=near,
            unfamiliar=choice.unfamiliar,
            reason=choice.reason,
            router=self._name,
        )
