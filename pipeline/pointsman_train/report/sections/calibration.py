"""Whether probabilities mean what they say, model by model and slice by slice."""

from __future__ import annotations

from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.plots import draw_reliability
from pointsman_train.report import words, written
from pointsman_train.report.parts import Fold, Part, Plot, Section, Table, Text, cells, present
from pointsman_train.report.sections.slices import TITLES, slice_table
from pointsman_train.report.svg import inline

_FIGURES = ("auc", "brier", "log_loss", "ece")


def section(evaluation: Evaluation, detail: Detail | None) -> Section | None:
    """Make the chapter; None for a router without probabilities."""
    if evaluation.router.p_success is None:
        return None
    models = evaluation.testset.models
    rows = -(-len(models) // (2 if len(models) <= 4 else 3))
    size = (5.4, 0.6 + 2.0 * rows)
    alt = (
        f"Reliability curves of {len(models)} models: observed share of successes against predicted probability in "
        f"bins of equal mass. The mean calibration error is {evaluation.figures['ece']}."
    )
    svg = inline("reliability", alt, lambda figure: draw_reliability(figure, evaluation), size)
    caption = (
        "On the dotted line, of the prompts given 70 % seven in ten succeed. Bars are 95 % binomial intervals, which "
        "take prompts as independent."
    )
    parts: list[Part | None] = [
        Text("The decision weighs probabilities against prices, so they have to be right and not only well ordered."),
        Plot(svg, caption),
        _by_model(evaluation),
        None if detail is None else _by_slice(detail, models),
    ]
    return Section("calibration", "Calibration", present(parts))


def _by_model(evaluation: Evaluation) -> Table:
    figures = evaluation.figures
    mean = cells(
        "mean", *(written.cell(name, figures.get("auc_macro" if name == "auc" else name)) for name in _FIGURES)
    )
    rows = [
        cells(model, *(written.cell(f"{name}_rung_{rung}", figures.get(f"{name}_rung_{rung}")) for name in _FIGURES))
        for rung, model in enumerate(evaluation.testset.models)
    ]
    head = ("model", *(words.words_of(name).label for name in _FIGURES))
    return Table("Each model's probability of success", head, (*rows, mean))


def _by_slice(detail: Detail, models: tuple[str, ...]) -> Fold | None:
    names = ("brier", "overconfidence")
    tables = [slice_table(title, by, detail.slices, names) for by, title in TITLES.items()]
    found = present(tables)
    return Fold("Calibration by slice", found) if found else None
