"""The formulations by name, and their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pointsman_train.errors import ConfigError
from pointsman_train.train.average import Average, AverageConfig
from pointsman_train.train.booster import BoostedConfig, BoosterConfig
from pointsman_train.train.cohort import Cohort, CohortConfig
from pointsman_train.train.cumulative import Cumulative
from pointsman_train.train.difference import Difference
from pointsman_train.train.learner import learning
from pointsman_train.train.linear import Linear, LinearConfig
from pointsman_train.train.logistic import Logistic
from pointsman_train.train.mlp import Mlp, MlpConfig
from pointsman_train.train.multiclass import Multiclass
from pointsman_train.train.neighbours import Neighbours, NeighboursConfig
from pointsman_train.train.per_model import PerModel
from pointsman_train.train.pooled import Pooled
from pointsman_train.train.success import Formulation

BOOSTED = ("pooled", "per_model", "multiclass", "cumulative", "difference")


def _averaged() -> BoostedConfig:
    """Trees that see less of a prompt differ more, and their average gains by it."""
    return BoostedConfig(BoosterConfig(feature_fraction=0.15))


@dataclass(slots=True)
class FormulationConfig:
    """How success is modelled.

    Attributes
    ----------
    formulation
        A name of :data:`FORMULATIONS`. The fields of those names are the settings of each; those of the others are
        not read.
    """

    formulation: str = "average"
    pooled: BoostedConfig = field(default_factory=BoostedConfig)
    per_model: BoostedConfig = field(default_factory=_averaged)
    multiclass: BoostedConfig = field(default_factory=BoostedConfig)
    cumulative: BoostedConfig = field(default_factory=BoostedConfig)
    difference: BoostedConfig = field(default_factory=_averaged)
    average: AverageConfig = field(default_factory=AverageConfig)
    linear: LinearConfig = field(default_factory=LinearConfig)
    neighbours: NeighboursConfig = field(default_factory=NeighboursConfig)
    mlp: MlpConfig = field(default_factory=MlpConfig)
    cohort: CohortConfig = field(default_factory=CohortConfig)

    def check_formulation(self, where: str) -> None:
        """Raise :class:`ConfigError` for an unknown name, or for a setting of any formulation out of range."""
        if self.formulation not in FORMULATIONS:
            raise ConfigError(f"{where}.formulation must be one of {list(FORMULATIONS)}, got {self.formulation!r}")
        parts = self.average.of
        can = [name for name in FORMULATIONS if name != "average"]
        if len(parts) < 2 or len(set(parts)) < len(parts) or not set(parts) <= set(can):
            raise ConfigError(f"{where}.average.of must name two or more different ones of {can}, got {parts!r}")
        for name in (*BOOSTED, "linear", "neighbours", "mlp", "cohort"):
            getattr(self, name).check(f"{where}.{name}")

    def boosters(self) -> list[BoosterConfig]:
        """Return the settings of every booster that is fitted."""
        return [getattr(self, name).booster for name in self._used() if name in BOOSTED]

    def _used(self) -> list[str]:
        return self.average.of if self.formulation == "average" else [self.formulation]

    def check_learning(self) -> None:
        """Raise :class:`ConfigError` where what is asked for is fitted in memory alone."""
        for name in self._used():
            learning(FORMULATIONS[name](self))
            boosted = getattr(self, name, None)
            if isinstance(boosted, BoostedConfig) and boosted.booster.early_stopping is not None:
                raise ConfigError(
                    f"train.{name}.booster.early_stopping is {boosted.booster.early_stopping!r}, and boosters stop "
                    "early in memory alone; leave it null with engine=dask, or set engine=local"
                )


FORMULATIONS: Mapping[str, Callable[[FormulationConfig], Formulation]] = {
    "pooled": lambda config: Pooled(config.pooled),
    "per_model": lambda config: PerModel(config.per_model),
    "multiclass": lambda config: Multiclass(config.multiclass),
    "cumulative": lambda config: Cumulative(config.cumulative),
    "difference": lambda config: Difference(config.difference),
    "average": lambda config: Average([FORMULATIONS[name](config) for name in config.average.of]),
    "logistic": lambda config: Logistic(),
    "linear": lambda config: Linear(config.linear),
    "neighbours": lambda config: Neighbours(config.neighbours),
    "mlp": lambda config: Mlp(config.mlp),
    "cohort": lambda config: Cohort(config.cohort),
}
