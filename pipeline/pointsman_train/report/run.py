"""The report of one run."""

from __future__ import annotations

from pathlib import Path

from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.report.about import About
from pointsman_train.report.page import write_page
from pointsman_train.report.parts import Page, Section
from pointsman_train.report.sections import (
    boundary,
    calibration,
    curve,
    headline,
    left_out,
    points,
    robustness,
    slices,
    splits,
    worst,
)


def write_run_report(evaluation: Evaluation, detail: Detail | None, path: Path, about: About) -> Path:
    """Write what was found out about a router as one HTML file that asks for nothing from outside.

    Parameters
    ----------
    evaluation
        Every figure with its interval.
    detail
        Slices, worst prompts and what else stands beside it; None leaves those chapters out.
    path
        Of the file.
    about
        The router's name, what its operating points promise, and its data.

    Returns
    -------
    The path.
    """
    return write_page(run_page(evaluation, detail, about), path)


def run_page(evaluation: Evaluation, detail: Detail | None, about: About) -> Page:
    """Put the chapters together, boundary prompts first."""
    chapters: list[Section | None] = [
        boundary.section(evaluation, detail),
        curve.section(evaluation),
        points.section(evaluation, about),
        None if detail is None else worst.section(evaluation, detail),
        None if detail is None else slices.section(detail),
        calibration.section(evaluation, detail),
        None if detail is None else splits.section(detail),
        robustness.section(evaluation, detail),
        left_out.section(evaluation, detail, about),
    ]
    testset = evaluation.testset
    facts = (
        f"{len(testset):,} prompts that were judged, {len(testset.models)} models: {', '.join(testset.models)}",
        "95 % intervals from paired bootstrap resamples of whole groups of near-duplicates, binomial near 0 and 1",
        *(f"WARNING: {warning}" for warning in about.warnings),
    )
    return Page(
        title=f"Router {about.name}",
        facts=facts,
        verdict=headline.verdict(evaluation, detail, about),
        tone=headline.tone(evaluation),
        cards=headline.cards(evaluation, detail),
        sections=tuple(chapter for chapter in chapters if chapter is not None),
    )
