from __future__ import annotations

import json

import pytest

from pointsman_train.data import ModelSpec
from pointsman_train.datasets import read_catalog
from pointsman_train.errors import DataError

YAML = """
small:
  input_per_m: 1e-1
  output_per_m: 0.4
  base_model: true
large: {avg_per_m: 24.7, source: a paper}
unpriced:
"""


@pytest.fixture
def catalog(tmp_path):
    def build(text: str, name: str = "catalog.yaml") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return build


def test_each_form_gives_the_same_models_and_other_keys_are_left_alone(catalog):
    expected = {
        "small": ModelSpec("small", 0.1, 0.4),
        "large": ModelSpec("large", avg_per_m=24.7),
        "unpriced": ModelSpec("unpriced"),
    }
    assert read_catalog(catalog(YAML)) == expected
    plain = {
        "small": {"input_per_m": 0.1, "output_per_m": 0.4, "base_model": True},
        "large": {"avg_per_m": 24.7, "source": "a paper"},
        "unpriced": None,
    }
    assert read_catalog(catalog(json.dumps(plain), "catalog.json")) == expected
    assert read_catalog(catalog("\ufeff" + json.dumps(plain), "catalog.json")) == expected
    toml = "[small]\ninput_per_m = 0.1\noutput_per_m = 0.4\n[large]\navg_per_m = 24.7\n[unpriced]\n"
    assert read_catalog(catalog(toml, "catalog.toml")) == expected


@pytest.mark.parametrize(
    ("price", "shown"),
    [("-0.1", "-0.1"), ("cheap", "'cheap'"), (".inf", "inf"), ("true", "True"), ("9" * 400, "9" * 400)],
)
def test_a_price_that_is_no_amount_names_model_and_key(catalog, price, shown):
    path = catalog(f"small: {{input_per_m: {price}}}")
    with pytest.raises(DataError) as error:
        read_catalog(path)
    assert str(error.value) == (
        f"{path}: model 'small': input_per_m is {shown}, expected US dollars per million tokens, 0 or more, "
        "or null where unknown"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- small\n- large", "expected a mapping, got a list"),
        ("", "expected a mapping, got a NoneType"),
        ("small: 0.1", "model 'small': expected a mapping with prices, got 0.1"),
        ("small: {input_per_m: 1", "cannot be parsed"),
    ],
)
def test_a_catalog_of_another_shape_is_refused(catalog, text, message):
    with pytest.raises(DataError, match=rf"catalog\.yaml:? {message}"):
        read_catalog(catalog(text))


def test_broken_json_a_missing_file_and_an_unknown_suffix_are_refused(catalog):
    with pytest.raises(DataError, match=r"catalog\.json cannot be parsed"):
        read_catalog(catalog("{", "catalog.json"))
    with pytest.raises(DataError, match=r"^gone\.yaml: no such file \(looked from the working folder\)$"):
        read_catalog("gone.yaml")
    with pytest.raises(DataError, match=r"prices\.txt: a catalog is a file that ends in \.toml, \.json"):
        read_catalog(catalog("", "prices.txt"))
