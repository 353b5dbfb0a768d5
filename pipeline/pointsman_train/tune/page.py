"""The page of a search: the verdict first, then the best trials, the course of the search and what mattered."""

from __future__ import annotations

import math

from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.report.parts import (
    GOOD,
    UNSURE,
    Bar,
    Cell,
    Fold,
    Page,
    Part,
    Plot,
    Section,
    Table,
    Text,
    cells,
)
from pointsman_train.report.svg import inline
from pointsman_train.tune.plots import draw_history, draw_importance
from pointsman_train.tune.trials import COMPLETE, Found, Trial

_SHOWN = 10


def tune_page(found: Found, verdict: str, use: str) -> Page:
    """Put the chapters together."""
    facts = (
        f"{len(found.trials)} trials, {len(found.complete)} of them judged on all folds",
        f"{found.metric.replace('_', ' ')} out of fold on {found.prompts:,} training prompts, and no test prompt",
    )
    return Page(
        title="Search over settings",
        facts=facts,
        verdict=(verdict, f"Train with the best: {use}"),
        tone=GOOD if found.clear else UNSURE,
        cards=(),
        sections=(_best(found), _course(found), *_importance(found)),
    )


def _best(found: Found) -> Section:
    shown = found.complete[:_SHOWN]
    shown += [] if found.default in shown else [found.default]
    gains = [found.gain(trial) for trial in shown]
    size = max((abs(end) for gain in gains for end in (gain.low, gain.high) if not math.isnan(end)), default=0.0)
    names = list(found.default.settings)
    # With spaces for dots a long name breaks into lines.
    titles = (name.removeprefix("train.").replace(".", " ") for name in names)
    head = ("trial", found.metric.replace("_", " "), "better than the settings as they are by, 95 % interval", *titles)
    rows = tuple(_row(trial, gain, size, names) for trial, gain in zip(shown, gains, strict=True))
    lead = Text(
        "Each interval is that of the paired difference on the same prompts and resamples. It does not know that its "
        "trial was picked as one of the best; the interval in the verdict does."
    )
    return Section("best", "The best trials", (lead, Table("The best, and the settings as they are", head, rows)))


def _row(trial: Trial, gain: Estimate, size: float, names: list[str]) -> tuple[Cell, ...]:
    number = f"{trial.number}, the settings as they are" if trial.default else f"{trial.number}"
    interval = "" if math.isnan(gain.low) else f" [{gain.low:+.4f}, {gain.high:+.4f}]"
    better = Cell("0") if trial.default else Cell(f"{gain.value:+.4f}{interval}", number=True, bar=_bar(gain, size))
    values = (trial.settings[name] for name in names)
    return cells(number, Cell(f"{trial.sought[0]:.4f}", number=True), better, *(_value(value) for value in values))


def _value(value: object) -> Cell:
    if value is None:
        return Cell("null")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return Cell(f"{value:.4g}" if isinstance(value, float) else str(value), number=number)


def _bar(gain: Estimate, size: float) -> Bar | None:
    """Draw the interval with 0 in the middle; all rows have one scale."""
    if math.isnan(gain.low) or size <= 0:
        return None
    low, high, value = (50 + 50 * max(-1.0, min(1.0, end / size)) for end in (gain.low, gain.high, gain.value))
    return Bar(low, high, value, 50.0)


def _course(found: Found) -> Section:
    alt = f"Value of each of {len(found.trials)} trials in their order, with the best so far."
    svg = inline("history", alt, lambda figure: draw_history(figure, found))
    parts: list[Part] = [Plot(svg, "Value of each trial; crosses were stopped, or cannot be trained.")]
    ended = [trial for trial in found.trials if trial.state != COMPLETE]
    if ended:
        rows = tuple(cells(f"{trial.number}", trial.state, trial.note) for trial in ended)
        parts.append(
            Fold(f"{len(ended)} without a value", (Table("Without a value", ("trial", "it was", "why"), rows),))
        )
    return Section("course", "The course of the search", tuple(parts))


def _importance(found: Found) -> tuple[Section, ...]:
    if not found.importance:
        return ()
    lead = Text(
        "Shares of the variance between trials by functional analysis of variance. Where trials differ by chance "
        "alone, these are shares of chance."
    )
    alt = "Importance of " + ", ".join(found.importance) + "."
    svg = inline("importance", alt, lambda figure: draw_importance(figure, found))
    return (Section("importance", "Which settings mattered", (lead, Plot(svg, "Importance of each setting."))),)
