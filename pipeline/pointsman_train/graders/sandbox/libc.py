"""The C library, for system calls that Python 3.11 does not offer."""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x40000000
_SET_DUMPABLE, _SET_NO_NEW_PRIVS = 4, 38
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522


def load() -> ctypes.CDLL:
    """Return the C library with its error numbers kept."""
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """Return the result of a call; raise :class:`OSError` that names it where it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number: int, what: str, *arguments: object) -> int:
    """Make a system call by number; integers go as the machine's words."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return checked(load().syscall(ctypes.c_long(number), *words), what)


def prctl(option: int, value: int, what: str) -> None:
    """Set an attribute of this process."""
    rest = (ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
    checked(load().prctl(ctypes.c_int(option), *rest), what)


def stay_dumpable() -> None:
    """Let this process write its own files in /proc after it changed its user."""
    prctl(_SET_DUMPABLE, 1, "prctl(PR_SET_DUMPABLE)")


def forbid_new_privileges() -> None:
    """Give up, for good, whatever a set-user-id program would give."""
    prctl(_SET_NO_NEW_PRIVS, 1, "prctl(PR_SET_NO_NEW_PRIVS)")


def drop_capabilities() -> None:
    """Give up every capability that this process has, those in its own user namespace too."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    syscall(_CAPSET[os.uname().machine], "capset", header, (ctypes.c_uint32 * 6)())
