"""Each attack is graded like an answer; it must not pass, must not hurt, and must end in seconds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from pointsman_train.graders.sandbox import Limits, run

TIGHT = Limits(cpu_seconds=2, wall_seconds=6, memory_mb=256, file_mb=4, threads=8)


def attack(code, layers, limits=TIGHT):
    began = time.monotonic()
    report = run({"blocks": [code], "tests": "assert True", "functions": [], "classes": []}, limits, layers)
    assert time.monotonic() - began < 30
    return report


# What each raises: the code is stopped at the first step, or the harness's success would mean that it went on.
STOPPED = {
    "fork bomb": ("import os\nwhile True: os.fork()", "PermissionError"),
    "fork past Python": ("import ctypes, os\nif ctypes.CDLL(None).fork() == -1: raise OSError('no fork')", "no fork"),
    "a program": ("import subprocess\nsubprocess.run(['/bin/true'])", "PermissionError"),
    "a program instead of this one": ("import os\nos.execv('/bin/true', ['true'])", "PermissionError"),
    "multiprocessing": ("import multiprocessing as m\nm.get_context('fork').Process(target=int).start()", "Error"),
    "thread bomb": (
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(9,)).start()",
        "can't start new thread",
    ),
    "10 GB at once": ("x = bytearray(10 << 30)", "MemoryError"),
    "10 GB by and by": ("x = []\nwhile True: x.append(bytearray(1 << 20))", "MemoryError"),
    "10 GB past Python": ("import mmap\nmmap.mmap(-1, 10 << 30)", "Cannot allocate memory"),
    "memory in a nameless file": ("import os\nos.memfd_create('x')", "PermissionError"),
    "a socket": ("import socket\nsocket.socket()", "PermissionError"),
    "a connection": ("import socket\nsocket.create_connection(('127.0.0.1', PORT), 2)", "PermissionError"),
    "a local socket": ("import socket\nsocket.socket(socket.AF_UNIX)", "PermissionError"),
    "a name look-up": ("import socket\nsocket.getaddrinfo('example.org', 80)", "gaierror"),
    "killing its parent": ("import os\nos.kill(os.getppid(), 9)", "PermissionError"),
    "killing all": ("import os\nos.kill(-1, 9)", "PermissionError"),
    "killing its group": ("import os\nos.killpg(0, 9)", "PermissionError"),
    "a signal by way of a file": (
        "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())",
        "PermissionError",
    ),
    "limits of its parent": ("import os, resource\nresource.prlimit(VICTIM, resource.RLIMIT_CPU, (0, 0))", "Error"),
    "more memory for itself": ("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "Error"),
    "writing beside its folder": ("open('../beside', 'w')", "Error"),
    "writing at home": ("import os\nopen(OUTSIDE + '/new', 'w')", "Error"),
    "changing a file": ("open(OUTSIDE + '/kept', 'a')", "Error"),
    "cutting a file": ("import os\nos.truncate(OUTSIDE + '/kept', 0)", "Error"),
    "removing a file": ("import os\nos.remove(OUTSIDE + '/kept')", "Error"),
    "moving a file": ("import os\nos.rename(OUTSIDE + '/kept', OUTSIDE + '/gone')", "Error"),
    "a link to a file": ("import os\nos.link(OUTSIDE + '/kept', 'mine')", "Error"),
    "writing through a link": ("import os\nos.symlink(OUTSIDE + '/new', 'x')\nopen('x', 'w')", "Error"),
    "shared memory": ("open('/dev/shm/pointsman-attack', 'w')", "Error"),
    "a device": ("import os\nos.mknod('disk', 0o060600, os.makedev(254, 0))", "Error"),
    "a file too large": ("with open('x', 'wb') as f:\n    while True: f.write(bytes(1 << 20))", "Error"),
    "many files": ("i = 0\nwhile True:\n    i += 1\n    open(str(i), 'wb').write(bytes(1 << 20))", "Error"),
    "many open files": ("import os\nx = []\nwhile True: x.append(os.dup(0))", "Too many open files"),
    "the parent's environment": ("import os\nopen(f'/proc/{os.getppid()}/environ').read()", "Error"),
    "the parent's memory": ("import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')", "Error"),
    "a new mount": (
        "import ctypes\nif ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, b'') == -1: raise OSError('refused')",
        "refused",
    ),
    "a new namespace": (
        "import ctypes\nif ctypes.CDLL(None).unshare(0x10000000) == -1: raise OSError('refused')",
        "ref",
    ),
    "becoming root": ("import os\nos.setuid(0)", "Error"),
}

# What ends without its tests, or does not end by itself.
ENDED = {
    "os._exit(0)": ("import os\nos._exit(0)", "before its tests were over"),
    "os._exit(0) when tested": ("class X(dict): pass\nimport os, builtins\nos._exit(0)", "before its tests"),
    "sys.exit(0)": ("import sys\nsys.exit(0)", "SystemExit"),
    "catching the end": (
        "import sys\ntry: sys.exit(0)\nexcept SystemExit: pass\nimport os\nos.write(1, b'passed')\nos._exit(0)",
        "before its tests were over",
    ),
    "an end that exits": ("import atexit, os\natexit.register(os._exit, 0)\nraise SystemExit", "SystemExit"),
    "abort": ("import os\nos.abort()", "SIGABRT"),
    "a crash": ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    "closing everything": ("import os\nos.closerange(0, 64)", "before its tests were over"),
    "a forged report": (
        'import os\nfor fd in range(3, 64):\n    try: os.write(fd, b\'{"token": "guess"}\\n\')\n'
        "    except OSError: pass\nos._exit(0)",
        "before its tests were over",
    ),
    "an endless report": (
        "import os\nwhile True:\n    for fd in range(3, 64):\n"
        "        try: os.write(fd, bytes(65536))\n        except OSError: pass",
        "reported more than",
    ),
    "an endless loop": ("while True: pass", "processor time"),
    "an endless loop that ignores its signal": (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        "processor time",
    ),
    "an endless multiplication": ("x = 9 ** 9 ** 9", "processor time"),
    "a hostile error": (
        "class E(BaseException):\n    def __str__(self):\n        while True: pass\nraise E",
        "processor time",
    ),
    "gigabytes of output": ("while True: print('x' * 1_000_000)", "processor time"),
    "deep recursion": ("def f(): f()\nf()", "RecursionError"),
}


@pytest.fixture
def around(tmp_path):
    """A folder outside with a file that must stay, a port that must stay silent, a process that must live."""
    kept = tmp_path / "kept"
    kept.write_text("kept")
    # Even where anybody may write, the sandbox may not.
    for path in (kept, tmp_path):
        path.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        victim = subprocess.Popen(["/bin/sleep", "60"])
        try:
            yield {"OUTSIDE": str(tmp_path), "PORT": server.getsockname()[1], "VICTIM": victim.pid}
            assert victim.poll() is None
        finally:
            victim.kill()
            victim.wait()
        with pytest.raises(BlockingIOError):
            server.accept()
    assert kept.read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def code_of(code, around):
    return "\n".join([*(f"{name} = {value!r}" for name, value in around.items()), code])


@pytest.mark.parametrize("name", STOPPED)
def test_the_attack_is_refused(name, around, layers):
    code, why = STOPPED[name]
    report = attack(code_of(code, around), layers)
    assert "failed" in report.outcome
    assert why in report.reason, report.reason


@pytest.mark.parametrize("name", ENDED)
def test_an_answer_that_does_not_reach_its_tests_has_failed(name, sandbox):
    code, why = ENDED[name]
    limits = Limits(cpu_seconds=1, wall_seconds=10, memory_mb=256, threads=8)
    report = attack(code, ("seccomp", "landlock", "namespaces"), limits)
    assert "failed" in report.outcome
    assert why in report.reason, report.reason


def test_an_answer_that_sleeps_is_ended_by_the_clock(sandbox):
    limits = Limits(cpu_seconds=1, wall_seconds=1, memory_mb=256)
    began = time.monotonic()
    report = attack("import time\ntime.sleep(60)", ("seccomp", "landlock", "namespaces"), limits)
    assert report.reason == "ran longer than 1 s"
    assert time.monotonic() - began < 10


def test_the_environment_is_empty(layers, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "secret")
    report = attack("import os\nraise ValueError(sorted(os.environ))", layers)
    assert "API_KEY" not in report.reason
    assert report.reason.startswith("ValueError: [")


def test_a_secret_in_a_file_is_not_read(tmp_path, sandbox):
    if "landlock" not in sandbox.held:
        pytest.skip("without Landlock the rights of files decide")
    (tmp_path / "key").write_text("secret")
    for path in [tmp_path / "key", *list(tmp_path.parents)[:3], tmp_path]:
        if path.stat().st_uid == os.getuid() and path != Path("/tmp"):
            path.chmod(0o755)
    for path in (str(tmp_path / "key"), "/etc/passwd", "/proc/self/environ", __file__):
        report = attack(f"raise ValueError(open({path!r}).read())", ("seccomp", "landlock", "namespaces"))
        assert report.reason.startswith("PermissionError"), path


def test_the_mode_of_a_file_outside_stays(tmp_path, layers):
    path = tmp_path / "kept"
    path.write_text("kept")
    path.chmod(0o640)
    attack(f"import os\nos.chmod({str(path)!r}, 0o777)\nos.utime({str(path)!r}, (0, 0))", layers)
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.stat().st_mtime > 0


def test_no_process_and_no_folder_stays_behind(layers, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    before = children()
    attack("import os, signal, threading\nthreading.Thread(target=signal.pause).start()\nos.closerange(3, 64)", layers)
    assert children() == before
    assert list(tmp_path.iterdir()) == []


def children():
    return sorted(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_run_from_a_thread_with_blocked_signals_ends_too(sandbox):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        assert "processor time" in attack("while True: pass", ("seccomp", "landlock", "namespaces")).reason
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
