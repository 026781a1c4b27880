"""A batch gives back its lines, at once or little by little."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.sink.base import PART_BYTES, Batch


@given(st.lists(st.binary(max_size=200), max_size=4), st.integers(1, 50))
def test_lines_come_of_all_members(members, size):
    """However many members a body has, and however few bytes are taken at a time."""
    batch = Batch(b"".join(map(gzip.compress, members)), 1)
    assert batch.lines() == b"".join(batch.parts(size)) == b"".join(members)


def test_a_large_body_is_never_unpacked_at_once():
    """Its parts are small, so that little of it is in memory."""
    lines = b"".join(b"m,entity_id=x value=%d %d\n" % (n, n) for n in range(50_000))
    parts = list(Batch(gzip.compress(lines, 1), 50_000).parts())
    assert b"".join(parts) == lines
    assert max(map(len, parts)) < 20 * PART_BYTES < len(lines) / 4


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_member_that_is_cut_is_an_error(cut):
    """Whatever is missing of the last member: nothing passes for whole."""
    body = gzip.compress(b"a 1\n") + gzip.compress(b"b 2\n")[:-cut]
    with pytest.raises(zlib.error):
        Batch(body, 2).lines()
