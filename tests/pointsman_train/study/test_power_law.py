from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_train.study.power_law import fit_power_law

N = np.array([200.0, 400.0, 800.0, 1_600.0])


@given(st.floats(0, 0.5), st.floats(-2, 5), st.sampled_from([0.1, 0.35, 0.5, 1.0, 1.5]))
def test_a_law_is_found_again_and_continued(floor, scale, exponent):
    law = fit_power_law(N, (floor + scale * N**-exponent)[None])
    assert law.at(2_600.0)[0] == pytest.approx(floor + scale * 2_600.0**-exponent, abs=1e-8)


def test_each_row_has_its_own_law_and_an_unknown_error_none():
    rows = np.stack([0.2 + N**-0.5, 0.6 - N**-0.5, np.where(N == 400, np.nan, N)])
    law = fit_power_law(N, rows)
    np.testing.assert_allclose(law.scale[:2], [1.0, -1.0])
    np.testing.assert_allclose(law.exponent[:2], 0.5)
    assert np.isnan([law.floor[2], law.scale[2], law.exponent[2]]).all()


def test_errors_without_a_trend_give_a_flat_law():
    rng = np.random.default_rng(0)
    law = fit_power_law(N, 0.3 + 0.01 * rng.normal(size=(2_000, 4)))
    gain = law.at(1_600.0) - law.at(2_600.0)
    assert abs(np.median(gain)) < 5e-4
    assert np.mean(gain > 0) == pytest.approx(0.5, abs=0.05)
