"""Inputs lie so that one byte read beside them ends the process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from hiq import Pipeline
from tests.events import frame, state_changed
from tests.fuzz.place import LARGEST, Exact, PageEnd

READ = """
import ctypes
from tests.fuzz.place import PageEnd
view = PageEnd().at_{where}(b"abc")
at = ctypes.addressof(ctypes.c_char.from_buffer(view))
assert ctypes.string_at(at, 3) == b"abc"
ctypes.string_at(at{shift:+d}, {length})
"""


@pytest.mark.parametrize(
    ("where", "shift", "length", "status"),
    [
        ("end", 0, 3, 0),
        ("end", 0, 4, -signal.SIGSEGV),
        ("start", 0, 8, 0),
        ("start", -1, 1, -signal.SIGSEGV),
    ],
)
def test_beside_an_input(where: str, shift: int, length: int, status: int) -> None:
    """The byte behind one at the end, and before one at the start, is a crash."""
    code = READ.format(where=where, shift=shift, length=length)
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == status


@pytest.mark.parametrize("place", [PageEnd(), Exact()])
def test_inputs_of_any_size(place: PageEnd | Exact) -> None:
    """What is placed is what was given, also when it is empty or too large."""
    for data in (b"", b"x", b"y" * 17, b"z" * LARGEST, b"z" * (LARGEST + 1)):
        assert bytes(place.at_end(data)) == data
        assert bytes(place.at_start(data)) == data
    assert Pipeline().feed(place.at_end(frame(state_changed()))).points == 1
