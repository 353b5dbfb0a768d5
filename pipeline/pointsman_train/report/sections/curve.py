"""The cost-quality curve with everything that a router has to beat."""

from __future__ import annotations

from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.plots import draw_cost_quality
from pointsman_train.report import words, written
from pointsman_train.report.parts import Plot, Section, Table, Text, cells
from pointsman_train.report.svg import inline

_COLUMNS = ("hull_gain", "quality", "cost_usd", "quality_gain", "cost_saving", "under_routing_rate")


def section(evaluation: Evaluation) -> Section:
    """Make the chapter."""
    models = evaluation.testset.models
    best = models[evaluation.testset.best_single]
    alt = (
        "Mean score against mean cost. The router's curve, its operating points, each single model, the random mix "
        f"of single models and both oracles. HG of the router is {evaluation.figures['hull_gain']}."
    )
    svg = inline(
        "cost-quality", alt, lambda figure: draw_cost_quality(figure, evaluation), (4.8, 3.7 + 0.1 * len(models))
    )
    caption = (
        "Up and to the left is better. Below the dashed line a router is worse than mixing single models at random. "
        "The curve is the probabilities alone; the operating points are as served, guard included."
    )
    lead = Text(
        f"The best single model by its training score is {best}. The source oracle knows each source's success rates "
        "on these very prompts; the oracle knows every outcome. Neither can be had, both say how much there is to gain."
    )
    return Section("curve", "Cost and quality", (lead, Plot(svg, caption), _table(evaluation)))


def _table(evaluation: Evaluation) -> Table:
    rivals = {name.replace("_", " "): figures for name, figures in evaluation.baseline_figures.items()}
    rows = tuple(
        cells(name, *(written.cell(column, figures.get(column)) for column in _COLUMNS))
        for name, figures in {"router": evaluation.figures, **rivals}.items()
    )
    head = ("", *(words.words_of(column).label for column in _COLUMNS))
    return Table("The router and the baselines, on the same prompts and resamples", head, rows)
