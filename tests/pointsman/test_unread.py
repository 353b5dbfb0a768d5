from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.unread import unread_is_no_error

# Writes more than a pipe and a buffer hold, and a file when it is through.
WORK = """
import logging, sys
from pathlib import Path
from pointsman.unread import unread_is_no_error
with unread_is_no_error():
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    for i in range(2000):
        print("x" * 200)
        logging.info("y" * 200)
    Path(sys.argv[1]).write_text("done")
"""


def without_a_reader(*command: str | Path) -> tuple[int, str]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        return process.wait(60), process.stderr.read()


def test_work_goes_on_without_a_word_when_nobody_reads_what_it_says(tmp_path):
    assert without_a_reader(sys.executable, "-c", WORK, tmp_path / "end") == (0, "")
    assert (tmp_path / "end").read_text() == "done"


@pytest.mark.parametrize("command", ["pointsman", "pointsman-train"])
def test_help_without_a_reader_ends_well(command):
    assert without_a_reader(Path(sys.executable).parent / command, "--help") == (0, "")


def test_what_is_read_arrives_and_standard_output_is_as_before(capsys):
    before = sys.stdout
    with unread_is_no_error():
        sys.stdout.write("all")
        assert sys.stdout.encoding == before.encoding
    assert sys.stdout is before
    assert capsys.readouterr().out == "all"


def test_another_error_of_standard_output_is_an_error(monkeypatch):
    class Full:
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stdout", Full())
    with unread_is_no_error(), pytest.raises(OSError, match="No space left"):
        sys.stdout.write("all")
