from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from pointsman.cli import main
from pointsman.savings import SavingsError, savings

P = {"small": 0.6, "large": 0.8}
COSTS = {"small": 0.001, "large": 0.004}


def line(sent="large", chose="small", shadow=True, **more):
    choice = {"model": chose, "p_success": P}
    record = {
        "decision_id": more.pop("decision_id", "d"), "shadow": shadow, "model": sent, "choice": choice, "status": 200,
        "cost_usd": COSTS[sent], "costs_usd": COSTS, "session": None,
    }  # fmt: skip
    return json.dumps(record | more)


@pytest.fixture
def log(tmp_path):
    def write(*lines):
        path = tmp_path / "log.jsonl"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def test_shadow_lines_tell_what_routing_would_have_saved(log):
    lines = [line(decision_id=str(n), chose="small" if n % 4 else "large") for n in range(400)]
    found = savings(log(*lines))
    assert (found.requests, found.sessions, found.left_out) == (400, 400, {})
    assert found.without_usd == pytest.approx(400 * 0.004)
    assert found.with_usd == pytest.approx(300 * 0.001 + 100 * 0.004)
    assert found.saved.value == pytest.approx(1 - 0.7 / 1.6)
    assert found.saved.low < found.saved.value < found.saved.high
    # The share saved is 3/4 of a share of 3/4, whose standard error over 400 requests is 0.0217.
    assert found.saved.high - found.saved.low == pytest.approx(2 * 1.96 * 0.75 * 0.0217, rel=0.15)
    assert found.moved == 0.75
    assert found.models == {"large": (400, 100), "small": (0, 300)}
    assert found.success_without == pytest.approx(0.8)
    assert found.success_change.value == pytest.approx(-0.15)
    assert found.success_change.low < -0.15 < found.success_change.high < 0


def test_routed_lines_are_compared_with_the_model_that_is_named(log):
    lines = [line(sent, sent, shadow=False, decision_id=str(n)) for n, sent in enumerate(["small"] * 3 + ["large"])]
    found = savings(log(*lines), against="large")
    assert found.saved.value == pytest.approx(1 - (3 * 0.001 + 0.004) / (4 * 0.004))
    assert (found.shadow, found.against) == (False, "large")
    assert "would have" not in found.words()
    with pytest.raises(SavingsError, match=r"4 lines: it was routed, and no model .* --against MODEL"):
        savings(log(*lines))


def test_what_does_not_count_is_counted_with_its_reason(log):
    lines = [
        line(),
        line(cost_usd=None, costs_usd={}),
        line(status=502),
        line(model=None, status=503, cost_usd=None),
        line(choice=None),
        line(costs_usd={"large": 0.004, "small": None}),
        '{"decision_id": "d", "feedback": 1.0}',
        "",
        "torn {",
        "[]",
        '{"decision_id": "d", "model": "large", "choice": 3, "cost_usd": 1, "shadow": true}',
    ]
    found = savings(log(*lines))
    assert found.requests == 1
    assert sorted(found.left_out.values()) == [1, 1, 1, 2, 3]
    assert found.left_out["the cost of small is unknown, or it could not have answered"] == 1
    assert found.left_out["the line is not a record"] == 3


@pytest.mark.parametrize(
    "wrong",
    [{"cost_usd": "0.1"}, {"cost_usd": [1]}, {"cost_usd": 10**400}, {"cost_usd": float("nan")}, {"cost_usd": -5},
     {"decision_id": None}, {"decision_id": [1]}, {"model": {}}, {"session": 3}, {"status": "x"},
     {"choice": {"model": "small", "p_success": [1]}}, {"choice": {"model": "small", "p_success": {"small": "x"}}},
     {"choice": {"model": "small", "p_success": {"small": None}}}, {"costs_usd": {"small": "x"}}],
)  # fmt: skip
def test_a_line_that_is_no_record_does_not_spoil_the_others(log, wrong):
    path = log(line(), line(**wrong), line())
    path.write_bytes(path.read_bytes() + b'{"decision_id": "\xff"}\n')
    found = savings(path)
    assert (found.requests, found.saved.value) == (2, pytest.approx(0.75))
    assert sum(found.left_out.values()) == 2


