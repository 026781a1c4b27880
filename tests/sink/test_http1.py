"""Requests and answers as bytes: right in any pieces, refused when their end is unclear."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.sink.http1 import HEAD_BYTES, BadAnswer, Place, Reader, request_head

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = (
    b"HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n"
    b"0123456789\r\n0\r\nTrailer: x\r\n\r\n"
)
INFORMED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 x\r\nA: b\r\n\r\n"
    b"HTTP/1.1 413 Too Large\r\nContent-Length: 1\r\nConnection: Close\r\n\r\n!"
)
ANSWERS = [
    (b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", 204, b"", True),
    (b"HTTP/1.1 204\r\nConnection: close\r\n\r\n", 204, b"", False),
    (b"HTTP/1.0 204 No Content\r\n\r\n", 204, b"", False),
    (b"HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n", 304, b"", False),
    (OK + b"Content-Length: 5\r\n\r\nhello", 200, b"hello", True),
    (OK + b"content-length:0\r\n\r\n", 200, b"", True),
    (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", True),
    (
        CHUNKED,
        400,
        b"abc0123456789",
        True,
    ),
    (
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        200,
        b"",
        False,
    ),
    (
        INFORMED,
        413,
        b"!",
        False,
    ),
    (OK + b"Content-Length: 40\r\n\r\n" + b"z" * 40, 200, b"z" * 20, False),
    (
        OK + b"Transfer-Encoding: chunked\r\n\r\n30\r\n" + b"z" * 48 + b"\r\n0\r\n\r\n",
        200,
        b"z" * 20,
        False,
    ),
]


@pytest.mark.parametrize(("data", "status", "body", "keep"), ANSWERS)
@given(cuts=st.lists(st.integers(0, 200)))
def test_an_answer_is_the_same_in_any_pieces(data, status, body, keep, cuts):
    """Status, body (bounded) and whether the connection lives on."""
    reader = Reader(20)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        reader.feed(data[start:end])
    assert reader.complete
    assert (reader.status, reader.body) == (status, body)
    assert reader.keep == keep or len(body) == 20


def test_an_answer_without_length_ends_with_the_connection():
    """As HTTP/1.0 servers do it; half an answer of known length is none."""
    reader = Reader(100)
    reader.feed(OK + b"\r\nsome words")
    assert not reader.complete
    reader.end()
    assert (reader.complete, reader.body, reader.keep) == (True, b"some words", False)
    for half in (b"", b"HTT", OK, OK + b"Content-Length: 5\r\n\r\nhell"):
        reader = Reader(100)
        reader.feed(half)
        with pytest.raises(BadAnswer, match="hung up"):
            reader.end()


@pytest.mark.parametrize(
    "data",
    [
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 x\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"A: b\r\n folded\r\n\r\n",
        OK + b"Name : x\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1, 1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * (HEAD_BYTES + 1),
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"x" * (HEAD_BYTES + 1),
    ],
)
def test_what_is_unclear_is_refused(data):
    """Nobody can say where such an answer ends, so it confirms nothing."""
    with pytest.raises(BadAnswer):
        Reader(100).feed(data)


@given(st.binary(max_size=300), st.binary(max_size=100))
def test_no_bytes_break_it(first, second):
    """Whatever comes: an answer, more to come, or BadAnswer."""
    for head in (b"", OK, OK + b"Transfer-Encoding: chunked\r\n\r\n"):
        reader = Reader(50)
        try:
            reader.feed(head + first)
            reader.feed(second)
            reader.end()
        except BadAnswer:
            continue
        assert len(reader.body) <= 50


def test_what_comes_unasked_costs_the_connection():
    """Bytes behind an answer would be taken for the next one."""
    reader = Reader(100)
    reader.feed(b"HTTP/1.1 204 x\r\n\r\nHTTP/1.1 204 x\r\n\r\n")
    assert (reader.complete, reader.keep) == (True, False)
    reader = Reader(100)
    reader.feed(b"HTTP/1.1 204 x\r\n\r\n")
    reader.feed(b"!")
    assert not reader.keep


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("http://h:8086/write?db=a%20b&x=ü", "h:8086", "/write?db=a%20b&x=%C3%BC"),
        ("https://h", "h", "/"),
        ("http://[::1]:80/ä b", "[::1]:80", "/%C3%A4%20b"),
        ("http://user:secret@bücher.example/", "xn--bcher-kva.example", "/"),
    ],
)
def test_a_request_is_what_servers_expect(url, authority, target):
    """Host, target and length are written; a password in the URL is not."""
    head = request_head("POST", Place(url), {"A": "b"}, 3)
    assert (
        head
        == (
            f"POST {target} HTTP/1.1\r\nHost: {authority}\r\nA: b\r\n"
            "Content-Length: 3\r\n\r\n"
        ).encode()
    )
    assert b"Content-Length" not in request_head("GET", Place(url), {}, None)


def test_nothing_is_smuggled_into_a_request():
    """A line break in a setting cannot begin another header or request."""
    for url in ("http://h/\r\nX: y", "ftp://h/", "http:///x"):
        with pytest.raises(ValueError, match="URL"):
            Place(url)
    for name, value in (("A\r\nB", "c"), ("A", "b\r\nC: d"), ("A", "b\0")):
        with pytest.raises(ValueError, match="control"):
            request_head("GET", Place("http://h"), {name: value}, None)
