"""What the figures are called in a report, and what they mean in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHARE, NUMBER, DOLLARS = "share", "number", "dollars"

# What a reader sees first, of a run as of a comparison: boundary prompts, then what the router is worth.
FIRST = (
    "boundary_accuracy",
    "score_boundary_accuracy",
    "boundary_accuracy_half_cost",
    "boundary_label_accuracy",
    "under_routing_rate",
    "over_routing_rate",
    "hull_gain",
    "cs90",
)


@dataclass(frozen=True, slots=True)
class Words:
    """How to speak of a figure: its label, its meaning in a sentence, and its unit."""

    label: str
    meaning: str
    unit: str = SHARE


WORDS: Mapping[str, Words] = {
    "boundary_accuracy": Words(
        "Boundary accuracy (label side)",
        "Of the prompts that need a step up, because some model gets them right but not the cheapest: the share that "
        "went to a model that succeeds.",
    ),
    "boundary_exact": Words(
        "Boundary exact",
        "Of the prompts that need a step up: the share that went to the cheapest model that succeeds.",
    ),
    "score_boundary_accuracy": Words(
        "Boundary accuracy (score side)",
        "Of the close calls, where the chosen model barely leads the runner-up: the share that went to a model that "
        "succeeds.",
    ),
    "score_boundary_exact": Words(
        "Close calls exact", "Of the close calls: the share that went to the cheapest model that succeeds."
    ),
    "score_boundary_share": Words("Close calls", "Share of the prompts that are close calls."),
    "boundary_share": Words("Boundary prompts", "Share of the prompts that need a step up."),
    "boundary_label_accuracy": Words(
        "Boundary label accuracy",
        "Of the prompts that need a step up: the share whose label the complexity classifier names right.",
    ),
    "boundary_label_balanced_accuracy": Words(
        "Boundary label accuracy, balanced", "The same, each label weighing the same."
    ),
    "boundary_label_rung_distance": Words(
        "Boundary rung distance", "How many rungs the named label is off, on prompts that need a step up.", NUMBER
    ),
    "score_boundary_label_accuracy": Words(
        "Label accuracy on close calls",
        "Of the close calls: the share whose label the complexity classifier names right.",
    ),
    "score_boundary_label_balanced_accuracy": Words(
        "Label accuracy on close calls, balanced", "The same, each label weighing the same."
    ),
    "score_boundary_label_rung_distance": Words(
        "Rung distance on close calls", "How many rungs the named label is off, on close calls.", NUMBER
    ),
    "label_accuracy": Words(
        "Label accuracy", "Share of the prompts whose label the complexity classifier names right."
    ),
    "label_balanced_accuracy": Words("Label accuracy, balanced", "The same, each label weighing the same."),
    "label_rung_distance": Words("Rung distance", "How many rungs the named label is off.", NUMBER),
    "hull_gain": Words(
        "Hull gain (HG)",
        "How far the router's cost-quality curve lies from mixing single models at random (0) towards an oracle that "
        "knows every outcome (1). Below 0 it does harm.",
        NUMBER,
    ),
    "aiq": Words("AIQ", "Mean score under the curve, from the cheapest to the dearest model's cost.", NUMBER),
    "aiq_zero": Words("AIQ of a random mix", "The same of mixing single models at random.", NUMBER),
    "aiq_oracle": Words("AIQ of the oracle", "The same of an oracle.", NUMBER),
    "cs95": Words("CS95", "Cost saved against the best single model at 95 % of its lead over the cheapest."),
    "cs90": Words(
        "CS90",
        "Cost saved against the best single model where the curve reaches 90 % of that model's lead in score over the "
        "cheapest.",
    ),
    "cs80": Words("CS80", "Cost saved against the best single model at 80 % of its lead over the cheapest."),
    "cost_save_at_best_single": Words(
        "Saved at the best single's score",
        "Largest saving among points of the curve with a score not below the best single model's; picked on these "
        "very prompts.",
    ),
    "performance_gain_at_best_single": Words(
        "Gained at the best single's cost",
        "Largest gain in score among points of the curve that cost no more than the best single model; picked on "
        "these very prompts.",
        NUMBER,
    ),
    "quality": Words(
        "Mean score", "Mean score of the routed answers, as served at the default operating point.", NUMBER
    ),
    "success_rate": Words("Success rate", "Share of the prompts whose routed answer succeeds."),
    "cost_usd": Words("Cost per 1,000 prompts", "US dollars of the routed answers.", DOLLARS),
    "quality_gain": Words(
        "Score against the best single model", "Mean score above that of sending everything to that model.", NUMBER
    ),
    "quality_share": Words(
        "Mean score, share of the best single's", "1 is what sending everything to that model scores."
    ),
    "dearest_cost_share": Words(
        "Cost, share of the dearest's", "1 is what sending everything to the dearest model costs."
    ),
    "cost_saving": Words(
        "Cost saved", "Of what sending everything to the best single model costs, the share that is not spent."
    ),
    "under_routing_rate": Words(
        "Under-routing",
        "Of the prompts that some model gets right: the share where the chosen model fails and a dearer one would not.",
    ),
    "over_routing_rate": Words(
        "Over-routing",
        "Of the prompts that some model gets right: the share where a cheaper model would have done.",
    ),
    "under_routing_score_lost": Words("Score lost, each under-routed", "Mean score lost on them.", NUMBER),
    "under_routing_cost_lost_usd": Words(
        "Overspent per 1,000 under-routed", "Negative where failing was the cheaper way.", DOLLARS
    ),
    "over_routing_score_lost": Words("Score lost, each over-routed", "Mean score lost on them.", NUMBER),
    "over_routing_cost_lost_usd": Words("Overspent per 1,000 over-routed", "US dollars too many.", DOLLARS),
    "score_lost": Words("Score lost", "Mean score below the label's model, per prompt.", NUMBER),
    "cost_lost_usd": Words("Overspent per 1,000", "US dollars above the label's model; negative is below.", DOLLARS),
    "regret": Words("Regret", "Mean utility lost against the best choice in hindsight.", NUMBER),
    "oracle_gap": Words("Oracle gap", "Score below the oracle's hull at the same cost.", NUMBER),
    "dearest_share": Words("Sent to the dearest", "Share of the prompts."),
    "dearest_share_max": Words(
        "Sent to the dearest, at most",
        "The largest such share over the sweep: a router that never goes up has collapsed.",
    ),
    "unfamiliar_share": Words("Unfamiliar prompts", "Share of the prompts on which the guard fires."),
    "pgr": Words("PGR", "Share of the lead of the strongest model over the weakest that is recovered.", NUMBER),
    "apgr": Words("APGR", "Mean PGR over shares of the strong model; a random router has 0.5.", NUMBER),
    "apgr_binned": Words("APGR, as RouteLLM computes it", "On ten bins, as if the score rose evenly.", NUMBER),
    "cpt50": Words("CPT(50 %)", "Smallest share of the strong model at which half of its lead is recovered."),
    "cpt80": Words("CPT(80 %)", "The same for 80 % of its lead."),
    "cpt50_binned": Words("CPT(50 %), as RouteLLM computes it", "On ten bins."),
    "cpt80_binned": Words("CPT(80 %), as RouteLLM computes it", "On ten bins."),
    "auc_macro": Words("AUC", "How well probabilities tell successes from failures; 0.5 is guessing.", NUMBER),
    "auc": Words("AUC", "How well probabilities tell successes from failures; 0.5 is guessing.", NUMBER),
    "brier": Words("Brier score", "Mean squared error of the probabilities; 0 is best.", NUMBER),
    "log_loss": Words("Log loss", "Mean surprise at the outcomes in nats; 0 is best.", NUMBER),
    "ece": Words("Calibration error (ECE)", "How far probabilities are off the observed shares; 0 is best.", NUMBER),
    "overconfidence": Words(
        "Overconfidence", "Mean probability above the observed share of successes; negative is too cautious.", NUMBER
    ),
    "robustness": Words("Robustness", "Share of the choices that stay under noise that keeps a prompt's meaning."),
}

_HALF, _RUNG = re.compile(r"_half_cost$"), re.compile(r"_rung_(\d+)$")


def words_of(name: str, models: Sequence[str] = ()) -> Words:
    """Find how to speak of a figure; one that has no words is called by its name.

    Examples
    --------
    >>> words_of("boundary_accuracy_half_cost").label
    'Boundary accuracy (label side), at half cost'
    >>> words_of("ece_rung_1", ("small", "large")).label
    'Calibration error (ECE), large'
    """
    base, ending = name, ""
    if _HALF.search(name):
        base, ending = _HALF.sub("", name), ", at half cost"
    elif (rung := _RUNG.search(name)) is not None:
        place = int(rung[1])
        base, ending = _RUNG.sub("", name), f", {models[place] if place < len(models) else f'rung {place}'}"
    found = WORDS.get(base, Words(base.replace("_", " "), "", NUMBER))
    return Words(found.label + ending, found.meaning, found.unit)
