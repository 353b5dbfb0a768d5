"""What machine this is: its processor and versions, never its name."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("numpy", "onnxruntime")


def machine() -> dict[str, Any]:
    """Describe the machine and what runs on it; ``load`` is what other work there was in the last minute."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "load": round(os.getloadavg()[0], 1),
    }


def said(found: dict[str, Any]) -> str:
    """Write it in a line."""
    versions = ", ".join(f"{name} {found[name]}" for name in ("python", *_PACKAGES))
    return f"{found['processor']}, {found['cores']} cores, {found['system']}; {versions}"


def _processor() -> str:
    """Take the name that Linux gives, else the one that Python has."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.is_file() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
