"""The notebooks are kept executed, say nothing of the machine that they ran on, hold no logic, and still run."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# This one is quick: it reads and counts. The others train.
QUICK = "1_outcomes_and_labels.ipynb"
MOST_BYTES = 300_000

# A folder of someone's machine, or of where its Python lies.
_OF_A_MACHINE = re.compile(r"(?<![\w.:/])/(?:work|tmp|home|root|Users|opt|usr|var|mnt|srv)/|[A-Z]:\\\\|site-packages|\.venv")


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def test_there_are_three():
    assert [path.name for path in NOTEBOOKS] == [QUICK, "2_one_router.ipynb", "3_two_versions.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_executed_from_top_to_bottom_without_an_error(path):
    nbformat.validate(read(path))
    assert [cell.execution_count for cell in code(path)] == list(range(1, len(code(path)) + 1))
    outputs = [output for cell in code(path) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 1
    assert sum("text/html" in output.get("data", {}) for output in outputs) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_holds_no_path_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    # Pictures are base64, which may spell anything.
    assert not _OF_A_MACHINE.findall(re.sub(r'"image/png": "[^"]*"', "", text))


def test_a_path_of_a_machine_would_be_found():
    for text in ("'/tmp/abc/run'", "in /home/me/x", "C:\\\\Users", "/x/site-packages/y"):
        assert _OF_A_MACHINE.search(text), text
    for text in ("https://example.com/home/", "runs/tmp/x", "models:/work/1"):
        assert not _OF_A_MACHINE.search(text), text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_calls_the_packages_and_defines_nothing(path):
    source = "\n".join(line for cell in code(path) for line in cell.source.splitlines() if not line.startswith("%"))
    logic = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Try)
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, logic)]
    assert "pointsman_train" in source


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=() if path.name == QUICK else pytest.mark.slow, id=path.stem) for path in NOTEBOOKS],
)
def test_a_notebook_runs_and_shows_what_it_is_kept_with(path, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    fresh = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for now, kept in zip(fresh, code(path), strict=True):
        assert [kinds(output) for output in now.outputs] == [kinds(output) for output in kept.outputs], kept.source
    assert not list(tmp_path.glob("*.parquet"))


def kinds(output: Any) -> tuple[str, tuple[str, ...]]:
    """Return what an output is made of; its figures may differ in the last digits from one machine to another."""
    return output.output_type, tuple(sorted(output.get("data", {})))
