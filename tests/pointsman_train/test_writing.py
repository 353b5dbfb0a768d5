from __future__ import annotations

import json
import math

import pytest

from pointsman_train.writing import write_json, write_text


def test_json_is_written_whole_and_without_nan(tmp_path):
    assert write_json({"a": 1}, tmp_path / "x.json") == tmp_path / "x.json"
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"a": math.nan}, tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": 1}
    write_text("é", tmp_path / "x.md")
    assert (tmp_path / "x.md").read_bytes() == "é\n".encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.json", "x.md"]
