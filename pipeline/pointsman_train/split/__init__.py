"""Groups of near-duplicates, and the split of groups into train, calibration and test."""

from pointsman_train.split.groups import GroupConfig, group_near_duplicates
from pointsman_train.split.sampling import sample_groups
from pointsman_train.split.sources import deal_sources
from pointsman_train.split.split import Split, SplitConfig, fold_of, judged_part, logged_to_training, split

__all__ = [
    "GroupConfig",
    "Split",
    "SplitConfig",
    "deal_sources",
    "fold_of",
    "group_near_duplicates",
    "judged_part",
    "logged_to_training",
    "sample_groups",
    "split",
]
