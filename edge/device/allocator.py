"""How the C library keeps what the agent frees: so that its memory stays as it is for a year.

By itself glibc learns from each large buffer that is freed to take the next one from its heap. There frames and
tensors come to lie between small things that stay, the holes fit less and less, and the process grows for hours
although nothing leaks: 88 MB in use of a heap of 117 MB after 350 captures, and still growing. Told once from which
size on a buffer gets pages of its own, and gives them back, the heap is 62 MB and stays so. It costs up to 8 % of the
time of a frame of people; what it costs a frame of a shelf was not measured at this size.
"""

from __future__ import annotations

import ctypes
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h

LARGE = 1024 * 1024
"""Bytes from which a buffer has pages of its own. Smaller costs time: fresh pages are zeroed, one after the other."""

HEAPS = 2
"""Heaps for all threads; by itself glibc makes eight for each core."""


def keep_memory_flat() -> None:
    """Tell glibc, before much was allocated. A library that cannot be told has ways of its own."""
    if (mallopt := _of_libc("mallopt")) is not None:
        for option, value in ((M_ARENA_MAX, HEAPS), (M_MMAP_THRESHOLD, LARGE), (M_TRIM_THRESHOLD, LARGE)):
            mallopt(option, value)


def give_back() -> None:
    """Return free pages to the system: after loading models, when much was used once."""
    if (trim := _of_libc("malloc_trim")) is not None:
        trim(0)


def _of_libc(name: str) -> Any:
    try:
        return getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
