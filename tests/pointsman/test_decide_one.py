from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pointsman.decide import REASONS, RULES, Rule, choose_by, relative_cost, worth
from pointsman.decide_one import choose_one
from pointsman.guard import Guard, guarded

shares = st.floats(0, 1)


@given(
    st.integers(2, 6).flatmap(
        lambda n: st.tuples(
            # Eighths make ties, within a row and with thresholds.
            st.lists(st.one_of(shares, st.integers(0, 8).map(lambda k: k / 8)), min_size=n, max_size=n),
            st.lists(st.floats(0.01, 1), min_size=n + 1, max_size=n + 1),
            st.lists(st.floats(0, 10), min_size=n, max_size=n),
            st.lists(st.booleans(), min_size=n, max_size=n).filter(any),
            st.integers(0, n - 1),
            st.integers(0, n - 1),
        )
    ),
    st.sampled_from(RULES),
    st.one_of(st.floats(0, 2), st.integers(0, 8).map(lambda k: k / 8)),
    st.integers(0, 8).map(lambda k: k / 8),
    st.one_of(st.just(0.0), st.floats(0, 2)),
    st.one_of(st.just(0.0), shares),
    st.sampled_from([None, 0.25, 0.5, 0.75, float("nan")]),
    st.booleans(),
)
def test_one_prompt_is_decided_as_a_row_of_many(prompt, kind, lam, threshold, hold, caution, near, has_guard):
    p, label, cost, allowed, anchor, fallback = prompt
    rule = Rule(kind, lam, threshold, hold, caution)
    guard = Guard(0.5, fallback) if has_guard else None
    p_success, p_label, costs = np.array([p]), np.array([label]) / np.sum(label), np.array(cost)
    many = choose_by(rule, worth(rule, p_success, p_label), costs, anchor, np.array(allowed))
    many = guarded(many, guard, None if near is None else np.array([near]))
    one = choose_one(rule, p, p_label[0].tolist(), relative_cost(costs).tolist(), anchor, allowed, guard, near)
    reason, utility = REASONS[many.reason[0]], many.utility[0].tolist()
    assert one == (many.chosen[0], many.margin[0], reason, many.unfamiliar[0], utility)
