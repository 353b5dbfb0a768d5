from __future__ import annotations

import json

import pytest

from pointsman.dispatch.errors import SettingsError
from pointsman.dispatch.settings import Breaker, Retries, Settings
from pointsman.dispatch.settings_file import read_settings


@pytest.fixture
def file(tmp_path):
    def write(content, name="settings.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_settings_come_from_toml_json_and_yaml_alike(file):
    toml = """
        shadow = true
        default_model = "large"
        explore = 0.05
        session_idle_s = 60
        retries = {tries = 3}
        breaker = {cooldown_s = 1.5}
        defaults = {operating_point = "no_loss", provider = {zdr = true}}
    """
    yaml = """
        shadow: true
        default_model: large
        explore: 0.05
        session_idle_s: 60
        retries: {tries: 3}
        breaker: {cooldown_s: 1.5}
        defaults: {operating_point: no_loss, provider: {zdr: true}}
    """
    settings, defaults = read_settings(file(toml, "settings.toml"))
    assert settings == Settings(
        shadow=True, default_model="large", explore=0.05, session_idle_s=60, retries=Retries(tries=3),
        breaker=Breaker(cooldown_s=1.5),
    )  # fmt: skip
    assert defaults == {"operating_point": "no_loss", "provider": {"zdr": True}}
    assert read_settings(file(yaml, "settings.yaml")) == (settings, defaults)


def test_an_empty_file_leaves_everything_as_it_is(file):
    assert read_settings(file({})) == (Settings(), {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"shadows": True}, "unknown setting 'shadows'; did you mean 'shadow'?"),
        ({"retries": {"tires": 1}}, "retries: unknown setting 'tires'; did you mean 'tries'?"),
        ({"shadow": 1}, "shadow is 1, expected bool"),
        ({"explore": True}, "explore is True, expected float"),
        ({"default_model": 3}, "default_model is 3, expected str or NoneType"),
        ({"earlier_turns": 1.5}, "earlier_turns is 1.5, expected int"),
        ({"retries": 3}, "retries: expected a mapping, got 3"),
        ({"defaults": []}, "defaults is [], expected a mapping of routing fields"),
        ("[]", "expected a mapping, got a list"),
        ("{", "cannot be parsed"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(file, content, said):
    with pytest.raises(SettingsError) as error:
        read_settings(file(content))
    assert said in str(error.value)


def test_a_default_of_the_wrong_form_is_told(file):
    with pytest.raises(SettingsError, match=r"settings.json: defaults: pointsman has 'modles'"):
        read_settings(file({"defaults": {"modles": []}}))


def test_a_word_that_yaml_takes_for_a_truth_value_is_told(file):
    with pytest.raises(SettingsError, match="unknown setting True; expected some of"):
        read_settings(file("on: 1", "settings.yaml"))


def test_a_deadline_in_which_nobody_answers_is_told():
    for name in ("deadline_s", "longest_try_s"):
        with pytest.raises(SettingsError, match=f"{name} is 0, in which nobody answers"):
            Settings(retries=Retries(**{name: 0})).check(("a", "b"))


def test_defaults_that_leave_no_model_are_told(router, core):
    with pytest.raises(SettingsError, match="the defaults leave no model of"):
        core(defaults={"models": ["no-such-model"]})


def test_a_file_of_another_kind_or_none_is_told(file, tmp_path):
    with pytest.raises(SettingsError, match="a settings file is a file that ends in"):
        read_settings(file("", "settings.ini"))
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "none.json")
