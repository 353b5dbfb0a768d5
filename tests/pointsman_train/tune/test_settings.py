from __future__ import annotations

import pytest

from pointsman_train.errors import ConfigError
from pointsman_train.tune.settings import Span, TuneConfig


def test_the_defaults_pass_their_own_check():
    TuneConfig().check()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"name": "a/b"}, "tune.name must be the name of a file, got 'a/b'"),
        ({"metric": "hg"}, r"tune.metric must be one of \['hull_gain', .*\], got 'hg'"),
        ({"pruner": "hyperband"}, "tune.pruner must be one of .*, got 'hyperband'"),
        ({"trials": 1}, "tune.trials must be 2 or more, got 1"),
        ({"folds": 1}, "tune.folds must be 2 or more, got 1"),
        ({"seed": -1}, "tune.seed must be 0 or more, got -1"),
        ({"timeout": 0}, "tune.timeout must be above 0 seconds, or null, got 0"),
        ({"space": {"train.x": Span(low=1)}}, "tune.space: train.x needs low and high, or choices"),
        ({"space": {"train.x": Span(2, 2)}}, "train.x is empty: low 2 must be below high 2"),
        ({"space": {"train.x": Span(0, 2, log=True)}}, "train.x is logarithmic, so low must be above 0, got 0"),
        ({"space": {"train.x": Span(1, 2, step=3)}}, r"train.x.step must be above 0, at most high - low"),
        ({"space": {"train.x": Span(1, 2, log=True, step=1)}}, "not with log"),
        ({"space": {"train.x": Span(1, 2, choices=[1, 2])}}, "has choices and a range"),
        ({"space": {"train.x": Span(choices=["a"])}}, "two or more different values"),
        ({"space": {"train.x": Span(choices=[[1], [1]])}}, "two or more different values"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, text):
    with pytest.raises(ConfigError, match=text):
        TuneConfig(**settings).check()


def test_null_leaves_a_setting_out_of_the_space():
    config = TuneConfig(space={"train.rule.caution": Span(0, 1), "train.guard.quantile": None})
    config.check()
    assert list(config.searched) == ["train.rule.caution"]
