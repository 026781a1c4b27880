"""Limits of the allocator: what was freed goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

BETWEEN = """
from hiq._core.heap import give_back, limit_heap

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

limit_heap()
held = [b"x" * (1 << 18) for _ in range(128)]
kept = held[::2]
before = resident()
del held
assert resident() > before - (2 << 20)
assert give_back()
print((before - resident()) >> 20)
"""

RING = """
import os
from hiq import Pipeline
from hiq._core.heap import give_back, limit_heap
from tests.events import frame, state_changed

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

limit_heap()
pipeline = Pipeline()
one = frame(state_changed())
many = b"[" + b",".join([one] * 1_000) + b"]"
while pipeline.buffered_bytes < 3 << 20:
    pipeline.feed(many)
del many
pipeline.take_batch()
give_back()
before = resident()
pipeline.feed(one)
pipeline.take_batch()
give_back()
print((before - resident()) >> 20)
"""

PROGRAM = """
import threading
from hiq._core.heap import limit_heap

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

if LIMITED:
    assert limit_heap()
held = [bytes(3 << 20) for _ in range(4)]
del held
before = resident()
held = [b"x" * (3 << 20) for _ in range(16)]
wall = b"x" * (1 << 19)
del held
print((resident() - before) >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has limits")
def test_large_blocks_go_back_to_the_system() -> None:
    """Of 48 MiB of batches nothing is held after they were freed; else it is."""
    kept = {}
    for limited in (False, True):
        program = f"LIMITED = {limited}\n{PROGRAM}"
        out = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        ).stdout
        kept[limited] = int(out)
    assert kept[True] <= 2 < kept[False]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has limits")
def test_what_is_free_in_between_goes_back_when_asked() -> None:
    """Of 16 MiB between blocks that stay nearly all is given back."""
    out = subprocess.run(
        [sys.executable, "-c", BETWEEN], check=True, capture_output=True, text=True
    ).stdout
    assert int(out) >= 14


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has limits")
def test_a_small_batch_frees_what_a_flood_needed() -> None:
    """Room for 3 MiB of lines is kept for the next batch, but not if that is small."""
    out = subprocess.run(
        [sys.executable, "-c", RING], check=True, capture_output=True, text=True
    ).stdout
    assert int(out) >= 2
