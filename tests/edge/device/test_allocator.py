"""The heap does not take in large buffers, whatever was freed before."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROBE = """
import ctypes, sys
from edge.device.allocator import give_back, keep_memory_flat
if sys.argv[1] == "told":
    keep_memory_flat()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
class Info(ctypes.Structure):
    _fields_ = [(n, ctypes.c_size_t) for n in "arena ordblks smblks hblks hblkhd x y used free top".split()]
libc.mallinfo2.restype = Info
libc.free(libc.malloc(30_000_000))  # by itself glibc takes everything up to this from its heap from now on
before = libc.mallinfo2().hblkhd
held = libc.malloc(2_000_000)
print(libc.mallinfo2().hblkhd - before >= 2_000_000)
give_back()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
@pytest.mark.parametrize(("word", "apart"), [("told", "True"), ("untold", "False")])
def test_a_large_buffer_has_pages_of_its_own_once_glibc_is_told(word: str, apart: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROBE, word], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == apart
