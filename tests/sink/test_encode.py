"""Values into line protocol: the bytes of the live encoder, and back again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from tests.sink.strategies import line, points

from hiq.sink.decode import decode, decode_series
from hiq.sink.encode import encode, encode_series


@pytest.mark.parametrize(
    ("measurement", "tags", "expected"),
    [
        ("m", {"b": "2", "a": "1"}, "m,a=1,b=2"),
        ("a b,c=d", {}, r"a\ b\,c=d"),
        ("#", {"t": "x"}, r"\#,t=x"),
        (r"\#", {"t": "x"}, r"\#,t=x"),
        ("m", {"k ,=": "v ,="}, r"m,k\ \,\==v\ \,\="),
        ("m", {"t": r"C:\dir\x"}, r"m,t=C:\dir\x"),
        ("m", {"t": "a\\"}, r"m,t=a\ "),
        ("m", {"t": r"a\ b"}, r"m,t=a\ b"),
        ("m\\", {}, r"m\ "),
    ],
)
def test_series(measurement, tags, expected) -> None:
    """Names are escaped, never doubled, and sorted."""
    assert encode_series(measurement, tags) == expected


def test_fields_are_sorted_and_typed() -> None:
    """Each type has its own form; strings escape quotes and backslashes only."""
    fields = [("s", 'a "b" \\ c'), ("i", 3), ("f", 1e16), ("t", True), ("e", False)]
    assert encode("m", 7, fields) == (
        'm e=false,f=1e+16,i=3i,s="a \\"b\\" \\\\ c",t=true 7\n'
    )


@settings(deadline=None)
@given(points)
def test_round_trip(point) -> None:
    """What is encoded decodes to the same point, type by type."""
    measurement, tags, fields, time_ns = point
    ((series, stamp, found),) = decode(line(point))
    shown = "\\" * measurement.startswith("#") + measurement
    assert decode_series(series) == (shown, tags)
    assert stamp == time_ns
    assert {k: repr(v) for k, v in found} == {k: repr(v) for k, v in fields.items()}
