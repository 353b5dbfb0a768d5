"""What :meth:`pointsman.Router.route` returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Names(NamedTuple):
    """What a router calls itself, its models and its labels."""

    router: str
    models: tuple[str, ...]
    labels: tuple[str, ...]


class Decision:
    """A routed prompt, with what the choice rests on. Made by :meth:`pointsman.Router.route`; it does not change.

    No dataclass, since a frozen one and its four dicts took a twentieth of a decision's time: names and numbers stay
    apart until somebody asks for them together.
    """

    __slots__ = (
        "_boundary",
        "_estimated_cost_usd",
        "_label",
        "_label_probability",
        "_lam",
        "_margin",
        "_model",
        "_names",
        "_operating_point",
        "_probability",
        "_reason",
        "_reasons",
        "_similarity",
        "_unfamiliar",
        "_utility",
    )

    def __init__(
        self,
        model: str,
        label: str,
        operating_point: str,
        lam: float,
        estimated_cost_usd: float,
        margin: float | None,
        boundary: bool,
        similarity: float | None,
        unfamiliar: bool,
        reason: str,
        names: Names,
        probability: Sequence[float],
        label_probability: Sequence[float],
        utility: Sequence[float],
        reasons: tuple[tuple[str, str], ...],
    ) -> None:
        self._model = model
        self._label = label
        self._operating_point = operating_point
        self._lam = lam
        self._estimated_cost_usd = estimated_cost_usd
        self._margin = margin
        self._boundary = boundary
        self._similarity = similarity
        self._unfamiliar = unfamiliar
        self._reason = reason
        self._names = names
        self._probability = probability
        self._label_probability = label_probability
        self._utility = utility
        self._reasons = reasons

    @property
    def model(self) -> str:
        """The chosen model."""
        return self._model

    @property
    def label(self) -> str:
        """The most probable complexity: the cheapest model expected to succeed, or "all-fail"."""
        return self._label

    @property
    def operating_point(self) -> str:
        """The trade-off used."""
        return self._operating_point

    @property
    def lam(self) -> float:
        """Its price of cost."""
        return self._lam

    @property
    def estimated_cost_usd(self) -> float:
        """Mean cost of the chosen model's answers on the training prompts."""
        return self._estimated_cost_usd

    @property
    def margin(self) -> float | None:
        """The least change of a probability that could change the choice.

        Under the utility rule that is the lead over the runner-up. None where no probability decided: one model was
        left, or the prompt is unfamiliar or blank.
        """
        return self._margin

    @property
    def boundary(self) -> bool:
        """Whether it is a close call: the margin is below the router's ``boundary_margin``."""
        return self._boundary

    @property
    def similarity(self) -> float | None:
        """How near the prompt is to the training prompts, higher is nearer; None where it is not measured."""
        return self._similarity

    @property
    def unfamiliar(self) -> bool:
        """Whether it is too far from the training prompts for its probabilities to be believed."""
        return self._unfamiliar

    @property
    def reason(self) -> str:
        """What decided.

        "utility" (the largest utility), "threshold" (the cheapest model that is likely enough to succeed), "held by the
        best single model" (another's lead in utility was too small to leave it), "unfamiliar prompt" (it went to the
        router's fallback), "no signal" (a blank one, which goes there too, or to the best single model) or "only
        candidate". Where a wish changed the choice, what it did comes after a semicolon: "raised to min_success", "no
        model reaches min_success", "stepped up at the boundary", "default at the boundary".
        """
        return self._reason

    @property
    def router(self) -> str:
        """Name and version, as ``name/version``."""
        return self._names.router

    @property
    def complexity(self) -> dict[str, float]:
        """Probability of each label."""
        return dict(zip(self._names.labels, self._label_probability, strict=True))

    @property
    def p_success(self) -> dict[str, float]:
        """Calibrated probability that each model of the ladder succeeds."""
        return dict(zip(self._names.models, self._probability, strict=True))

    @property
    def utilities(self) -> dict[str, float]:
        """What each model that was not excluded is worth.

        ``p_success - lam * cost / cost of the dearest - caution * risk``, where the risk is the chance that a dearer
        model is needed: the sum of ``complexity`` over the rungs above.
        """
        out = dict(self._reasons)
        return {model: u for model, u in zip(self._names.models, self._utility, strict=True) if model not in out}

    @property
    def excluded(self) -> dict[str, str]:
        """Why each model that could not be chosen was left out."""
        return dict(self._reasons)

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as plain dicts, strings and numbers, ready for JSON."""
        return {name: getattr(self, name) for name in _TOLD}

    def but(self, **changes: Any) -> Decision:
        """Return it with other values, by the names of the arguments that made it."""
        return Decision(**{name[1:]: getattr(self, name) for name in self.__slots__} | changes)

    def __repr__(self) -> str:
        """All that is in :meth:`to_dict`."""
        return f"Decision({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"

    def __eq__(self, other: object) -> bool:
        """Whether all that is in :meth:`to_dict` is the same."""
        return self.to_dict() == other.to_dict() if isinstance(other, Decision) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


_TOLD = (
    "model", "label", "complexity", "p_success", "utilities", "operating_point", "lam", "estimated_cost_usd",
    "excluded", "margin", "boundary", "similarity", "unfamiliar", "reason", "router",
)  # fmt: skip
