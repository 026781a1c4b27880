"""Reading what was journaled last, without being a sink."""

from __future__ import annotations

import struct

from hiq._core.crc import crc32c
from hiq.journal.segment import HEADER_SIZE
from tests.journal.home import append, drain


def numbers(tail):
    """The numbers of the entries that are new to a reader."""
    return [int(body[:6]) for _, body in tail.read()]


def test_it_goes_on_where_it_ended(home):
    """Each read gives what came since the last one, over the ends of segments."""
    journal = home.open(segment_bytes=300)
    append(journal, 0, 1)
    tail = journal.scout("ha")
    assert numbers(tail) == []
    for round_ in range(1, 5):
        fresh = list(range(round_ * 10, round_ * 10 + 3))
        append(journal, *fresh)
        assert numbers(tail) == fresh
        assert tail.sequence == tail.end
    assert numbers(journal.scout("ha", 1)) == [
        1,
        *(n for r in range(10, 50, 10) for n in range(r, r + 3)),
    ]
    assert numbers(journal.scout("ha", 999)) == []
    journal.close()


def test_headers_tell_the_source_and_time(home):
    """A record comes with its header."""
    journal = home.open()
    append(journal, 7)
    [(header, _)] = journal.scout("ha", 0).read()
    assert (header.sequence, header.first_ns, header.last_ns) == (0, 7, 12)
    journal.close()


def test_damage_is_passed_over_and_left_to_the_sinks(home):
    """A damaged record is skipped in silence; the sink still meets and counts it."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 0, 1, 2)
    (path,) = (home.path / "ha").iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 3 + HEADER_SIZE + 5] ^= 1
    path.write_bytes(data)
    assert numbers(journal.scout("ha", 0)) == [0, 2]
    assert home.stats.corrupt_records == 0
    assert drain(cursor) == [0, 2]
    assert home.stats.corrupt_records == 1
    journal.close()


def test_held_records_stay_until_room_is_needed(home):
    """Delivered segments from the held record on stay, unless the journal is full."""
    journal = home.open(segment_bytes=300, max_bytes=1500)
    cursor = journal.cursor("db", "ha")
    journal.hold("ha", 3)
    append(journal, *range(6))
    drain(cursor)
    assert numbers(journal.scout("ha", 0)) == [2, 3, 4, 5]
    journal.hold("ha", 5)
    append(journal, 6)
    drain(cursor)
    assert numbers(journal.scout("ha", 0)) == [4, 5, 6]
    append(journal, *range(7, 11))
    drain(cursor)
    append(journal, *range(11, 15))
    assert 14 in numbers(journal.scout("ha", 0))
    assert 5 not in numbers(journal.scout("ha", 0))
    assert home.stats.lost_points == 0
    journal.close()


def test_a_file_that_an_older_hiq_began(home):
    """Records of version 1 and those appended behind them are both read."""
    body = b"000000" + bytes(96)
    head = struct.pack("<4sBBHI", b"\xb5hiQ", 1, 0, 60, len(body))
    head += struct.pack("<QQIqqq", 0, 0, 10, 0, 5, 10**12)
    home.open().close()
    (home.path / "ha").mkdir()
    checksum = struct.pack("<I", crc32c(body, crc32c(head)))
    (home.path / "ha" / f"{0:020d}.seg").write_bytes(head + checksum + body)
    journal = home.open()
    append(journal, 1, 2)
    assert numbers(journal.scout("ha", 0)) == [0, 1, 2]
    journal.close()
