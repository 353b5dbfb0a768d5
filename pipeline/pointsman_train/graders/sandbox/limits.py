"""What the sandboxed process may use, and the names of the layers."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman_train.graders.settings import at_least

LAYERS = ("seccomp", "landlock", "namespaces")
"""The layers that depend on the kernel; the others always hold."""


class SandboxUnavailable(Exception):
    """The kernel does not protect enough; nothing was run."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use.

    Attributes
    ----------
    cpu_seconds
        Processor time of all threads together.
    wall_seconds
        Time on the clock, from when the sandbox stands. Longer than ``cpu_seconds``, so that a busy machine
        does not fail an answer.
    memory_mb
        Address space in MiB, the interpreter's own 30 or so included.
    file_mb
        Size in MiB of each file, and of the folder where the namespaces hold.
    threads
        Tasks at once.
    open_files
        File descriptors at once.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 30.0
    memory_mb: int = 512
    file_mb: int = 16
    threads: int = 32
    open_files: int = 64

    def __post_init__(self) -> None:
        at_least(0.1, cpu_seconds=self.cpu_seconds, wall_seconds=self.wall_seconds)
        at_least(128, memory_mb=self.memory_mb)
        at_least(1, file_mb=self.file_mb, threads=self.threads)
        at_least(24, open_files=self.open_files)
