"""Labels: the cheapest model of the ladder that succeeds."""

from pointsman_train.label.labels import LabelConfig, Labelled, label

__all__ = ["LabelConfig", "Labelled", "label"]
