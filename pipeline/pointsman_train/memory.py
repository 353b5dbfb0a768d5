"""Memory that a stage has done with, given back to the machine."""

from __future__ import annotations

import ctypes
import gc
import sys

import pyarrow as pa


def give_back() -> None:
    """Return what is free in this process to the system, where the C library can.

    After tables of many texts were read, glibc keeps what was freed, since some small thing lies above it: of a million
    prompts that was more than all that came after.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)
