from __future__ import annotations

import json

import numpy as np
import pytest

from pointsman import Router
from pointsman.cli import main
from pointsman.explain import explain


@pytest.fixture
def found(trained, familiar):
    return explain(trained.bundle, familiar)


def test_the_contributions_add_up_to_the_trained_models_log_odds(trained, router, familiar, found):
    margins = trained.router.success.margins(router.predict([familiar]).features)[0]
    for margin, one in zip(margins, found.models, strict=True):
        assert one.log_odds == pytest.approx(margin, abs=1e-6)
        assert one.usual + sum(one.contributions.values()) == pytest.approx(margin, abs=1e-6)
        sizes = np.abs(list(one.contributions.values()))
        assert (np.diff(sizes) <= 0).all()


def test_it_goes_with_the_decision_and_its_runner_up(router, familiar, found):
    assert found.decision == router.route(familiar)
    assert [one.model for one in found.models] == list(router.models)
    ranked = sorted(found.decision.utilities, key=found.decision.utilities.get)
    assert [found.decision.model, found.runner_up] == ranked[:-3:-1]
    by_model = {one.model: one for one in found.models}
    one, other = by_model[found.decision.model], by_model[found.runner_up]
    gap = one.log_odds - other.log_odds - (one.usual - other.usual)
    assert sum(found.lead().values()) == pytest.approx(gap)


def test_the_command_says_it_in_lines(trained, familiar, found, capsys):
    assert main(["explain", str(trained.bundle), familiar, "--top", "3"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        f"small/1 chooses {found.decision.model} at 'balanced': utility.\nIt leads {found.runner_up} by"
    )
    for one in found.models:
        name, value = next(iter(one.contributions.items()))
        assert f"  {value:+.3f}  {name} = {found.features[name]:.4g}\n" in out
        assert f"{len(one.contributions) - 3} more features" in out


def test_a_choice_that_was_wished_for_trails(trained, router, familiar):
    cheapest, best = explain(trained.bundle, familiar, cost_quality=10), router.route(familiar, cost_quality=0)
    assert cheapest.decision.model == router.models[0] != best.model
    assert f" leads {cheapest.runner_up} by " in cheapest.words()
    sure = explain(trained.bundle, familiar, cost_quality=10, min_success=best.p_success[best.model])
    assert sure.decision.model == best.model
    assert f"raised to min_success.\nIt trails {router.models[0]} by " in sure.words()


def test_the_command_prints_all_of_it_as_json(trained, familiar, found, capsys):
    main(["explain", str(trained.bundle), familiar, "--json"])
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(found.to_dict()))


def test_an_unfamiliar_prompt_says_that_its_probabilities_did_not_decide(trained, capsys):
    main(["explain", str(trained.bundle), "\u4e2d" * 50])
    out = capsys.readouterr().out
    assert "the probabilities below did not decide" in out
    assert "rather than" not in out


def test_so_does_a_blank_one(trained, capsys):
    assert main(["explain", str(trained.bundle), " "]) == 0
    said = capsys.readouterr().out
    assert ": no signal." in said
    assert "The prompt is blank, so the probabilities below did not decide." in said


def test_a_pool_and_an_operating_point_count(router, trained, familiar):
    found = explain(trained.bundle, familiar, models=router.models[:1], operating_point="no_loss")
    assert (found.decision.reason, found.runner_up) == ("only candidate", None)
    assert found.to_dict()["lead"] is None


def test_a_router_without_the_file_routes_but_does_not_explain(bundle, capsys):
    (bundle / "explain.npz").unlink()
    assert Router.load(bundle).route("Hi").model
    assert main(["explain", str(bundle), "Hi"]) == 1
    assert "has no explain.npz" in capsys.readouterr().err
