"""The system-call filter: what the sandboxed process may not ask of the kernel."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator

from pointsman_train.graders.sandbox import libc
from pointsman_train.graders.sandbox.limits import SandboxUnavailable

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Numbers by (x86_64, aarch64), from the kernel's tables; None where the architecture lacks the call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # processes and programs
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # the network, and io_uring, which opens sockets past a filter
    "socket": (41, 198), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    # other processes
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "migrate_pages": (256, 238), "move_pages": (279, 239), "kcmp": (312, 272),
    "setpriority": (141, 140), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274), "sched_setaffinity": (203, 122), "ioprio_set": (251, 30),
    # memory that no limit counts
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # mounts and namespaces
    "mount": (165, 40), "umount2": (166, 39), "move_mount": (429, 429), "open_tree": (428, 428),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268),
    # the kernel's own programs and keys
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "open_by_handle_at": (304, 265), "mknod": (133, None),
    "mknodat": (259, 33),
}  # fmt: skip

# Landlock does not watch these. They pretend to succeed, so that copying a file with its mode still works.
_PRETENDED: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "utimensat": (280, 88), "futimesat": (261, None),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}  # fmt: skip

_CLONE, _CLONE3, _KILL, _TGKILL = (56, 220), (435, 435), (62, 129), (234, 131)
_PRLIMIT, _FCNTL, _IOCTL = (302, 261), (72, 25), (16, 29)
_CLONE_THREAD = 0x00010000
_FCNTL_SIGNALS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals to another process by way of a file
_IOCTL_SIGNALS = (0x8901, 0x8902, 0x5412)  # FIOSETOWN, SIOCSPGRP, TIOCSTI
_X32 = 0x40000000

_LOAD, _EQUAL, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_SECCOMP, _SET_MODE_FILTER = {"x86_64": 317, "aarch64": 277}, 1


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _argument(index: int) -> bytes:
    # The low word on a little-endian machine, which both architectures are: pids and flags fit in it.
    return _op(_LOAD, 16 + 8 * index)


def _when(number: int, *body: bytes) -> bytes:
    """Run a body, which must end in a return, where the call has this number."""
    return _op(_EQUAL, number, 0, len(body)) + b"".join(body)


def _only(argument: int, allowed: tuple[int, ...]) -> tuple[bytes, ...]:
    tests = [_op(_EQUAL, value, len(allowed) - i, 0) for i, value in enumerate(allowed)]
    return (_argument(argument), *tests, _op(_RETURN, _ERRNO | errno.EPERM), _op(_RETURN, _ALLOW))


def _never(argument: int, refused: tuple[int, ...]) -> tuple[bytes, ...]:
    tests = [_op(_EQUAL, value, len(refused) - i, 0) for i, value in enumerate(refused)]
    return (_argument(argument), *tests, _op(_RETURN, _ALLOW), _op(_RETURN, _ERRNO | errno.EPERM))


def _rules(column: int, pid: int) -> Iterator[bytes]:
    for table, number in ((_REFUSED, errno.EPERM), (_PRETENDED, 0)):
        for numbers in table.values():
            call = numbers[column]
            if call is not None:
                yield _when(call, _op(_RETURN, _ERRNO | number))
    thread = (_op(_ANY_BIT, _CLONE_THREAD, 1, 0), _op(_RETURN, _ERRNO | errno.EPERM), _op(_RETURN, _ALLOW))
    yield _when(_CLONE[column], _argument(0), *thread)
    # The flags of clone3 stand in memory, where a filter cannot look; libraries fall back to clone.
    yield _when(_CLONE3[column], _op(_RETURN, _ERRNO | errno.ENOSYS))
    yield _when(_KILL[column], *_only(0, (pid,)))
    yield _when(_TGKILL[column], *_only(0, (pid,)))
    yield _when(_PRLIMIT[column], *_only(0, (0, pid)))
    yield _when(_FCNTL[column], *_never(1, _FCNTL_SIGNALS))
    yield _when(_IOCTL[column], *_never(1, _IOCTL_SIGNALS))


def program(machine: str, pid: int) -> bytes:
    """Return the filter as the kernel reads it, 8 bytes an instruction.

    Parameters
    ----------
    machine
        As ``os.uname().machine`` names it.
    pid
        The process that the filter is for: it may signal itself.

    Raises
    ------
    SandboxUnavailable
        For an architecture whose calls are not known here.
    """
    if machine not in _ARCHITECTURES:
        raise SandboxUnavailable(f"no system-call filter for {machine!r}, only for {sorted(_ARCHITECTURES)}")
    head = [_op(_LOAD, 4), _op(_EQUAL, _ARCHITECTURES[machine], 1, 0), _op(_RETURN, _KILL_PROCESS), _op(_LOAD, 0)]
    head += [_op(_GREATER_EQUAL, _X32, 0, 1), _op(_RETURN, _KILL_PROCESS)]
    column = list(_ARCHITECTURES).index(machine)
    return b"".join([*head, *_rules(column, pid), _op(_RETURN, _ALLOW)])


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install() -> None:
    """Put the filter on this process, for good.

    Raises
    ------
    SandboxUnavailable
        For an unknown architecture.
    OSError
        Where the kernel refuses.
    """
    machine = os.uname().machine
    code = program(machine, os.getpid())
    libc.forbid_new_privileges()
    whole = _Program(len(code) // 8, code)
    libc.syscall(_SECCOMP[machine], "seccomp", _SET_MODE_FILTER, 0, ctypes.byref(whole))
