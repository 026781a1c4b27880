"""Line protocol into values: against an independent decoder, and what it refuses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import lineprotocol
from tests.sink.strategies import lines

from hiq.sink.decode import LineError, decode, decode_series


def one(line: bytes):
    ((series, time_ns, fields),) = decode(line)
    return (*decode_series(series), dict(fields), time_ns)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"m v=1 5\n", ("m", {}, {"v": 1.0}, 5)),
        (b"m v=1 5", ("m", {}, {"v": 1.0}, 5)),
        (b"m v=1 5\r\n", ("m", {}, {"v": 1.0}, 5)),
        (b"m v=1   -5 \n", ("m", {}, {"v": 1.0}, -5)),
        (b"m,a=b,c=d v=1 5\n", ("m", {"a": "b", "c": "d"}, {"v": 1.0}, 5)),
        (rb"a\ b\,c=d\x v=1 5", (r"a b,c=d\x", {}, {"v": 1.0}, 5)),
        (rb"\# v=1 5", (r"\#", {}, {"v": 1.0}, 5)),
        (rb"m,k\ \,\==v\ \,\= f\ \,\==1 5", ("m", {"k ,=": "v ,="}, {"f ,=": 1.0}, 5)),
        (rb"m,t=C:\dir\x v=1 5", ("m", {"t": r"C:\dir\x"}, {"v": 1.0}, 5)),
        (rb"m,t=a\  v=1 5", ("m", {"t": "a "}, {"v": 1.0}, 5)),
        (rb'm s="a \"b\" \\ \n , = c" 5', ("m", {}, {"s": r'a "b" \ \n , = c'}, 5)),
        (b'm s="two\nlines",v=1 5', ("m", {}, {"s": "two\nlines", "v": 1.0}, 5)),
        (b'm s="" 5', ("m", {}, {"s": ""}, 5)),
        (b"m a=1i,b=-2i,c=7u 5", ("m", {}, {"a": 1, "b": -2, "c": 7}, 5)),
        (
            b"m a=t,b=F,c=true,d=FALSE 5",
            ("m", {}, dict(a=True, b=False, c=True, d=False), 5),
        ),
        (
            b"m a=1.,b=.5,c=-1e-07,d=1e+16 5",
            ("m", {}, dict(a=1.0, b=0.5, c=-1e-7, d=1e16), 5),
        ),
        ("m,°C=ü v=1 5".encode(), ("m", {"°C": "ü"}, {"v": 1.0}, 5)),
    ],
)
def test_forms(line: bytes, expected) -> None:
    """Every form that the reference allows is read as servers read it."""
    assert one(line) == expected


def test_types_and_sign_of_zero() -> None:
    """Floats stay floats, integers integers, and -0.0 keeps its sign."""
    fields = one(b"m a=1,b=1i,c=-0.0,d=t 5\n")[2]
    assert [type(fields[key]) for key in "abd"] == [float, int, bool]
    assert math.copysign(1, fields["c"]) == -1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"m", "no fields"),
        (b"m\n", "no fields"),
        (b" v=1 5", "no fields"),
        (b"m v 5", "invalid field"),
        (b"m v= 5", "invalid field"),
        (b"m =1 5", "invalid field"),
        (b"m v=1,", "invalid field"),
        (b'm v="open 5\n', "invalid field"),
        (b'm v="a"b 5\n', "time stamp"),
        (b"m v=1", "time stamp"),
        (b"m v=1 now", "time stamp"),
        (b"m v=1 5 6", "time stamp"),
        (b"m v=1 9999999999999999999", "out of range"),
        (b"m v=nan 5", "invalid value"),
        (b"m v=1e999 5", "out of range"),
        (b"m v=9223372036854775808i 5", "out of range"),
        (b"m v=1x 5", "invalid value"),
        (b"m v=1_0 5", "invalid value"),
        (b'm v="\xff" 5', "UTF-8"),
        (b"m \xff=1 5", "UTF-8"),
    ],
)
def test_bad_line_says_why(line: bytes, reason: str) -> None:
    """A line that is not line protocol is refused with its reason and its text."""
    with pytest.raises(LineError, match=reason) as caught:
        list(decode(b"good v=1 5\n" + line))
    assert caught.value.line == line.split(b"\n")[0]
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "series", [b"m,t", b"m,t=", b"m,=v", b",t=v", b"m,t=v,", b"\xff"]
)
def test_bad_series(series: bytes) -> None:
    """A series without names or values is refused."""
    with pytest.raises(LineError):
        decode_series(series)


def test_comments_and_empty_lines_are_skipped() -> None:
    """As on a server, they hold no point."""
    rows = list(decode(b"\n# a comment\n\r\nm v=1 5\n#end"))
    assert [row[1] for row in rows] == [5]


def test_rows_before_a_bad_line_come_out() -> None:
    """Decoding is lazy: who wants all or nothing keeps a transaction."""
    rows = decode(b"m v=1 5\nbad\n")
    assert next(rows)[1] == 5
    with pytest.raises(LineError):
        next(rows)


@settings(deadline=None)
@given(lines())
def test_agrees_with_an_independent_decoder(line: bytes) -> None:
    """Any line our encoder can make reads the same by two decoders."""
    theirs = lineprotocol.decode_one(line)
    measurement, tags, fields, time_ns = one(line)
    assert (measurement, tags, time_ns) == (
        theirs.measurement,
        theirs.tags,
        theirs.time_ns,
    )
    assert fields == theirs.fields


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_a_line_error(data: bytes) -> None:
    """No input makes it raise anything else."""
    try:
        for series, _time_ns, fields in decode(data):
            assert fields
            decode_series(series)
    except LineError as exc:
        assert exc.reason
