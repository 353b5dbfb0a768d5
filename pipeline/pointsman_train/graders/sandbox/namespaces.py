"""Namespaces of its own for the sandboxed process: user, network, IPC and mounts."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

from pointsman_train.graders.sandbox import libc

_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _RDONLY = 442, -100, 0x8000, 1
_NOSUID, _NODEV, _NOEXEC = 2, 4, 8


def enter() -> None:
    """Leave the machine's network, IPC and mounts. The user stays the same, as it is seen from outside.

    Raises
    ------
    OSError
        Where the kernel or its policy does not allow it.
    """
    user, group = os.getuid(), os.getgid()
    flags = libc.CLONE_NEWUSER | libc.CLONE_NEWNET | libc.CLONE_NEWIPC | libc.CLONE_NEWNS
    libc.checked(libc.load().unshare(ctypes.c_int(flags)), "unshare")
    own = Path("/proc/self")
    for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        (own / name).write_text(line, encoding="ascii")


def close_files(folder: str, size_mb: int) -> None:
    """Make all that is mounted read-only, and the folder a file system in memory of the given size.

    Raises
    ------
    OSError
        Where the kernel or its policy does not allow it.
    """
    read_only = struct.pack("QQQQ", _RDONLY, 0, 0, 0)
    where = (_AT_FDCWD, b"/", _AT_RECURSIVE, read_only, len(read_only))
    libc.syscall(_MOUNT_SETATTR, "mount_setattr", *where)
    options = f"size={size_mb}m,nr_inodes=1024,mode=700".encode()
    flags = ctypes.c_ulong(_NOSUID | _NODEV | _NOEXEC)
    libc.checked(libc.load().mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options), "mount")
    os.chdir(folder)
