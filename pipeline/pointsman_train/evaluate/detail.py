"""Where a router's figures come from: slices, worst prompts, source probe, robustness, and sources left out.

The figures on all test prompts are an :class:`~pointsman_train.evaluate.stage.Evaluation`; a :class:`Detail` stands
beside it. A part that was switched off, or that the data do not allow, is empty or None, and ``notes`` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.figures import flatten
from pointsman_train.evaluate.slices import Slice
from pointsman_train.evaluate.source_probe import SourceProbe
from pointsman_train.evaluate.worst import Case, Reason

# What of a slice goes to metrics.json and MLflow; its tables have every figure.
SLICE_FIGURES = (
    "boundary_accuracy",
    "under_routing_rate",
    "over_routing_rate",
    "boundary_label_accuracy",
    "score_lost",
    "cost_lost_usd",
)

# Figures whose gap between the random split and sources left out is a headline.
GAPS = ("boundary_accuracy", "hull_gain", "auc_macro")


@dataclass(frozen=True, slots=True)
class NearPrompt:
    """A training prompt near to a case.

    Attributes
    ----------
    excerpt
        Its beginning; "" where excerpts are switched off.
    source
        Where it comes from, "" where unknown.
    label
        Its rung, the number of models for all-fail, -1 where unknown.
    similarity
        Cosine of the two prompts' features, in [-1, 1].
    """

    excerpt: str
    source: str
    label: int
    similarity: float


@dataclass(frozen=True, slots=True)
class WorstPrompt:
    """A boundary prompt that was routed to the wrong model, with the decision explained.

    Attributes
    ----------
    case
        What was chosen, what was right, and what it lost. ``case.row`` is its row of ``Evaluation.testset``.
    prompt_id, source, excerpt
        Of the prompt; the excerpt is its beginning, "" where excerpts are switched off.
    reasons
        What spoke for the chosen model and against the label's, the largest first; empty where the router was
        loaded from a bundle, which does not carry its boosters.
    neighbours
        The nearest training prompts, the nearest first; empty where the training prompts are not at hand.
    """

    case: Case
    prompt_id: str
    source: str
    excerpt: str
    reasons: tuple[Reason, ...]
    neighbours: tuple[NearPrompt, ...]


@dataclass(frozen=True, slots=True)
class LeftOutFold:
    """One fold of sources that were left out together.

    Attributes
    ----------
    sources
        Their names.
    prompts
        How many were judged.
    figures
        By the names of ``Evaluation.figures``.
    """

    sources: tuple[str, ...]
    prompts: int
    figures: Mapping[str, Estimate]

    @property
    def name(self) -> str:
        """Name the sources, as many as fit in a line.

        Examples
        --------
        >>> LeftOutFold(("code", "logic"), 3, {}).name, LeftOutFold(tuple("abcdef"), 9, {}).name
        ('code, logic', 'a, b, c, d and 2 more')
        """
        shown, more = self.sources[:4], len(self.sources) - 4
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The second split: every test prompt judged by a router that saw no prompt of its source.

    The recipe is trained anew for each fold of sources, on the training prompts of the other sources, and judged on
    the test prompts of these. So the two splits are judged on the same prompts, and their differences are paired.

    Attributes
    ----------
    figures
        With sources left out, by the names of ``Evaluation.figures``.
    random
        Of the router itself, on the same prompts.
    gap
        ``random`` less ``figures``, paired, for each of :data:`GAPS`: what knowing the source is worth.
    per_source
        By source, its figures with it left out: ``quality``, ``cost_usd``, ``under_routing_rate``,
        ``over_routing_rate`` and ``boundary_accuracy``; and ``<figure>_gap``, the router's own less these, paired.
        Without an interval where they rest on too few prompts.
    guard_share
        Share of the prompts on which the guard fires when their source is left out; None where there is no guard.
    prompts
        How many were judged.
    folds
        In the order in which they were trained.
    not_measured
        By source, why it could not be left out.
    note
        What stands beside the figures, "" where nothing does.
    """

    figures: Mapping[str, Estimate]
    random: Mapping[str, Estimate]
    gap: Mapping[str, Estimate]
    per_source: Mapping[str, Mapping[str, Estimate]]
    guard_share: Estimate | None
    prompts: int
    folds: tuple[LeftOutFold, ...]
    not_measured: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """What an evaluation carries beside its figures.

    Attributes
    ----------
    slices
        In the order of :func:`~pointsman_train.evaluate.slicing.slicings`: by label (rung), source, length, language,
        margin. Each carries its own calibration: ``brier``, ``overconfidence`` and ``overconfidence_rung_<k>``. That
        of each model on all prompts is in ``Evaluation.figures``: ``ece_rung_<k>``, ``brier_rung_<k>``.
    worst
        Boundary prompts by loss, the largest first.
    reasons_exact
        Whether the reasons of ``worst`` add up to the log-odds, or are by occlusion.
    probe
        How well the features alone tell the source.
    robustness
        Share of choices that stay the same, by kind of noise, and ``"all"`` for the mean over kinds.
    left_out
        The second split.
    notes
        Why a part is absent, or rests on less than all prompts, by its name here.
    """

    slices: tuple[Slice, ...] = ()
    worst: tuple[WorstPrompt, ...] = ()
    reasons_exact: bool = False
    probe: SourceProbe | None = None
    robustness: Mapping[str, Estimate] = field(default_factory=dict)
    left_out: LeftOut | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    def metrics(self) -> dict[str, float]:
        """Return what goes to ``metrics.json`` and MLflow, under flat names; undefined is NaN.

        ``slice/<by>/<name>/<figure>``, ``source_probe/<figure>``, ``robustness/<kind>``, ``left_out/<figure>``,
        ``left_out_gap/<figure>`` and ``left_out/source/<source>/<figure>``, each with ``_low`` and ``_high``.
        """
        flat = flatten("robustness", self.robustness)
        for part in self.slices:
            at = f"slice/{part.by}/{part.name}"
            flat |= flatten(at, {name: part.figures[name] for name in SLICE_FIGURES if name in part.figures})
            flat[f"{at}/prompts"] = float(part.prompts)
        return flat | _probe_metrics(self.probe) | _left_out_metrics(self.left_out)


def _probe_metrics(probe: SourceProbe | None) -> dict[str, float]:
    if probe is None:
        return {}
    figures = {name: getattr(probe, name) for name in ("accuracy", "balanced_accuracy", "majority_share", "recovered")}
    return flatten("source_probe", figures) | {"source_probe/sources": float(probe.sources)}


def _left_out_metrics(left_out: LeftOut | None) -> dict[str, float]:
    if left_out is None:
        return {}
    flat = flatten("left_out", left_out.figures) | flatten("left_out_gap", left_out.gap)
    if left_out.guard_share is not None:
        flat |= flatten("left_out", {"guard_share": left_out.guard_share})
    for source, figures in left_out.per_source.items():
        flat |= flatten(f"left_out/source/{source}", figures)
    return flat | {"left_out/prompts": float(left_out.prompts)}
