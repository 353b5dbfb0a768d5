"""Landlock: which files the sandboxed process may open."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from pointsman_train.graders.sandbox import libc

ENOUGH = 3
"""From this version of Landlock on, a file outside cannot be cut to nothing either."""

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE, _DEVICE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _DEVICE
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
_TCP, _SCOPES = 0b11, 0b11


def version() -> int:
    """Return the kernel's version of Landlock; 0 where it has none."""
    try:
        return libc.syscall(_CREATE, "landlock_create_ruleset", None, 0, 1)
    except OSError:
        return 0


def _handled(abi: int) -> int:
    return (1 << max(bits for since, bits in _FILE_RIGHTS.items() if since <= abi)) - 1


def restrict(readable: Iterable[int], writable: Iterable[int]) -> int:
    """Allow this process only the files under the given ones, for good; also no TCP and no signal to others.

    Parameters
    ----------
    readable, writable
        Descriptors of files and folders, opened before.

    Returns
    -------
    int
        The version of Landlock.

    Raises
    ------
    OSError
        Where the kernel has no Landlock or refuses.
    """
    abi = version()
    if abi < 1:
        raise OSError("the kernel has no Landlock")
    handled = _handled(abi)
    attributes = struct.pack("QQQ", handled, _TCP, _SCOPES)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    ruleset = libc.syscall(_CREATE, "landlock_create_ruleset", attributes, len(attributes), 0)
    for descriptor in readable:
        _allow(ruleset, descriptor, _READ | _LIST)
    for descriptor in writable:
        _allow(ruleset, descriptor, handled & ~_EXECUTE)
    libc.forbid_new_privileges()
    libc.syscall(_RESTRICT, "landlock_restrict_self", ruleset, 0)
    os.close(ruleset)
    return abi


def _allow(ruleset: int, descriptor: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        rights &= _ON_FILES
    rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor))
    libc.syscall(_ADD, "landlock_add_rule", ruleset, 1, rule, 0)
