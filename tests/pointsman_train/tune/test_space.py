from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir

from pointsman_train.commands import command_of
from pointsman_train.config import build, register
from pointsman_train.errors import ConfigError
from pointsman_train.paths import conf_dir
from pointsman_train.pipeline import PipelineConfig
from pointsman_train.train.stage import TrainConfig
from pointsman_train.tune.names import kinds_of, with_settings
from pointsman_train.tune.settings import Span
from pointsman_train.tune.space import dimensions_of, held, settings_of


def test_the_default_space_fits_the_default_settings():
    register(command_of("train"))
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = build(compose("train", overrides=["experiment=tune"]), PipelineConfig)
    found = dimensions_of(config.tune.searched, config.train)
    assert [one.name for one in found] == list(config.tune.space)
    # null, which chooses leaves by the data, is no number.
    assert [one.name for one, _ in held(found, TrainConfig())] == [
        "train.per_model.booster.trees",
        "train.difference.booster.trees",
        "train.features.words.strength",
        "train.features.vectors.enabled",
    ]


@pytest.mark.parametrize(
    ("name", "span", "text"),
    [
        ("split.seed", Span(0, 9), r"'split.seed' is not searched, only settings under 'train\.': others change what"),
        ("train", Span(0, 9), "there is no setting 'train'"),
        (
            "train.rule.cuation",
            Span(0, 1),
            r"no setting 'train.rule.cuation'; there are \['kind', .*'caution'\]",
        ),
        ("train.rul.caution", Span(0, 1), "there is no setting 'train.rul.caution'; there are .*'rule'.*it says 'rul'"),
        ("train.rule.caution.x", Span(0, 1), "there is no setting 'train.rule.caution.x'"),
        ("train.rule", Span(0, 1), r"train.rule is a section, expected one setting; there are \['kind'"),
        ("train.formulation", Span(0, 1), "train.formulation is a text, which has no range; give choices"),
        ("train.features.codebook.enabled", Span(0, 1), "is true or false, which has no range"),
        ("train.per_model.booster.leaves", Span(50, 99.5), r"is a whole number or null, so its range must be whole"),
        ("train.per_model.booster.trees", Span(choices=[50, 60.5]), "got the choice 60.5"),
        ("train.rule.caution", Span(choices=[0.1, True]), "is a number, got the choice True"),
        ("train.rule.caution", Span(choices=[0.1, None]), "is a number, got the choice None"),
        (
            "train.rule.caution",
            Span(0, 2),
            r"train.rule.caution may not be 2.0: .* must be in \[0, 1\]",
        ),
        (
            "train.formulation",
            Span(choices=["average", "forest"]),
            "may not be 'forest': .* must be one of",
        ),
        (
            "train.pooled.booster.trees",
            Span(50, 60),
            r"train.pooled.booster.trees is not read, since no trial has the formulation 'pooled', only "
            r"\['average', 'difference', 'linear', 'logistic', 'per_model'\]; leave it out with null",
        ),
        ("train.guard.quantile", Span(0.01, 0.1), "changes none of the figures that can be sought"),
        ("train.operating_points.default", Span(choices=["no_loss", "balanced"]), "changes none of the figures"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_any_work(name, span, text):
    with pytest.raises(ConfigError, match=text):
        dimensions_of({name: span}, TrainConfig())


def test_an_empty_space_is_refused_with_an_example():
    with pytest.raises(ConfigError, match=r"tune.space is empty; name a setting, as in '\+tune\.space="):
        dimensions_of({}, TrainConfig())


def test_the_settings_of_a_formulation_that_some_trial_has_are_read():
    formulation = {"train.formulation": Span(choices=["average", "pooled"])}
    dimensions_of(formulation | {"train.pooled.booster.trees": Span(50, 60)}, TrainConfig())
    averages = {"train.average.of": Span(choices=[["pooled", "logistic"], ["per_model", "difference"]])}
    dimensions_of(averages | {"train.pooled.booster.trees": Span(50, 60)}, TrainConfig())


def test_every_kind_of_value_goes_to_optuna_and_comes_back():
    import optuna

    searched = {
        "train.average.of": Span(choices=[["per_model", "logistic"], ["difference", "logistic"]]),
        "train.per_model.booster.trees": Span(50, 100, step=25),
        "train.per_model.booster.leaves": Span(choices=[None, 4]),
        "train.features.codebook.enabled": Span(choices=[True, False]),
        "train.rule.caution": Span(0, 0.5, step=0.25),
        "train.features.words.strength": Span(0.1, 10, log=True),
    }
    dimensions = dimensions_of(searched, TrainConfig())
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        trial = study.ask()
        values = {one.name: one.suggest(trial) for one in dimensions}
        assert values["train.average.of"] in searched["train.average.of"].choices
        assert values["train.per_model.booster.trees"] in (50, 75, 100)
        assert isinstance(values["train.per_model.booster.trees"], int)
        assert {one.name: one.value(trial.params[one.name]) for one in dimensions} == values
        assert all(one.holds(value) for one, value in zip(dimensions, values.values(), strict=True))
        train = with_settings(TrainConfig(), values)
        train.check()
        assert settings_of(dimensions, train) == values
    assert TrainConfig() == TrainConfig()


def test_what_is_tried_leaves_the_settings_as_they_are():
    train = TrainConfig()
    with_settings(train, {"train.average.of": ["pooled", "mlp"], "train.rule.caution": 0.9}).average.of.append("x")
    assert train == TrainConfig()


def test_types_are_those_of_the_dataclasses():
    assert kinds_of(TrainConfig(), "train.average.of") == (list,)
    assert kinds_of(TrainConfig(), "train.features.embedding.table") == (str, type(None))