def test_a_packed_log_is_read_and_a_torn_one_refused(log, tmp_path):
    plain = log(*[line(decision_id=str(n)) for n in range(50)])
    packed = gzip.compress(plain.read_bytes())
    (tmp_path / "log.jsonl.gz").write_bytes(packed)
    assert savings(tmp_path / "log.jsonl.gz") == savings(plain)
    for spoilt in (packed[:-20], packed[:20] + b"no" + packed[22:]):
        (tmp_path / "torn.jsonl.gz").write_bytes(spoilt)
        with pytest.raises(SavingsError, match=r"torn\.jsonl\.gz cannot be read"):
            savings(tmp_path / "torn.jsonl.gz")


def test_a_stream_without_a_cost_is_told_of_the_setting_that_asks_for_it_unless_it_was_cut_off(log):
    nothing = {"cost_usd": None, "costs_usd": {}, "stream": True, "output_tokens": None}
    left_out = savings(log(line(), line(**nothing, error=None), line(**nothing, error="answer cut off"))).left_out
    assert sorted(reason.endswith("with the setting stream_usage") for reason in left_out) == [False, True]


def test_requests_of_one_session_count_as_one_draw(log):
    single = [line(decision_id=str(n), chose="small" if n % 2 else "large") for n in range(100)]
    grouped = [
        line(decision_id=str(n), chose="small" if n < 50 else "large", session=f"s{n // 25}") for n in range(100)
    ]
    alone, together = savings(log(*single)), savings(log(*grouped))
    assert (alone.sessions, together.sessions) == (100, 4)
    assert alone.saved.value == pytest.approx(together.saved.value)
    assert together.saved.high - together.saved.low > 2 * (alone.saved.high - alone.saved.low)


@pytest.mark.parametrize(
    ("sent", "chose", "said"),
    [
        ("large", "small", "The interval is above zero: routing would have lowered the cost"),
        ("small", "large", "The interval is below zero: routing would have raised the cost"),
        ("large", "large", "The interval holds zero: these requests do not tell"),
    ],
)
def test_the_words_say_what_the_interval_means(log, sent, chose, said):
    assert said in savings(log(*[line(sent, chose, decision_id=str(n)) for n in range(50)])).words()


def test_the_interval_holds_the_truth_about_as_often_as_it_says(log):
    rng, held = np.random.default_rng(1), 0
    for _ in range(60):
        chosen = rng.random(80) < 0.5
        lines = [line(decision_id=str(n), chose="small" if small else "large") for n, small in enumerate(chosen)]
        found = savings(log(*lines), rng=rng).saved
        held += found.low <= 0.375 <= found.high
    assert 51 <= held <= 60


def test_the_command_prints_sentences_or_json(log, capsys):
    path = log(*[line(decision_id=str(n)) for n in range(40)])
    assert main(["savings", str(path)]) == 0
    said = capsys.readouterr().out
    assert "40 requests of 40 sessions count." in said
    assert "would have saved 75.0% of the cost (95 % interval 75.0% to 75.0%)." in said
    assert "a change of -20.0 points (-20.0 to -20.0)" in said
    assert main(["savings", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["saved"]["value"] == pytest.approx(0.75)


def test_a_handful_of_sessions_has_no_interval(log):
    said = savings(log(*[line(decision_id=str(n)) for n in range(29)])).words()
    assert "saved 75.0% of the cost; fewer than 30 sessions are too few for an interval." in said
    assert "a change of -20.0 points." in said
    assert "The interval" not in said
    assert "95 %" not in said


def test_the_parts_of_a_rotated_log_count_together(log, tmp_path, capsys):
    parts = []
    for part in range(3):
        lines = [line(decision_id=f"{part}-{n}") for n in range(20)]
        parts.append(str(log(*lines).rename(tmp_path / f"decisions.{part}")))
    assert savings(parts).requests == 60
    assert main(["savings", *parts]) == 0
    assert "60 requests of 60 sessions count." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"", "it has no line"), (b"\xff", "is not a record")]
)
def test_a_log_that_cannot_be_used_is_an_error(tmp_path, capsys, content, said):
    path = tmp_path / "log.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert main(["savings", str(path)]) == 1
    assert said in capsys.readouterr().err


def test_what_an_outage_did_is_not_what_routing_saved(log):
    routed = [line("small", "small", shadow=False, decision_id=str(n)) for n in range(3)]
    found = savings(log(*routed, line("small", "large", shadow=False)), against="large")
    assert found.requests == 3
    assert found.left_out == {"another model stood in for the chosen one, which failed": 1}
