"""Gzip by isal or, where that is not there, by zlib: the same promise."""

from __future__ import annotations

import gzip
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from hiq.packing import LIBRARY, compress

WITHOUT = """
import gzip, sys
sys.modules["isal"] = None
from hiq import packing, pump, flight
assert packing.LIBRARY == "zlib", packing.LIBRARY
lines = b"m,e=a v=1 1\\n" * 5000
packed = packing.compress(lines)
assert packed == packing.compress(lines) and len(packed) < len(lines) / 20
assert gzip.decompress(packed) == lines
print("same promise")
"""


def test_the_same_lines_give_the_same_bytes():
    """No clock gets into the gzip header, so that a resend is identical."""
    assert compress(b"a v=1 1\n") == compress(b"a v=1 1\n")
    assert compress(b"x")[4:8] == bytes(4)


@given(st.binary(max_size=2000))
def test_everything_comes_back(lines):
    """What was packed is what any gzip unpacks."""
    assert gzip.decompress(compress(lines)) == lines


def test_without_isal_zlib_does_it():
    """A machine without a wheel of isal runs all the same."""
    assert LIBRARY == "isal"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        timeout=60, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "same promise\n", done.stderr
