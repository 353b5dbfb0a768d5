"""The boundary prompts that it does worst on, with the decision explained."""

from __future__ import annotations

import math

from pointsman.text import sanitise
from pointsman_train.evaluate.detail import Detail, NearPrompt, WorstPrompt
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.label.labels import ALL_FAIL
from pointsman_train.report.parts import Fold, Part, Prompt, Section, Text
from pointsman_train.report.words import DOLLARS
from pointsman_train.report.written import number

_OPEN = 5
_NO_TEXT = "(the text is left out: excerpts are switched off)"


def section(evaluation: Evaluation, detail: Detail) -> Section | None:
    """Make the chapter; None where no boundary prompt was routed to a wrong model, or none was looked for."""
    if not detail.worst:
        return None
    models = evaluation.testset.models
    lead = Text(
        "Prompts that need a step up and went to a model that fails, or to a dearer one than needed, the largest loss "
        f"first. {_how(detail)}"
    )
    shown = [_prompt(place, worst, models) for place, worst in enumerate(detail.worst, start=1)]
    notes = [Text(note) for note in dict.fromkeys(_notes(detail))]
    parts: list[Part] = [lead, *notes, *shown[:_OPEN]]
    if shown[_OPEN:]:
        parts.append(Fold(f"{len(shown) - _OPEN} more", tuple(shown[_OPEN:])))
    return Section("worst", "Worst boundary prompts", tuple(parts))


def _how(detail: Detail) -> str:
    """Say how to read what explains a decision, where anything does."""
    said = []
    if any(one.reasons for one in detail.worst):
        said.append(
            "Reasons are what each feature adds to the chosen model's log-odds of success above the right model's"
        )
        said.append(
            "; they add up to the difference. "
            if detail.reasons_exact
            else ", by putting it to its median on the training prompts. "
        )
    if any(one.neighbours for one in detail.worst):
        said.append("Near training prompts say what the router knew of such prompts.")
    return "".join(said)


def _notes(detail: Detail) -> list[str]:
    found = [detail.notes[name] for name in ("reasons", "neighbours") if name in detail.notes]
    return [f"{note[:1].upper()}{note[1:]}." for note in found]


def _prompt(place: int, worst: WorstPrompt, models: tuple[str, ...]) -> Prompt:
    case = worst.case
    chosen, label = models[case.chosen], models[case.label]
    facts = [("prompt", f"{worst.prompt_id}{f', from {worst.source}' if worst.source else ''}")]
    facts.append(("lost", f"score {case.score_lost:.2f}, {number(case.cost_lost_usd, DOLLARS, True)} per 1,000 such"))
    chances = (f"{model} {100 * p:.0f} %" for model, p in zip(models, case.p_success, strict=True))
    facts.append(("probability of success", ", ".join(chances)))
    if case.margin is not None:
        # Infinite where the guard decided, and no probability could have changed it.
        facts.append(("margin", f"{case.margin:.3f}" if math.isfinite(case.margin) else "none: the guard decided"))
    if worst.reasons:
        facts.append(("reasons", ", ".join(f"{reason.name} {reason.value:+.2f}" for reason in worst.reasons)))
    facts += [(f"near training prompt {k}", _near(near, models)) for k, near in enumerate(worst.neighbours, start=1)]
    text = sanitise(worst.excerpt) or _NO_TEXT
    return Prompt(f"{place}. Went to {chosen}; the cheapest that succeeds is {label}", text, tuple(facts))


def _near(near: NearPrompt, models: tuple[str, ...]) -> str:
    names = {**dict(enumerate(models)), len(models): ALL_FAIL}
    label = names.get(near.label, "unknown")
    source = f", from {near.source}" if near.source else ""
    text = f": {sanitise(near.excerpt)}" if near.excerpt else ""
    return f"similarity {near.similarity:.2f}, label {label}{source}{text}"
