from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest

from pointsman_train.graders import GradeItem
from pointsman_train.graders.sandbox import Limits, Report, confine, landlock, parent, run, seccomp
from pointsman_train.graders.sandbox.limits import SandboxUnavailable
from pointsman_train.graders.unit_tests import UnitTests

JOB = {"blocks": ["open('/tmp/pointsman-was-run', 'w')"], "tests": "assert True", "functions": [], "classes": []}
ALLOW, PERMISSION, PRETEND = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        ((), "no system-call filter holds"),
        (("landlock", "namespaces"), "no system-call filter holds"),
        (("seccomp",), "no protection of files holds"),
    ],
)
def test_without_enough_layers_nothing_is_run(layers, why):
    report = run(JOB, Limits(), layers)
    assert report.outcome is None
    assert report.reason.startswith(f"sandbox unavailable: {why}")
    assert not Path("/tmp/pointsman-was-run").exists()


def test_without_a_sandbox_an_answer_is_ungraded(monkeypatch):
    monkeypatch.setattr(parent.sys, "platform", "darwin")
    verdict = UnitTests().grade("x = 1", GradeItem("", "assert x == 1"))
    assert (verdict.score, verdict.reason) == (None, "sandbox unavailable: it needs Linux, this is 'darwin'")


def test_an_interpreter_that_does_not_start_is_ungraded(monkeypatch):
    monkeypatch.setattr(parent.sys, "executable", "/no/such/python")
    assert run(JOB, Limits()).reason.startswith("sandbox unavailable: no process can be started")
    monkeypatch.setattr(parent.sys, "executable", "/bin/false")
    assert run(JOB, Limits()) == Report(None, "sandbox unavailable: it ended with code 1")


def test_a_sandbox_that_breaks_on_the_way_is_ungraded_and_says_why(monkeypatch):
    monkeypatch.setattr(parent, "_START", "import no_such_module")
    reason = "sandbox unavailable: ModuleNotFoundError: No module named 'no_such_module'"
    assert run(JOB, Limits()) == Report(None, reason)


def test_all_layers_that_hold_are_reported(sandbox):
    assert {"seccomp"} < set(sandbox.held) <= {"seccomp", "landlock", "namespaces", "mounts"}


def test_the_filter_alone_is_not_enough_and_neither_are_files_alone():
    confine._require(("seccomp", "landlock"))
    confine._require(("seccomp", "namespaces", "mounts"))
    with pytest.raises(SandboxUnavailable, match="seccomp"):
        confine._require(("landlock", "namespaces", "mounts"))
    with pytest.raises(SandboxUnavailable, match="files"):
        confine._require(("seccomp", "namespaces"))


def decide(machine, number, *arguments, architecture=None, pid=77):
    """Run the filter as the kernel does: on one call, to its verdict."""
    code = list(struct.iter_unpack("HBBI", seccomp.program(machine, pid)))
    words = {0: number, 4: architecture or seccomp._ARCHITECTURES[machine]}
    words |= {16 + 8 * i: value & 0xFFFFFFFF for i, value in enumerate([*arguments, 0, 0, 0, 0][:4])}
    at, word = 0, 0
    while True:
        op, yes, no, value = code[at]
        at += 1
        match op:
            case 0x20:
                word = words[value]
            case 0x15:
                at += yes if word == value else no
            case 0x35:
                at += yes if word >= value else no
            case 0x45:
                at += yes if word & value else no
            case 0x06:
                return value


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize(
    ("name", "numbers", "arguments", "expected"),
    [
        ("read", (0, 63), (), ALLOW),
        ("execve", (59, 221), (), PERMISSION),
        ("socket", (41, 198), (1,), PERMISSION),
        ("socketpair", (53, 199), (1,), ALLOW),
        ("clone of a process", (56, 220), (17,), PERMISSION),
        ("clone of a thread", (56, 220), (0x3D0F00,), ALLOW),
        ("clone3", (435, 435), (), 0x00050000 | errno.ENOSYS),
        ("kill itself", (62, 129), (77, 9), ALLOW),
        ("kill another", (62, 129), (78, 9), PERMISSION),
        ("kill all", (62, 129), (-1, 9), PERMISSION),
        ("its own limits", (302, 261), (0,), ALLOW),
        ("its own limits by number", (302, 261), (77,), ALLOW),
        ("another's limits", (302, 261), (78,), PERMISSION),
        ("fcntl F_SETFD", (72, 25), (5, 2), ALLOW),
        ("fcntl F_SETOWN", (72, 25), (5, 8), PERMISSION),
        ("fcntl F_SETOWN_EX", (72, 25), (5, 15), PERMISSION),
        ("ioctl FIONREAD", (16, 29), (5, 0x541B), ALLOW),
        ("ioctl TIOCSTI", (16, 29), (5, 0x5412), PERMISSION),
        ("fchmod", (91, 52), (), PRETEND),
    ],
)
def test_the_filter_decides_each_call(machine, name, numbers, arguments, expected):
    number = numbers[["x86_64", "aarch64"].index(machine)]
    assert decide(machine, number, *arguments) == expected


def test_calls_of_another_architecture_end_the_process():
    assert decide("x86_64", 11, architecture=0x40000003) == 0x80000000
    assert decide("x86_64", 0x40000000 | 59) == 0x80000000


def test_an_unknown_architecture_has_no_filter():
    with pytest.raises(SandboxUnavailable, match="no system-call filter for 'riscv64', only for"):
        seccomp.program("riscv64", 1)


@pytest.mark.parametrize(("abi", "bits"), [(1, 13), (2, 14), (3, 15), (4, 15), (5, 16), (7, 16)])
def test_each_version_of_landlock_handles_the_rights_that_it_has(abi, bits):
    assert landlock._handled(abi) == (1 << bits) - 1


def test_paths_of_an_unreachable_interpreter_are_rerouted(monkeypatch):
    monkeypatch.setattr(confine.os, "access", lambda path, mode: path != "/closed/py")
    monkeypatch.setattr(confine.sys, "path", ["/closed/py/lib", "/closed/python", "/open/lib"])
    monkeypatch.setattr(confine.sys, "modules", {})
    confine.reroute({"/closed/py": 7, "/open": 8})
    assert confine.sys.path == ["/proc/self/fd/7/lib", "/closed/python", "/open/lib"]
