"""The sandboxed process shuts itself in, layer by layer."""

from __future__ import annotations

import math
import os
import resource
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from pointsman_train.graders.sandbox import landlock, libc, namespaces, seccomp
from pointsman_train.graders.sandbox.limits import Limits, SandboxUnavailable

NOBODY = 65534
_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/zero", "/dev/urandom", "/dev/random")
_NULL = "/dev/null"
_MIB = 1 << 20


def confine(folder: str, limits: Limits, layers: Collection[str]) -> tuple[str, ...]:
    """Shut this process in, for good.

    Parameters
    ----------
    folder
        Its own folder, the working directory.
    limits
        What it may use.
    layers
        Which of ``LAYERS`` to try.

    Returns
    -------
    tuple of str
        The layers that hold.

    Raises
    ------
    SandboxUnavailable
        Where too little holds to run anything.
    """
    prefixes = _open([sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix])
    system = _open(_SYSTEM)
    _leave_root(folder)
    reroute(prefixes)
    held = _namespaces(folder, limits) if "namespaces" in layers else ()
    _set_limits(limits, 0 if held else _tasks_of(os.getuid()))
    if "landlock" in layers:
        # A folder on a disk of the machine could be filled: it stays closed.
        own = [folder] if "mounts" in held else []
        held += _landlock([*prefixes.values(), *system.values()], own)
    libc.drop_capabilities()
    if "seccomp" in layers:
        held += _seccomp()
    _close(system.values())
    _require(held)
    return held


def _require(held: Collection[str]) -> None:
    if "seccomp" not in held:
        raise SandboxUnavailable("no system-call filter holds (seccomp)")
    if not {"landlock", "mounts"} & set(held):
        raise SandboxUnavailable(f"no protection of files holds (Landlock {landlock.ENOUGH} or a mount namespace)")


def _open(paths: Collection[str]) -> dict[str, int]:
    return {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in dict.fromkeys(paths) if Path(path).exists()}


def _close(descriptors: Collection[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _leave_root(folder: str) -> None:
    """Become nobody: limits on tasks do not bind root, and root owns the machine's files."""
    if os.geteuid() != 0:
        return
    try:
        os.chown(folder, NOBODY, NOBODY)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError as error:
        raise SandboxUnavailable(f"root cannot become uid {NOBODY} here: {error}") from error
    libc.stay_dumpable()


def reroute(prefixes: Mapping[str, int]) -> None:
    """Import by open descriptors what this user may not reach by path, such as a Python in root's home."""
    for prefix, descriptor in prefixes.items():
        if os.access(prefix, os.R_OK | os.X_OK):
            continue
        here = f"/proc/self/fd/{descriptor}"
        # In place: the import system holds these very lists.
        for paths in [sys.path, *(list_ for m in [*sys.modules.values()] if (list_ := _package_path(m)) is not None)]:
            paths[:] = [here + path[len(prefix) :] if _under(path, prefix) else path for path in paths]
        sys.path_importer_cache.clear()


def _package_path(module: object) -> list[str] | None:
    path = getattr(module, "__path__", None)
    return path if isinstance(path, list) else None


def _under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def _namespaces(folder: str, limits: Limits) -> tuple[str, ...]:
    try:
        namespaces.enter()
    except OSError:
        return ()
    try:
        namespaces.close_files(folder, limits.file_mb)
    except OSError:
        return ("namespaces",)
    return ("namespaces", "mounts")


def _landlock(readable: Collection[int], own: Collection[str]) -> tuple[str, ...]:
    writable = _open([*own, _NULL])
    try:
        abi = landlock.restrict(readable, writable.values())
    except OSError:
        return ()
    finally:
        _close(writable.values())
    return ("landlock",) if abi >= landlock.ENOUGH else ()


def _seccomp() -> tuple[str, ...]:
    try:
        seccomp.install()
    except OSError:
        return ()
    return ("seccomp",)


def _tasks_of(user: int) -> int:
    """Count the user's tasks, for the kernel counts them all where there is no namespace."""
    return sum(_threads(status, user) for status in Path("/proc").glob("[0-9]*/status"))


def _threads(status: Path, user: int) -> int:
    try:
        fields = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line)
    except OSError:
        return 0
    return int(fields["Threads"]) if int(fields["Uid"].split()[0]) == user else 0


def _set_limits(limits: Limits, tasks: int) -> None:
    cpu = math.ceil(limits.cpu_seconds)
    wanted = {
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_AS: (limits.memory_mb * _MIB,) * 2,
        resource.RLIMIT_FSIZE: (limits.file_mb * _MIB,) * 2,
        resource.RLIMIT_NOFILE: (limits.open_files,) * 2,
        resource.RLIMIT_NPROC: (tasks + limits.threads,) * 2,
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_MEMLOCK: (0, 0),
    }
    for kind, (soft, hard) in wanted.items():
        # A limit that is tighter already stays.
        most = resource.getrlimit(kind)[1]
        cap = hard if most == resource.RLIM_INFINITY else min(hard, most)
        resource.setrlimit(kind, (min(soft, cap), cap))
