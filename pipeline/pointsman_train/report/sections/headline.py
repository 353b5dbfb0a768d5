"""The first screen: a verdict in plain words and the headline numbers, boundary accuracy first."""

from __future__ import annotations

import math

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.report import words, written
from pointsman_train.report.about import About
from pointsman_train.report.parts import BAD, GOOD, UNSURE, Card

CARDS = (
    *words.FIRST,
    "quality_gain",
    "cost_saving",
)
# Those whose 0 means "no better than doing without".
_AGAINST_ZERO = ("hull_gain", "cs90", "quality_gain", "cost_saving")


def verdict(evaluation: Evaluation, detail: Detail | None, about: About) -> tuple[str, ...]:
    """Say what the figures mean, and which of it may be luck."""
    said = (_worth(evaluation.figures["hull_gain"]), _served(evaluation, about), _boundary(evaluation))
    left_out = None if detail is None else detail.left_out
    return said if left_out is None else (*said, _elsewhere(left_out.figures["hull_gain"]))


def tone(evaluation: Evaluation) -> str:
    """Say whether the router is shown to beat a random mix of single models, shown not to, or neither."""
    return written.tone_of("hull_gain", evaluation.figures["hull_gain"])


def cards(evaluation: Evaluation, detail: Detail | None) -> tuple[Card, ...]:
    """Make the headline numbers; with sources left out, and under noise, where that was measured."""
    found = [_card(name, evaluation.figures[name]) for name in CARDS if name in evaluation.figures]
    if detail is not None and detail.left_out is not None:
        found += [_gap_card(name, gap) for name, gap in detail.left_out.gap.items() if name == "hull_gain"]
    if detail is not None and "all" in detail.robustness:
        found.append(_card("robustness", detail.robustness["all"]))
    return tuple(found)


def _card(name: str, figure: Estimate) -> Card:
    said = words.words_of(name)
    tone = written.tone_of(name, figure) if name in _AGAINST_ZERO else ""
    signed = name == "quality_gain"
    return Card(
        said.label,
        written.value(name, figure, signed),
        written.interval(name, figure, signed),
        said.meaning,
        "" if tone == UNSURE else tone,
    )


def _gap_card(name: str, gap: Estimate) -> Card:
    meaning = (
        "How much less it is when every prompt is judged by a router that saw no prompt of its source. A large gap "
        "says that the router knows sources rather than difficulty."
    )
    label = f"{words.words_of(name).label}: gap to sources left out"
    tone = BAD if gap.low > 0 else ""
    return Card(label, written.value(name, gap, True), written.interval(name, gap, True), meaning, tone)


def _worth(gain: Estimate) -> str:
    if math.isnan(gain.low):
        return "Whether the router beats mixing single models at random cannot be told from these prompts."
    part = f"HG {gain}, where 0 is a random mix of single models and 1 an oracle"
    if gain.low > 0:
        return f"The router beats mixing single models at random ({part})."
    if gain.high < 0:
        return f"The router does harm: mixing single models at random is better ({part})."
    return f"The router cannot be told from mixing single models at random ({part})."


def _elsewhere(gain: Estimate) -> str:
    words_for = {
        GOOD: "it still beats a random mix",
        BAD: "it is worse than a random mix",
        UNSURE: "it cannot be told from a random mix",
    }
    return (
        f"On prompts of a source that it saw nothing of, {words_for[written.tone_of('hull_gain', gain)]} (HG {gain})."
    )


def _served(evaluation: Evaluation, about: About) -> str:
    figures, testset = evaluation.figures, evaluation.testset
    gain = figures["quality_gain"]
    than = {GOOD: "more than", BAD: "less than", UNSURE: "not to be told from"}[written.tone_of("quality_gain", gain)]
    best = testset.mean(testset.score)[testset.best_single]
    return (
        f"As served at {about.default!r}, {len(testset):,} prompts score {figures['quality'].value:.3f} on average, "
        f"{than} the {best:.3f} of sending everything to {testset.models[testset.best_single]}, the best single model; "
        f"cost saved against it: {written.both('cost_saving', figures['cost_saving'])}."
    )


def _boundary(evaluation: Evaluation) -> str:
    figure = evaluation.figures["boundary_accuracy"]
    if math.isnan(figure.value):
        return "No prompt needs a step up, so boundary accuracy is undefined."
    return (
        f"Of {figure.n:,} prompts that the cheapest model fails and a dearer one gets right, "
        f"{written.both('boundary_accuracy', figure)} go to a model that succeeds."
    )
