"""The model card of an exported router."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pointsman.manifest import Manifest, OperatingPoint
from pointsman_train.evaluate.bootstrap import Estimate
from pointsman_train.evaluate.detail import Detail
from pointsman_train.evaluate.stage import Evaluation
from pointsman_train.train.targets import GUARANTEE

HEADLINE = (
    "boundary_accuracy",
    "boundary_accuracy_half_cost",
    "score_boundary_accuracy",
    "boundary_label_accuracy",
    "under_routing_rate",
    "over_routing_rate",
    "hull_gain",
    "cs90",
    "label_accuracy",
    "auc_macro",
    "ece",
    "unfamiliar_share",
)

RULE_WORDS = {
    "utility": "the model whose probability of success, less the price of its cost and the caution's share of the "
    "chance that a dearer model is needed, is the largest",
    "threshold": "the cheapest model whose probability of success reaches the operating point's threshold, or, where "
    "none does, the model whose probability less the price of its cost is the largest",
    "conservative": "the best single model, or another where its probability of success, less the same two prices, "
    "leads the best single model's by more than the operating point's hold",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table.

    Examples
    --------
    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [head, ["---"] * len(head), *rows]
    out = [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
    out[1] = out[1].replace(" ", "")
    return "\n".join(out)


def model_card(manifest: Manifest, evaluation: Evaluation, detail: Detail | None = None) -> str:
    """Write the card: what it decides, how well on held-out prompts, from which data, and its limits."""
    rule = manifest.operating_points[manifest.default_operating_point].rule
    parts = [
        f"# {manifest.name} {manifest.version}",
        f"A router over {len(manifest.models)} models, made by pointsman on {manifest.created}. It reads a prompt "
        f"and names {RULE_WORDS[rule]}.",
        "```python\nfrom pointsman import Router\n\n"
        'router = Router.load("this folder")\nprint(router.route("your prompt").model)\n```',
        "## Ladder",
        _ladder(manifest),
        "## Operating points",
        "Fitted on prompts that the heads had not seen; figures on the test split, with 95 % intervals.",
        _points(manifest, evaluation.point_figures),
        *_guarantee(manifest),
        "## Figures on the test split",
        _figures(evaluation),
        *([] if detail is None else _beyond(detail)),
        "## Data",
        _data(manifest.data),
        "## Limits",
        "It knows prompts like those it was trained on. On other kinds of prompts its probabilities can be wrong "
        f"without showing it. {_guard(manifest, evaluation)}",
        "Prompts are never stored in this folder, but the vocabulary in router.onnx "
        "holds words that occurred in at least a few training prompts.",
    ]
    return "\n\n".join(parts) + "\n"


def _guarantee(manifest: Manifest) -> list[str]:
    """Say what a guaranteed operating point promises and when, where there is one."""
    names = [name for name, point in manifest.operating_points.items() if GUARANTEE in point.target]
    if not names:
        return []
    return [
        f"The rate of {', '.join(names)} is kept by conformal risk control. That is a promise of the mean over many "
        "draws of training prompts and next prompts; the next thousand prompts may be above it. It assumes that "
        "training prompts and next prompts come from one source in any order, by groups of near-duplicates: on other "
        "kinds of prompts nothing is promised. One fixed router is assumed too, and the rate was told from "
        "out-of-fold predictions, of routers fitted on a part of the same prompts."
    ]


def _beyond(detail: Detail) -> list[str]:
    """Say how much of its figures is knowing the source, and how steady its choice is."""
    parts = []
    if detail.left_out is not None:
        left = detail.left_out
        rows = [[name, str(left.random[name]), str(left.figures[name]), str(gap)] for name, gap in left.gap.items()]
        share = "" if left.guard_share is None else f" There its guard fires on a share of {left.guard_share}."
        parts += [
            "## With sources left out",
            f"The same {left.prompts} test prompts, each judged by a router that was trained anew without any prompt "
            f"of its source. What is lost is what knowing the source was worth.{share}",
            table(["figure", "as trained", "sources left out", "gap"], rows),
        ]
    if detail.probe is not None:
        parts.append(detail.probe.verdict)
    if "all" in detail.robustness:
        parts.append(
            "Under noise that keeps the meaning (case, white space, typos, a polite prefix, an irrelevant suffix) it "
            f"names the same model on a share of {detail.robustness['all']}."
        )
    return parts


def _guard(manifest: Manifest, evaluation: Evaluation) -> str:
    guard = manifest.guard
    if guard is None:
        return "It has no guard against that: every prompt is decided by its probabilities."
    share = evaluation.figures["unfamiliar_share"]
    return (
        f"Its guard sends a prompt whose similarity to the training prompts is below {guard.threshold:.4g} to "
        f"{guard.fallback}. On the test split that was a share of {share}."
    )


def _ladder(manifest: Manifest) -> str:
    rows = [
        [
            m.name,
            f"{m.mean_cost_usd:.3g}",
            f"{m.success_rate:.3f}",
            "best single" if m.name == manifest.best_single else "",
        ]
        for m in manifest.models
    ]
    return table(["model", f"mean cost in USD ({manifest.cost_basis})", "success rate in training", ""], rows)


def _points(manifest: Manifest, figures: Mapping[str, Mapping[str, Estimate]]) -> str:
    rows = [
        [
            f"{name} (default)" if name == manifest.default_operating_point else name,
            point.target,
            _setting(point),
            str(figures[name]["quality"]),
            str(figures[name]["cost_saving"]),
            str(figures[name]["under_routing_rate"]),
        ]
        for name, point in manifest.operating_points.items()
    ]
    return table(
        ["name", "fitted to", "setting", "mean score", "cost saved against the best single", "under-routing"],
        rows,
    )


def _setting(point: OperatingPoint) -> str:
    """Write what the rule reads.

    Examples
    --------
    >>> _setting(OperatingPoint(0.25, "conservative", 0.0, 0.0625, 0.5, "", {}))
    'lambda 0.25, hold 0.0625, caution 0.5'
    """
    threshold, hold = f", threshold {point.threshold:.4g}", f", hold {point.hold:.4g}"
    caution = f", caution {point.caution:.4g}" if point.caution else ""
    more = {"utility": caution, "threshold": threshold, "conservative": hold + caution}
    return f"lambda {point.lam:.4g}{more[point.rule]}"


def _figures(evaluation: Evaluation) -> str:
    rows = [[name, str(evaluation.figures[name])] for name in HEADLINE if name in evaluation.figures]
    rivals = [
        [f"hull_gain of {name}", str(figures["hull_gain"])] for name, figures in evaluation.baseline_figures.items()
    ]
    return f"{len(evaluation.testset)} prompts.\n\n" + table(["figure", "value"], rows + rivals)


def _data(data: Mapping[str, object]) -> str:
    return "\n".join(f"- {name.replace('_', ' ')}: {_plain(value)}" for name, value in data.items())


def _plain(value: object) -> str:
    """Write a count, a name, a list or counts by name as a reader would."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(item) for item in value)
    return str(value)
