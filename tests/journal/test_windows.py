"""A segment piece by piece: the same pieces as at once, and little of it in memory."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.journal import windows
from hiq.journal.segment import Damage, Found, Header, encode, scan
from hiq.journal.windows import WINDOW, pieces
from tests.journal.home import append, entry
from tests.journal.test_segment import bodies, headers


class Fetched:
    """Bytes to be fetched, and how many were at a time."""

    def __init__(self, data):
        self.data = data
        self.sizes = []

    def __call__(self, at, size):
        self.sizes.append(size)
        return self.data[at : at + size]


def records(count, size):
    """Records in a row, with bodies of so many bytes."""
    return [encode(Header(n, n, 1, n, n, n), bytes(size)) for n in range(count)]


@given(
    st.lists(st.tuples(headers, bodies) | st.binary(max_size=300), max_size=8),
    st.integers(0, 40),
)
def test_windows_change_nothing(parts, start):
    """What is found in windows is what is found at once, damage included."""
    data = b"".join(encode(*p) if isinstance(p, tuple) else p for p in parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW", 128)
        got = list(pieces(Fetched(data), start, len(data)))
    wanted = list(scan(data, start)) if start < len(data) else []
    assert [piece for piece, _ in got] == wanted
    for piece, content in got:
        good = isinstance(piece, Found)
        assert content == (data[piece.start : piece.end] if good else b"")


def test_a_window_at_a_time():
    """However long a segment is, no more than a window of it is fetched at once."""
    fetched = Fetched(b"".join(records(64, WINDOW // 8)))
    got = list(pieces(fetched, 0, len(fetched.data)))
    assert len(got) == 64
    assert max(fetched.sizes) == WINDOW


def test_a_long_record_gets_the_room_that_it_needs():
    """A record of several windows is found, and those behind it in windows again."""
    long = encode(Header(0, 0, 1, 0, 0, 0), bytes(3 * WINDOW))
    fetched = Fetched(long + b"".join(records(40, WINDOW // 8)))
    got = [piece for piece, _ in pieces(fetched, 0, len(fetched.data))]
    assert not any(isinstance(piece, Damage) for piece in got)
    assert all(one.end == next_.start for one, next_ in pairwise(got))
    assert max(fetched.sizes) == 4 * WINDOW
    assert fetched.sizes[3] == WINDOW


def test_whoever_looks_at_the_journal_reads_windows(home, monkeypatch):
    """A scout and the search for the oldest record never read a segment at once."""
    journal = home.open(segment_bytes=8 * WINDOW)
    append(journal, *range(16), size=WINDOW // 4)
    sizes = []
    read = home.disk.read

    def noted(fd, at, size):
        sizes.append(size)
        return read(fd, at, size)

    monkeypatch.setattr(home.disk, "read", noted)
    bodies_read = [body for _, body in journal.scout("ha", 0).read()]
    assert bodies_read == [entry(n, size=WINDOW // 4).body for n in range(16)]
    journal.cursor("db", "ha")
    assert max(sizes) == WINDOW
    journal.close()
