"""Whether a candidate may take the champion's place.

Each condition looks at one figure's improvement: the paired difference to the baseline, turned so that more is better,
with its 95 % interval [low, high].

==================  =======================  ======================================================================
rule                holds where              in words
==================  =======================  ======================================================================
better              ``low > 0``              shown to be better
better_or_equal     ``low >= 0``             shown to be better, or equal to the digit, as an identical candidate is
not_worse           ``low >= -tolerance``    shown not to be worse by more than the tolerance: a test of
                                             non-inferiority at the one-sided level of 2.5 %
not_shown_worse     ``high >= -tolerance``   not shown to be worse by more than the tolerance
==================  =======================  ======================================================================

In the first three the burden of proof is on the candidate: a test set too small to show anything lets nothing pass but
an identical candidate. With a tolerance of 0, "not worse" is "better or equal": a candidate that differs, however
little, then only passes by being shown to be better. A tolerance says what loss would not matter. The last rule lets
pass what a small test set cannot tell, and belongs beside a condition that has to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.compare import Row, improvement
from pointsman_train.evaluate.directions import NEITHER, direction

RULES = ("better", "better_or_equal", "not_worse", "not_shown_worse")


@dataclass(slots=True)
class Condition:
    """What is asked of one figure.

    Attributes
    ----------
    metric
        Its flat name.
    rule
        One of :data:`RULES`.
    tolerance
        Loss that the last two rules let pass, not negative; the others have none.
    relative
        Whether the tolerance is a share of the baseline's figure instead of being in the figure's own unit.
    """

    metric: str = "boundary_accuracy"
    rule: str = "not_worse"
    tolerance: float = 0.0
    relative: bool = False

    def check(self, name: str) -> None:
        """Raise :class:`ConfigError` for an unknown rule or figure, or a tolerance that cannot be."""
        if self.rule not in RULES:
            raise ConfigError(f"gate.{name} has the rule {self.rule!r}, expected one of {RULES!r}")
        if direction(self.metric) == NEITHER:
            raise ConfigError(f"gate.{name} asks for {self.metric!r}, which is good neither high nor low; ask another")
        if not 0 <= self.tolerance < np.inf:
            raise ConfigError(f"gate.{name} has the tolerance {self.tolerance!r}, expected a number, 0 or more")
        if self.tolerance and self.rule.startswith("better"):
            raise ConfigError(f"gate.{name} has a tolerance, which {self.rule!r} does not know; make it 'not_worse'")


@dataclass(slots=True)
class GateConfig:
    """The conditions by name; all must hold. ``conf/gate/default.yaml`` says why these."""

    conditions: dict[str, Condition] = field(
        default_factory=lambda: {
            "boundary": Condition("boundary_accuracy", tolerance=0.02),
            "boundary_shown": Condition("boundary_accuracy", "not_shown_worse"),
            "cost": Condition("cost_usd", "not_shown_worse", tolerance=0.05, relative=True),
            "under_routing": Condition("under_routing_rate", tolerance=0.01),
            "under_routing_shown": Condition("under_routing_rate", "not_shown_worse"),
        }
    )

    def check(self) -> None:
        """Raise :class:`ConfigError` for a gate without conditions, or with one that cannot be."""
        if not self.conditions:
            raise ConfigError("the gate has no conditions and would let everything pass; give gate.conditions one")
        for name, condition in self.conditions.items():
            condition.check(name)


@dataclass(frozen=True, slots=True)
class Check:
    """One condition with what was found.

    Attributes
    ----------
    name
        Of the condition.
    passed
        Whether it holds. A figure that is undefined, or has no interval, does not.
    improvement, low, high
        Of the figure, turned so that more is better, with the 95 % interval.
    required
        Where ``low`` had to be, ``high`` for "not_shown_worse": at least here, for "better" above.
    reason
        All of it in words.
    """

    name: str
    passed: bool
    improvement: float
    low: float
    high: float
    required: float
    reason: str


def gate(rows: Sequence[Row], config: GateConfig) -> tuple[Check, ...]:
    """Check every condition; the candidate passes where all hold.

    Parameters
    ----------
    rows
        From :func:`~pointsman_train.evaluate.compare.compare`.

    Raises
    ------
    ConfigError
        When a condition asks for a figure that the two were not compared on.
    """
    config.check()
    by_metric = {row.metric: row for row in rows}
    for name, condition in config.conditions.items():
        if condition.metric not in by_metric:
            raise ConfigError(f"gate.{name} asks for {condition.metric!r}, expected one of {sorted(by_metric)!r}")
    return tuple(
        _checked(name, condition, by_metric[condition.metric]) for name, condition in config.conditions.items()
    )


def failed(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the conditions that do not hold; none where the candidate passes."""
    return tuple(check for check in checks if not check.passed)


def _checked(name: str, condition: Condition, row: Row) -> Check:
    value, low, high = improvement(row)
    tolerance = condition.tolerance * (abs(row.a.value) if condition.relative else 1.0)
    required = 0.0 - tolerance
    end = high if condition.rule == "not_shown_worse" else low
    passed = end > 0 if condition.rule == "better" else end >= required
    check = Check(name, bool(passed), value, low, high, required, "")
    return replace(check, reason=_reason(condition, row, check))


def _reason(condition: Condition, row: Row, check: Check) -> str:
    head = f"{condition.metric} is {row.b.value:.4g} against {row.a.value:.4g}"
    if np.isnan(check.low):
        return f"{head}: the difference has no interval, so {condition.rule!r} cannot be shown; bring more prompts"
    change = f"improved by {check.improvement:.3g} [{check.low:.3g}, {check.high:.3g}]"
    end = "high" if condition.rule == "not_shown_worse" else "low"
    least = "above" if condition.rule == "better" else "at least"
    asked = f"{condition.rule!r} asks for a {end} end of {least} {check.required:.3g}"
    return f"{head}, {change}: {asked}, which {'holds' if check.passed else 'fails'}"
