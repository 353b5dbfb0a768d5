"""The router: load an exported bundle, route prompts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman import decide
from pointsman.bundle import load_bundle
from pointsman.decision import Decision
from pointsman.errors import NoCandidateError, PromptError, UnknownModelError, UnknownOperatingPointError
from pointsman.graph import Graph, Predictions
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
        self.models: tuple[str, ...] = tuple(model.name for model in manifest.models)
        self._anchor = self.models.index(manifest.best_single)

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
        return f"{self.manifest.name}/{self.manifest.version}"

    @property
    def guard(self) -> decide.Guard | None:
        """When a prompt is unfamiliar and which model it then goes to; None where the router has no guard."""
        guard = self.manifest.guard
        return None if guard is None else decide.Guard(guard.threshold, self.models.index(guard.fallback))

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
        return self.route_many([prompt], models=models, operating_point=operating_point)[0]

    def route_many(
        self,
        prompts: Sequence[Prompt],
        *,
        models: Sequence[str] | None = None,
        operating_point: str | None = None,
    ) -> list[Decision]:
        """Choose a model for each of several prompts in one run of the graph; see :meth:`route`."""
        excluded = self._exclusions(models)
        point = self.manifest.default_operating_point if operating_point is None else operating_point
        rule = self._rule(point)
        predictions = self.predict(prompts)
        allowed = np.array([model not in excluded for model in self.models])
        choices = decide.choose_by(rule, predictions.p_success, self._cost, self._anchor, allowed)
        choices = decide.guarded(choices, self._guard_among(allowed), predictions.similarity)
        return [self._decision(predictions, choices, row, point, rule.lam, excluded) for row in range(len(prompts))]

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
        points = self.manifest.operating_points
        if point not in list(points):
            raise UnknownOperatingPointError(f"{self.name} has the operating points {list(points)!r}, not {point!r}")
        return points[point].decision_rule

    def _guard_among(self, allowed: NDArray[np.bool_]) -> decide.Guard | None:
        guard = self.guard
        if guard is None:
            return None
        return replace(guard, fallback=decide.fallback_among(guard.fallback, self._score, allowed))

    def _decision(
        self,
        predictions: Predictions,
        choices: decide.Choices,
        row: int,
        point: str,
        lam: float,
        excluded: Mapping[str, str],
    ) -> Decision:
        p_success, p_label, near = predictions.p_success[row], predictions.p_label[row], predictions.similarity
        utility = decide.utilities(p_success, self._cost, lam)
        chosen, lead = int(choices.chosen[row]), float(choices.margin[row])
        open_to = [(m, model) for m, model in enumerate(self.models) if model not in excluded]
        return Decision(
            model=self.models[chosen],
            label=self.manifest.labels[int(np.argmax(p_label))],
            complexity=dict(zip(self.manifest.labels, p_label.tolist(), strict=True)),
            p_success=dict(zip(self.models, p_success.tolist(), strict=True)),
            utilities={model: float(utility[m]) for m, model in open_to},
            operating_point=point,
            lam=lam,
            estimated_cost_usd=float(self._cost[chosen]),
            excluded=dict(excluded),
            margin=lead if np.isfinite(lead) else None,
            boundary=lead < self.manifest.boundary_margin,
            similarity=None if near is None else float(near[row]),
            unfamiliar=bool(choices.unfamiliar[row]),
            reason=decide.REASONS[int(choices.reason[row])],
            router=self.name,
        )
