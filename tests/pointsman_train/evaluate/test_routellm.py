"""The perfect ranking on RouteLLM's own data, by the exact definition, by the known figures' and by its code's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pointsman_train.evaluate.pgr import apgr, cpt, cut_points
from pointsman_train.evaluate.routellm import cpt_binned

WEAK, STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"
FAMILIES = {
    # prompts; APGR, CPT50, CPT80 as known; CPT50, CPT80 exact; the same interpolated as RouteLLM's code does
    "mmlu": (14037, (1.285, 0.063, 0.100), (0.06248, 0.10002), (0.06248, 0.09996)),
    "gsm8k": (1307, (1.121, 0.111, 0.177), (0.11018, 0.17674), (0.11018, 0.17628)),
    "mt_bench": (72, (0.964, 0.083, 0.181), (0.08333, 0.18056), (0.08179, 0.17083)),
}


@pytest.fixture(scope="module")
def scores(shared):
    prompts = pd.read_parquet(shared / "routellm" / "prompts.parquet")
    outcomes = pd.read_parquet(shared / "routellm" / "outcomes.parquet")
    # The scores are stored in single precision; MT-bench's are multiples of 0.025.
    table = outcomes.pivot(index="prompt_id", columns="model", values="score").astype(float).round(4)

    def of(family):
        chosen = prompts[(prompts.benchmark.str.split("/").str[0] == family) & (prompts.split == "test")]
        return table.loc[chosen.prompt_id, WEAK].to_numpy(), table.loc[chosen.prompt_id, STRONG].to_numpy()

    return of


def _recovery(weak, strong):
    return cut_points(strong - weak, weak, strong, np.ones((1, len(weak)), dtype=np.float32))


def _first_above(recovery, level):
    """Share at the first cut where PGR exceeds the level: a cut at exactly the level does not count."""
    return recovery.share[0][recovery.pgr[0] > level + 1e-9][0]


@pytest.mark.shared
@pytest.mark.parametrize("family", FAMILIES)
def test_the_known_figures_are_those_of_the_first_cut_above_the_level(scores, family):
    n_prompts, known, _, _ = FAMILIES[family]
    weak, strong = scores(family)
    recovery = _recovery(weak, strong)
    found = (apgr(recovery)[0], _first_above(recovery, 0.5), _first_above(recovery, 0.8))

    assert len(weak) == n_prompts
    assert found == pytest.approx(known, abs=5e-4)


@pytest.mark.shared
@pytest.mark.parametrize("family", FAMILIES)
def test_the_exact_figures_stand_beside_them_and_differ_only_where_pgr_is_exactly_one_half(scores, family):
    _, known, exact, _ = FAMILIES[family]
    recovery = _recovery(*scores(family))
    found = cpt(recovery, 0.5)[0], cpt(recovery, 0.8)[0]
    at_one_half = bool(np.any(np.abs(recovery.pgr[0] - 0.5) < 1e-9))

    assert found == pytest.approx(exact, abs=5e-6)
    assert round(found[1], 3) == known[2]
    # 877 of MMLU's 1,754 net gains are half, and 144 of GSM8K's 288.
    assert (round(found[0], 3) != known[1]) == at_one_half == (family != "mt_bench")


@pytest.mark.shared
@pytest.mark.parametrize("family", FAMILIES)
def test_interpolated_as_routellms_code_does_cpt_is_no_larger_than_the_exact_one(scores, family):
    _, _, exact, interpolated = FAMILIES[family]
    recovery = _recovery(*scores(family))
    found = cpt_binned(recovery, 0.5)[0], cpt_binned(recovery, 0.8)[0]

    assert found == pytest.approx(interpolated, abs=5e-6)
    assert all(one <= other + 5e-6 for one, other in zip(found, exact, strict=True))
