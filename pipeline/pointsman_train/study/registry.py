"""The studies by name.

A study is a function of a :class:`~pointsman_train.study.task.Task`, its own settings and the folder of the run. To add
one, name it here, and give :class:`~pointsman_train.pipeline.PipelineConfig` and ``conf/`` a section of that name.
"""

from __future__ import annotations

from collections.abc import Mapping

from pointsman_train.study.anchors import anchors
from pointsman_train.study.diagnose import diagnose
from pointsman_train.study.learning_report import learning_curve
from pointsman_train.study.task import Study
from pointsman_train.tune.report import tune

STUDIES: Mapping[str, Study] = {
    "learning_curve": learning_curve,
    "diagnose": diagnose,
    "anchors": anchors,
    "tune": tune,
}
