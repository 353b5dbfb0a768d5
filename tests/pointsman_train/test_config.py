"""Every root configuration, every option of every group and every experiment composes into its dataclasses."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException, MissingConfigException
from omegaconf import OmegaConf

from pointsman_train.collect.config import CollectConfig
from pointsman_train.commands import COMMANDS, command_of
from pointsman_train.comparison import CompareConfig
from pointsman_train.config import build, register
from pointsman_train.datasets import HubConfig, LongConfig, WideConfig
from pointsman_train.errors import ConfigError
from pointsman_train.evaluate.gate import Condition, GateConfig
from pointsman_train.judge import JudgeConfig
from pointsman_train.paths import conf_dir, data_dir
from pointsman_train.pipeline import PipelineConfig
from pointsman_train.study.registry import STUDIES
from pointsman_train.train.calibration import SUCCESS_CALIBRATIONS, CalibrationConfig
from pointsman_train.train.formulations import FORMULATIONS, FormulationConfig
from pointsman_train.train.guard import GuardConfig
from pointsman_train.train.rules import RuleConfig

# What an option cannot do without.
NEEDED = {
    ("dataset", "outcomes"): ["dataset.outcomes=o.csv"],
    ("dataset", "wide"): ["dataset.path=w.csv"],
    ("dataset", "hub"): ["dataset.path=owner/name"],
    ("dataset", "prompts"): ["dataset.prompts=p.csv"],
    ("tracking", "server"): ["tracking.uri=http://localhost:1"],
}
ROOTS = {
    "train": (PipelineConfig, []),
    "evaluate": (JudgeConfig, ["router=somewhere", "dataset=embedded"]),
    "compare": (CompareConfig, ["baseline=a", "candidate=b", "dataset=embedded"]),
    "collect": (CollectConfig, ["prompts.path=p.parquet", "catalog=c.yaml"]),
}
OPTIONS = sorted(
    (root, path.parent.name, path.stem)
    for path in conf_dir().glob("*/*.yaml")
    for root in ROOTS
    if f"  - {path.parent.name}:" in (conf_dir() / f"{root}.yaml").read_text() and path.parent.name != "experiment"
)
EXPERIMENTS = sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml"))
STUDIED = sorted(set(EXPERIMENTS) & set(STUDIES))


@pytest.fixture(autouse=True)
def hydra():
    for name in COMMANDS:
        register(command_of(name))
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        yield


def composed(root, *overrides):
    schema, needed = ROOTS[root]
    return build(compose(root, overrides=[*needed, *overrides]), schema)


def test_every_root_file_is_known_here():
    assert {path.stem for path in conf_dir().glob("*.yaml")} == set(ROOTS) == set(COMMANDS)


@pytest.mark.parametrize("root", ROOTS)
def test_every_root_composes_with_nothing_given_as_its_help_does(root):
    assert compose(root)


def test_what_evaluating_cannot_do_without_is_named_all_at_once():
    with pytest.raises(ConfigError, match=r"no value for \['dataset', 'router'\]; give each on the command line"):
        build(compose("evaluate"), JudgeConfig)


@pytest.mark.parametrize("root", ROOTS)
def test_every_root_composes_and_passes_its_own_check(root):
    config = composed(root)
    assert type(config) is ROOTS[root][0]
    config.check()


def test_every_group_belongs_to_a_root():
    assert {group for _, group, _ in OPTIONS} | {"experiment"} == {p.name for p in conf_dir().iterdir() if p.is_dir()}


@pytest.mark.parametrize(("root", "group", "option"), OPTIONS)
def test_every_option_of_every_group_composes(root, group, option):
    composed(root, f"{group}={option}", *NEEDED.get((group, option), [])).check()


@pytest.mark.parametrize("name", sorted(set(EXPERIMENTS) - set(STUDIES)))
def test_every_experiment_composes_and_names_its_pool_and_router(name):
    config = composed("train", f"experiment={name}")
    config.check()
    assert config.export.name == config.tracking.registered_model == name
    assert len(config.pool) == len(set(config.pool)) >= 2
    assert config.dataset.prompts.endswith(f"{name}/prompts.parquet")
    assert f"pointsman-train experiment={name}" in (conf_dir() / "experiment" / f"{name}.yaml").read_text()


@pytest.mark.parametrize("name", STUDIED)
def test_a_study_that_is_an_experiment_goes_with_any_data_set(name):
    config = composed("train", f"experiment={name}")
    config.check()
    assert config.stages == [name]
    own = composed("train", f"experiment={name}", "dataset=outcomes", "dataset.outcomes=o.csv", "pool=[a,b]")
    assert (own.stages, own.dataset, own.pool) == ([name], LongConfig(outcomes="o.csv"), ["a", "b"])
    both = composed("train", f"experiment=[zeroeval,{name}]")
    assert (both.stages, both.export.name) == ([name], "zeroeval")
    assert f"pointsman-train experiment={name}" in (conf_dir() / "experiment" / f"{name}.yaml").read_text()


def test_the_learning_curve_is_an_experiment():
    assert "learning_curve" in STUDIED


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_a_section_of_its_name(name):
    config = composed("train", f"stages=[{name}]")
    config.check()
    assert config.study == name
    assert is_dataclass(getattr(config, name))


def test_open_data_is_found_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("POINTSMAN_OPEN_DATA", "/elsewhere")
    assert composed("train", "experiment=llmrouter").catalog == "/elsewhere/llmrouter/prices.json"
    monkeypatch.delenv("POINTSMAN_OPEN_DATA")
    assert composed("train", "experiment=llmrouter").catalog == "../shared/data/llmrouter/prices.json"


def test_the_files_say_what_the_dataclasses_say():
    config = composed("train")
    default = PipelineConfig(dataset=config.dataset)
    # What is searched is a value, not part of a schema: a search over other settings could not take it out again.
    default.tune.space = config.tune.space
    for field in fields(PipelineConfig):
        assert getattr(config, field.name) == getattr(default, field.name), field.name
    config = composed("evaluate")
    assert config == JudgeConfig(router="somewhere", dataset=config.dataset)
    config = composed("compare")
    assert config == CompareConfig(baseline="a", candidate="b", dataset=config.dataset)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("outcomes", LongConfig(outcomes="o.csv")),
        ("wide", WideConfig(path="w.csv")),
        ("hub", HubConfig(path="owner/name")),
    ],
)
def test_each_form_of_a_data_set_has_its_own_schema_with_its_defaults(option, expected):
    assert composed("train", f"dataset={option}", *NEEDED["dataset", option]).dataset == expected


def test_the_embedded_data_is_the_default_and_exists():
    dataset = composed("train").dataset
    assert dataset == LongConfig(
        outcomes=str(data_dir() / "fleet" / "outcomes.parquet"), prompts=str(data_dir() / "fleet" / "prompts.parquet")
    )
    assert (data_dir() / "fleet" / "outcomes.parquet").is_file()


def test_every_setting_can_be_given_on_the_command_line():
    config = composed(
        "train", "train.pooled.booster.trees=7", "train.features.words.max_terms=99", "label.all_fail=drop",
        "pool=[a,b]", "split.seed=5", "train.operating_points.points.balanced.value=0.05", "export.version=3",
        "stages=[label]",
    )  # fmt: skip
    assert (config.train.pooled.booster.trees, config.train.features.words.max_terms) == (7, 99)
    assert (config.label.all_fail, config.pool, config.split.seed) == ("drop", ["a", "b"], 5)
    assert config.train.operating_points.points["balanced"].value == 0.05
    assert (config.export.version, config.stages) == ("3", ["label"])


def test_rule_and_guard_can_be_given_on_the_command_line():
    config = composed("train", "rule=threshold", "train.rule.fallback_lam=0.5", "train.guard.fallback=cheapest")
    assert config.train.rule == RuleConfig("threshold", fallback_lam=0.5)
    assert config.train.guard == GuardConfig(fallback="cheapest")
    assert composed("train", "rule=conservative").train.rule == RuleConfig("conservative")
    assert not composed("train", "train.guard.enabled=false").train.guard.enabled


def test_an_operating_point_can_be_left_out():
    config = composed("train", "~train.operating_points.points.half_cost")
    config.check()
    assert list(config.train.operating_points.points) == ["no_loss", "balanced"]


@pytest.mark.parametrize(
    "override",
    ["traim.seed=1", "train.pooled.booster.tree=3", "dataset.foo=1", "foo=1", "+dataset=none", "label=none"],
)
def test_an_unknown_key_is_an_error(override):
    with pytest.raises((ConfigCompositionException, MissingConfigException)):
        composed("train", override)


@pytest.mark.parametrize(("override", "section"), [("+label.foo=1", "Label"), ("+train.features.words.foo=1", "Words")])
def test_an_unknown_key_that_is_added_is_an_error(override, section):
    with pytest.raises(
        ConfigError, match=f"^'{section}Config' object has no attribute 'foo'; see pointsman-train --help"
    ):
        composed("train", override)


@pytest.mark.parametrize("override", ["pool=a", "split.seed=x", "train.pooled.booster.trees=1.5", "label.all_fail=[]"])
def test_a_value_of_the_wrong_type_is_an_error(override):
    with pytest.raises(ConfigCompositionException):
        composed("train", override)


def test_a_required_value_that_is_missing_is_named_with_what_to_type():
    expected = r"^no value for \['dataset\.outcomes'\]; give each on the command line, as dataset\.outcomes=VALUE$"
    with pytest.raises(ConfigError, match=expected):
        composed("train", "dataset=outcomes")
    with pytest.raises(ConfigError, match=r"no value for \['router'\]"):
        build(compose("evaluate", overrides=["dataset=embedded"]), JudgeConfig)


def test_a_first_champion_needs_no_data_set():
    overrides = ["baseline=none", "candidate=models:/m/1", "promote=true"]
    config = build(compose("compare", overrides=overrides), CompareConfig)
    config.check()
    assert config == CompareConfig("none", "models:/m/1", promote=True)


def test_a_condition_of_the_gate_can_be_changed_and_left_out():
    config = composed("compare", "gate.conditions.boundary.tolerance=0.5", "~gate.conditions.cost")
    expected = GateConfig().conditions | {"boundary": Condition(tolerance=0.5)}
    del expected["cost"]
    assert config.gate == GateConfig(expected)


def test_the_strict_gate_lets_no_loss_pass():
    conditions = composed("compare", "gate=strict").gate.conditions
    assert list(conditions) == list(GateConfig().conditions)
    assert {condition.tolerance for condition in conditions.values()} == {0.0}
    assert conditions["under_routing"].rule == "better_or_equal"


def test_a_configuration_of_another_program_is_refused():
    with pytest.raises(ConfigError, match="the configuration is a PipelineConfig, expected JudgeConfig"):
        build(compose("train"), JudgeConfig)
    with pytest.raises(ConfigError, match="the configuration is a dict, expected PipelineConfig"):
        build(OmegaConf.create({"a": 1}), PipelineConfig)


def test_every_section_is_made_of_dataclasses():
    config = composed("train")
    scalars = {"stages", "pool", "catalog"}
    assert all(is_dataclass(getattr(config, f.name)) for f in fields(config) if f.name not in scalars)


@pytest.mark.parametrize("name", FORMULATIONS)
def test_the_file_of_a_formulation_names_it_with_its_default_settings_and_the_features_that_it_reads(name):
    train = composed("train", f"formulation={name}").train
    assert train.formulation == name
    for setting in fields(FormulationConfig):
        if setting.name != "formulation":
            assert getattr(train, setting.name) == getattr(FormulationConfig(), setting.name), setting.name
    assert train.features.embedding.columns == (name in ("neighbours", "mlp"))
    written = OmegaConf.load(conf_dir() / "formulation" / f"{name}.yaml")
    assert set(written) - {"formulation", "features"} == ({name} if hasattr(FormulationConfig(), name) else set())


def test_there_is_a_file_for_each_formulation_and_each_calibration():
    assert {path.stem for path in (conf_dir() / "formulation").glob("*.yaml")} == set(FORMULATIONS)
    assert {path.stem for path in (conf_dir() / "calibration").glob("*.yaml")} == set(SUCCESS_CALIBRATIONS)
    for name in SUCCESS_CALIBRATIONS:
        assert composed("train", f"calibration={name}").train.calibration == CalibrationConfig(name)
