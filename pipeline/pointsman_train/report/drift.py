"""The report of prompts without outcomes: whether they have drifted, in what, and where they would go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from pointsman_train.evaluate.drift import FALSE_ALARMS, ColumnDrift
from pointsman_train.evaluate.traffic import Traffic
from pointsman_train.report import words, written
from pointsman_train.report.about import About
from pointsman_train.report.page import write_page
from pointsman_train.report.parts import BAD, GOOD, Bar, Cell, Fold, Page, Plot, Section, Table, Text, cells
from pointsman_train.report.svg import inline

_SHOWN, _DRAWN = 15, 6


def write_drift_report(traffic: Traffic, path: Path, about: About) -> Path:
    """Write what fresh prompts tell as one HTML file that asks for nothing from outside; returns the path."""
    return write_page(drift_page(traffic, about), path)


def drift_page(traffic: Traffic, about: About) -> Page:
    """Put the chapters together: what drifted, where the prompts go, every column."""
    drift = traffic.drift
    blank = f"; {traffic.left_out:,} more are null or blank" if traffic.left_out else ""
    facts = (
        f"{drift.prompts:,} prompts without outcomes, worth {drift.effective:,.0f} independent ones{blank}",
        f"compared with the training prompts of {about.name} in {len(drift.columns)} columns: features, probabilities "
        "and choices",
    )
    return Page(
        title=f"Drift: {about.name}",
        facts=facts,
        verdict=(drift.verdict,),
        tone=BAD if drift.drifted else GOOD,
        cards=(),
        sections=(_columns(traffic), _mix(traffic), _every(traffic)),
    )


def _columns(traffic: Traffic) -> Section:
    drift = traffic.drift
    lead = Text(
        "PSI, the population stability index, compares shares in the bins of the training prompts; 0 is the same. "
        f"A column has drifted above its threshold, which prompts of the same kind exceed in {FALSE_ALARMS:.0%} of "
        "cases in any column at all."
    )
    shown, drawn = drift.columns[:_SHOWN], drift.columns[:_DRAWN]
    alt = "Shares of the training prompts and of these prompts by bin of " + ", ".join(one.name for one in drawn) + "."
    svg = inline("columns", alt, lambda figure: _draw(figure, drawn, traffic), (5.4, 4.6))
    caption = "Shares in the bins of the training prompts (grey) and of these (orange), the most drifted columns first."
    table = _table(f"The {len(shown)} most drifted of {len(drift.columns)} columns", shown)
    return Section("columns", "What has drifted", (lead, Plot(svg, caption), table))


def _mix(traffic: Traffic) -> Section:
    rows = tuple(
        cells(
            model,
            Cell(written.number(share.training, words.SHARE), number=True),
            written.cell("dearest_share", share.arriving, (0.0, 1.0)),
        )
        for model, share in traffic.mix.items()
    )
    table = Table("Share that each model gets at the default operating point", ("model", "training", "now"), rows)
    guard = traffic.unfamiliar
    text = (
        "The router has no guard against unfamiliar prompts."
        if guard is None
        else f"The guard fires on {written.both('unfamiliar_share', guard)} of these prompts."
    )
    return Section("mix", "Where they would go", (table, Text(text)))


def _every(traffic: Traffic) -> Section:
    columns = traffic.drift.columns
    return Section("every", "Every column", (Fold(f"All {len(columns)}", (_table("Every column", columns),)),))


def _table(caption: str, columns: tuple[ColumnDrift, ...]) -> Table:
    rows = tuple(
        cells(
            one.name,
            Cell(f"{one.psi:.3f}", number=True, bar=_bar(one)),
            Cell(f"{one.threshold:.3f}", number=True),
            Cell("drifted" if one.drifted else "as before", BAD if one.drifted else ""),
        )
        for one in columns
    )
    return Table(caption, ("column", "PSI", "threshold", "it has"), rows)


def _bar(one: ColumnDrift) -> Bar:
    """Draw the index from 0 to twice its threshold, which is the line."""
    place = 50 * min(2.0, one.psi / one.threshold) if one.threshold else 100.0
    return Bar(0.0, place, place, 50.0)


def _draw(figure: Figure, columns: tuple[ColumnDrift, ...], traffic: Traffic) -> None:
    panels = figure.subplots(-(-len(columns) // 2), 2, squeeze=False)
    for axes in panels.flat[len(columns) :]:
        axes.set_visible(False)
    for axes, one in zip(panels.flat, columns, strict=False):
        training, arriving = traffic.shares[one.name]
        bins = np.arange(len(training))
        axes.bar(bins - 0.2, training, 0.4, color="tab:gray")
        axes.bar(bins + 0.2, arriving, 0.4, color="tab:orange")
        axes.set_title(one.name, fontsize=7)
        axes.set_xticks([])
        axes.tick_params(labelsize=7)
