"""The training package's errors, one tree.

::

    TrainError
    ├── ConfigError       a setting that cannot work, alone or with the others
    ├── DataError         a table that cannot be read or breaks its schema; names file, row and column
    ├── PoolError         the pool is empty, has one model, or names a model without outcomes
    ├── LabelError        the labels cannot be learned from (one class only, too few prompts)
    ├── GraderError       a grader that does not exist, cannot be built from its settings, or cannot do its work
    ├── ExportError       the exported file does not reproduce the trained model
    ├── CollectError      models cannot be asked, or the store cannot be used
    ├── EngineError       the cluster has no workers, or loses them faster than work can be done
    ├── PromotionError    a candidate may not take the champion's place
    └── TrackingError     MLflow cannot be reached or refuses
"""

from __future__ import annotations


class TrainError(Exception):
    """Base of every error that the training package raises on purpose."""


class ConfigError(TrainError, ValueError):
    """A setting is out of range or contradicts another."""


class DataError(TrainError, ValueError):
    """A table cannot be read, or a value in it breaks the schema."""


class PoolError(TrainError, ValueError):
    """The pool of models cannot be routed over."""


class LabelError(TrainError, ValueError):
    """The labels cannot be learned from."""


class GraderError(TrainError, ValueError):
    """A grader is unknown, its settings cannot work, or it cannot do its work."""


class ExportError(TrainError):
    """The exported router differs from the trained one, or cannot be written."""


class TrackingError(TrainError):
    """The tracking server cannot be reached or refuses a call."""


class CollectError(TrainError):
    """Models cannot be asked as configured, or the store of answers cannot be used."""


class EngineError(TrainError):
    """The cluster has no workers, or loses them faster than work can be done."""


class PromotionError(TrainError):
    """A candidate may not take the champion's place."""
