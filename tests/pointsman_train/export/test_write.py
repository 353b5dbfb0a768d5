from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from pointsman import Router
from pointsman.bundle import load_bundle
from pointsman.errors import BundleError
from pointsman_train.errors import ExportError
from pointsman_train.export.write import next_version, write_bundle

# Writes the bundle of argv[1] as argv[2], and is killed when it does for the first time what argv[3:] says.
KILLED = """
import os, signal, sys
from pathlib import Path
from pointsman_train.export.write import write_bundle

source, target, event, name = sys.argv[1:]
files = [(Path(source) / f).read_bytes() for f in ("router.onnx", "router.json", "README.md")]

def die(happened, arguments):
    if happened == event and str(arguments[0]).endswith(name) and target.rsplit("/", 1)[0] in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
write_bundle(Path(target), files[0], files[1].decode(), files[2].decode())
"""
LIMITED = """
import resource, sys
from pathlib import Path
from pointsman_train.errors import ExportError
from pointsman_train.export.write import write_bundle

resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_bundle(Path(sys.argv[1]), bytes(20_000), "{}", "")
except ExportError as error:
    print(error)
"""


@pytest.fixture
def content(trained):
    """The graph, the manifest and the card of a real router."""
    folder = trained.bundle
    return (folder / "router.onnx").read_bytes(), *((folder / f).read_text() for f in ("router.json", "README.md"))


def run(code, *arguments, environment):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_versions_count_up_from_the_highest(tmp_path):
    assert next_version(tmp_path / "none") == "1"
    for name, expected in (("1", "2"), ("9", "10"), ("10", "11"), ("beta", "11"), (".12.partial", "11"), ("3", "11")):
        (tmp_path / name).mkdir()
        assert next_version(tmp_path) == expected


def test_a_bundle_has_three_files_and_loads(tmp_path, content):
    folder = write_bundle(tmp_path / "new" / "router" / "1", *content)
    assert {path.name for path in folder.iterdir()} == {"router.onnx", "router.json", "README.md"}
    assert [path.name for path in folder.parent.iterdir()] == ["1"]
    assert Router.load(folder).name == "small/1"
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_version_is_never_overwritten(tmp_path, content):
    (tmp_path / "1").mkdir()
    expected = f"{tmp_path / '1'} exists already; a version is never overwritten, choose another export.version"
    with pytest.raises(ExportError, match=re.escape(expected)):
        write_bundle(tmp_path / "1", *content)
    assert list(tmp_path.rglob("*")) == [tmp_path / "1"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path, content):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"file cannot be written to \(.*\); set export\.folder"):
        write_bundle(tmp_path / "file" / "1", *content)


def test_a_bundle_that_does_not_verify_is_not_written(tmp_path, content):
    onnx, manifest, card = content
    with pytest.raises(ExportError, match=r"does not load, so it is not published: .* has the sha256"):
        write_bundle(tmp_path / "1", onnx + b"\0", manifest, card)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path, environment):
    done = run(LIMITED, tmp_path / "1", environment=environment)
    assert re.search(r"1 could not be written \(\[Errno 27\] File too large\)", done.stdout), done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["router.onnx", "README.md", "router.json.partial"])
def test_a_run_that_is_killed_before_a_file_leaves_nothing_that_loads(tmp_path, trained, environment, name, content):
    target = tmp_path / "routers" / "1"
    done = run(KILLED, trained.bundle, target, "open", name, environment=environment)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not target.exists()
    left = [path for path in tmp_path.rglob("*") if path.is_dir()]
    for folder in left:
        with pytest.raises(BundleError):
            load_bundle(folder)
    # What lies about does not stand in the way of the next run.
    assert next_version(target.parent) == "1"
    assert Router.load(write_bundle(target, *content)).name == "small/1"


def test_a_run_that_is_killed_before_the_manifest_has_its_name_leaves_nothing_that_loads(
    tmp_path, trained, environment, content
):
    target = tmp_path / "routers" / "1"
    done = run(KILLED, trained.bundle, target, "os.rename", "router.json.partial", environment=environment)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(BundleError, match=r"has no router\.json"):
        load_bundle(target)
    assert next_version(target.parent) == "2"
    assert Router.load(write_bundle(target.with_name("2"), *content)).name == "small/1"


def test_a_run_that_is_killed_before_the_folder_has_its_name_leaves_no_version(tmp_path, trained, environment):
    target = tmp_path / "routers" / "1"
    done = run(KILLED, trained.bundle, target, "os.rename", "partial", environment=environment)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path.name for path in target.parent.iterdir() if not path.name.startswith(".")] == []
    with pytest.raises(BundleError):
        load_bundle(target)


def test_nothing_is_published_when_registering_fails(tmp_path, content):
    seen = []

    def register(copy):
        seen.append(Router.load(copy).name)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "1", *content, register=register)
    assert seen == ["small/1"]
    assert list(tmp_path.iterdir()) == []
