"""From what a caller asks for to a rule: a named operating point, or the dial from 0 to 10."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pointsman import decide
from pointsman.errors import UnknownOperatingPointError
from pointsman.manifest import Manifest
from pointsman.wishes import Wishes


def rule_of(manifest: Manifest, wishes: Wishes) -> tuple[str, decide.Rule]:
    """Return the name and the rule of the trade-off that is wished for.

    Raises
    ------
    UnknownOperatingPointError
        When the router has no such operating point.
    """
    points = manifest.operating_points
    if wishes.cost_quality is not None:
        return f"cost_quality {wishes.cost_quality:g}", dial_rule(manifest, wishes.cost_quality)
    name = manifest.default_operating_point if wishes.operating_point is None else wishes.operating_point
    # A list, since a caller's name may be what no dict can look up.
    if name not in list(points):
        known = f"{manifest.name}/{manifest.version} has the operating points {list(points)!r}"
        raise UnknownOperatingPointError(f"{known}, not {repr(name)[:100]}")
    return name, points[name].decision_rule


def dial_rule(manifest: Manifest, dial: float) -> decide.Rule:
    """Turn the dial into a rule.

    At 0 only success counts: lambda is 0. At 10 the cheapest model is always taken: lambda is
    ``(1 + hold + caution) / gap``, where ``gap`` is the step in relative cost from the cheapest model to the next,
    because a probability of success can lead by 1 at the most. Between them stand the router's own operating points, by
    rising lambda, at equal distances; lambda runs in straight lines from one to the next, so it never falls as the dial
    goes up.

    The rule is the utility rule or, where that is the router's default, the conservative one with its hold; what
    under-routing costs is the default's. What a threshold rule prices by lambda is another thing, so with such a router
    the dial goes from end to end in a line.
    """
    default = manifest.operating_points[manifest.default_operating_point].decision_rule
    hold = default.hold if default.kind == "conservative" else 0.0
    points = [point.lam for point in manifest.operating_points.values() if point.rule != "threshold"]
    knots = lambda_knots([model.mean_cost_usd for model in manifest.models], points, hold + default.caution)
    lam = float(np.interp(dial, np.linspace(0, 10, len(knots)), knots))
    return decide.Rule("conservative" if hold else "utility", lam=lam, hold=hold, caution=default.caution)


def lambda_knots(cost: Sequence[float], points: Sequence[float], lead: float = 0.0) -> list[float]:
    """Lambdas at equal distances on the dial.

    Parameters
    ----------
    cost
        Mean cost of each model.
    points
        Lambdas of the operating points.
    lead
        By how much a dearer model can lead the cheapest beyond its probability of success.

    Examples
    --------
    >>> lambda_knots([1.0, 2.0, 4.0], [0.5, 0.25])
    [0.0, 0.25, 0.5, 4.0]
    """
    relative = decide.relative_cost(np.array(cost, np.float64))
    dearer = relative[relative > relative.min()]
    # A tie with the cheapest is no step: success decides there at any price.
    gap = float(dearer.min() - relative.min()) if len(dearer) else 1.0
    most = (1.0 + lead) / gap
    return [0.0, *sorted(min(lam, most) for lam in points), most]
