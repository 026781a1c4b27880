"""Records as bytes: what is written comes back, whatever happens around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq._core.crc import crc32c
from hiq.journal.segment import (
    HEADER_SIZE,
    MAGIC,
    MAX_BODY,
    VERSION,
    Damage,
    Found,
    Header,
    Source,
    encode,
    read_header,
    scan,
)

headers = st.builds(
    Header,
    sequence=st.integers(0, 2**64 - 1),
    offset=st.integers(0, 2**64 - 1),
    points=st.integers(0, 2**32 - 1),
    first_ns=st.integers(-(2**63), 2**63 - 1),
    last_ns=st.integers(-(2**63), 2**63 - 1),
    appended_ns=st.integers(-(2**63), 2**63 - 1),
    source=st.sampled_from(Source),
)
bodies = st.binary(max_size=80) | st.just(MAGIC * 5) | st.just(b"x" + MAGIC)


def three() -> tuple[list[bytes], bytes]:
    """Three records of different sizes, and the segment that they make."""
    records = [
        encode(Header(n, n * 10, 10, n, n + 5, 1_000 + n), bytes([n]) * (7 + 20 * n))
        for n in range(3)
    ]
    return records, b"".join(records)


def found(data: bytes) -> list[Found]:
    """The good records of the data."""
    return [piece for piece in scan(data) if isinstance(piece, Found)]


@given(st.lists(st.tuples(headers, bodies), max_size=5))
def test_what_is_encoded_is_found(records):
    """A segment gives back each header and body, in order, and no damage."""
    data = b"".join(encode(header, body) for header, body in records)
    pieces = list(scan(data))
    assert all(isinstance(piece, Found) for piece in pieces)
    assert [data[p.body : p.end] for p in pieces] == [body for _, body in records]
    for piece, (header, body) in zip(pieces, records, strict=True):
        assert piece.header.body_size == len(body)
        for name in ("sequence", "offset", "points", "first_ns", "last_ns", "source"):
            assert getattr(piece.header, name) == getattr(header, name)
        assert piece.header.appended_ns == header.appended_ns


@given(st.lists(headers | st.binary(max_size=90) | bodies, max_size=6), st.binary())
def test_pieces_cover_everything(parts, body):
    """Whatever the data is, the pieces follow each other and leave nothing out."""
    data = b"".join(
        encode(part, body) if isinstance(part, Header) else part for part in parts
    )
    at = 0
    for piece in scan(data):
        assert piece.start == at
        assert piece.end > at
        at = piece.end
    assert at == len(data)


@given(headers, bodies, st.binary(max_size=200), st.binary(max_size=200))
def test_a_record_is_found_between_garbage(header, body, before, behind):
    """Garbage before and behind a record does not hide it."""
    record = encode(header, body)
    pieces = found(before + record + behind)
    assert record in [(before + record + behind)[p.start : p.end] for p in pieces]


def test_every_flipped_byte_costs_one_record():
    """Each byte of three records, flipped in turn, costs that record alone."""
    records, data = three()
    ends = [len(records[0]), len(records[0] + records[1]), len(data)]
    for at in range(len(data)):
        hurt = bytearray(data)
        hurt[at] ^= 0xFF
        victim = next(n for n, end in enumerate(ends) if at < end)
        pieces = list(scan(bytes(hurt)))
        good = [p.header.sequence for p in pieces if isinstance(p, Found)]
        assert good == [n for n in range(3) if n != victim], at
        damage = [p for p in pieces if isinstance(p, Damage)]
        assert [(d.start, d.end) for d in damage] == [
            (ends[victim] - len(records[victim]), ends[victim])
        ]


def test_every_bit_of_the_last_record_matters():
    """No single flipped bit of a record goes unnoticed."""
    record = encode(Header(1, 2, 3, 4, 5, 6), b"body")
    for bit in range(len(record) * 8):
        hurt = bytearray(record)
        hurt[bit // 8] ^= 1 << bit % 8
        assert found(bytes(hurt)) == [], bit


def test_every_truncation_keeps_what_is_whole():
    """Cut at any length: the whole records are found, the rest is a torn tail."""
    records, data = three()
    for size in range(len(data)):
        whole = [n for n in range(3) if len(b"".join(records[: n + 1])) <= size]
        pieces = list(scan(data[:size]))
        assert [p.header.sequence for p in pieces if isinstance(p, Found)] == whole
        tail = [p for p in pieces if isinstance(p, Damage)]
        rest = size - len(b"".join(records[: len(whole)]))
        assert bool(tail) == bool(rest), size
        assert all(piece.torn for piece in tail)


def test_zeros_behind_the_last_record_are_not_a_torn_tail():
    """A tail of zeros, as a power cut may leave, is damage but no beginning."""
    _, data = three()
    assert list(scan(data + bytes(100)))[-1] == Damage(
        len(data), len(data) + 100, False
    )


def test_a_newer_format_is_told_from_damage():
    """A good record of a later version is found, with its version and no more."""
    record = bytearray(encode(Header(1, 2, 3, 4, 5, 6), b"body"))
    record[4] = VERSION + 1
    head = HEADER_SIZE - 4
    crc = crc32c(bytes(record[HEADER_SIZE:]), crc32c(bytes(record[:head])))
    record[head:HEADER_SIZE] = crc.to_bytes(4, "little")
    (piece,) = found(bytes(record))
    assert piece.header.version == VERSION + 1
    assert piece.end == len(record)
    assert read_header(bytes(record)) is None


def test_start_skips_what_lies_before():
    """A scan may begin behind the first record."""
    records, data = three()
    pieces = list(scan(data, len(records[0])))
    assert [p.header.sequence for p in pieces] == [1, 2]


def test_a_body_has_a_limit():
    """A body that no reader would accept is not written either."""

    class Huge(bytes):
        def __len__(self):
            return MAX_BODY + 1

    with pytest.raises(ValueError, match="at most"):
        encode(Header(0, 0, 0, 0, 0, 0), Huge())


@given(headers, bodies)
def test_a_header_can_be_read_without_its_record(header, body):
    """The header alone tells what the record holds."""
    record = encode(header, body)
    assert read_header(record[:HEADER_SIZE]).points == header.points
    assert read_header(record[: HEADER_SIZE - 1]) is None
    assert read_header(b"x" + record, 1).sequence == header.sequence
