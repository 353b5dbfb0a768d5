from __future__ import annotations

import pytest

import pointsman
from pointsman import NoCandidateError, PointsmanError, RoutingError


def test_one_base_catches_everything_that_the_runtime_raises():
    errors = [getattr(pointsman, name) for name in pointsman.__all__ if name.endswith("Error")]
    assert len(errors) == 12
    assert all(issubclass(error, PointsmanError) for error in errors)


def test_no_candidate_keeps_the_reasons_of_each_model():
    reasons = {"a": "too dear", "b": "offline"}
    with pytest.raises(RoutingError, match=r"^no model is left to choose from \(a: too dear; b: offline\)$") as error:
        raise NoCandidateError(reasons)
    assert error.value.reasons == reasons
