"""How an error falls with the number of labels: ``error(n) = a + b n^-c``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pointsman_train.data import Floats

# Below 0.1 the law is all but a line over the sizes that anyone has, above 1.5 it is flat after the first.
_EXPONENTS = np.linspace(0.1, 1.5, 29)
LEAST_SIZES = 3


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """A law for each row of errors.

    Attributes
    ----------
    floor, scale, exponent
        a, b and c, ndarray of shape (n_rows,); NaN where an error is unknown. Where more labels do harm, b is negative.
    """

    floor: Floats
    scale: Floats
    exponent: Floats

    def at(self, n: float) -> Floats:
        """Error at n labels, of shape (n_rows,)."""
        return np.asarray(self.floor + self.scale * n**-self.exponent)


def fit_power_law(n: Floats, error: Floats) -> PowerLaw:
    """Fit a law to each row by least squares: c from a grid, a and b exactly for each c.

    b may be negative: held at 0 or above, it would see a gain in every wiggle.

    Parameters
    ----------
    n
        ndarray of shape (n_sizes,), three or more different numbers of labels.
    error
        ndarray of shape (n_rows, n_sizes).

    References
    ----------
    Hestness et al. (2017), Deep Learning Scaling is Predictable, Empirically, arXiv 1712.00409, for the form.

    Examples
    --------
    >>> n = np.array([100.0, 400.0, 1600.0])
    >>> law = fit_power_law(n, (0.25 + 3 * n**-0.5)[None])
    >>> law.floor.round(3), law.scale.round(3), law.exponent.round(3), law.at(6400.0).round(4)
    (array([0.25]), array([3.]), array([0.5]), array([0.2875]))
    """
    best = np.full((4, len(error)), np.nan)
    best[0] = np.inf
    for exponent in _EXPONENTS:
        design = np.stack([np.ones(len(n)), n**-exponent], axis=1)
        floor, scale = np.linalg.pinv(design) @ error.T
        missed = np.square(error - np.stack([floor, scale], axis=1) @ design.T).sum(axis=1)
        better = missed < best[0]
        best[:, better] = np.stack([missed, floor, scale, np.full(len(error), exponent)])[:, better]
    return PowerLaw(best[1], best[2], best[3])
