"""Strict JSON: what is accepted is what orjson accepts."""

from __future__ import annotations

import ctypes
import json
import mmap
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests._core.helpers import is_accepted, is_valid, raw
from tests.corpus import frames as recorded
from tests.events import frame, state_changed

ROUGH = [
    b"",
    b" ",
    b"[1,]",
    b"[,1]",
    b"[1 2]",
    b"[]]",
    b"[",
    b'{"a":1,}',
    b'{"a" 1}',
    b'{"a":}',
    b"{a:1}",
    b'{"a":1 "b":2}',
    b"{,}",
    b'{"a":1}}',
    b"tru",
    b"nulL",
    b"[true,false,null]",
    b"[truefalse]",
    b"NaN",
    b"[Infinity]",
    b"\xef\xbb\xbf[]",
    b"[]\x00",
    b"/**/[]",
    b"'a'",
    b'["a]',
    b"\t\r\n [ ] \t\r\n",
    b"\x0b[]",
    b"\xc2\xa0[]",
]
NUMBERS = """
0 -0 -0.0 00 01 -01 1. .5 -.5 + +1 - 1e 1e+ 1E5 1e-400 1e400 -1e400 0e999 1.e5 0x10 1_0
1.7976931348623157e308 1.7976931348623159e308 123456789012345678901234567890 1e0005
0.1e1 1e99999999999999999999 0e99999999999999999999 1e-99999999999999999999 --1 1-1
""".split()
STRINGS = [
    rb"\"", rb"\\", rb"\/", rb"\b\f\n\r\t", rb"\x41", rb"\u", rb"\u00", rb"\u00g0",
    rb"\u0000", rb"\uD800", rb"\uDC00", rb"\uD83D\uDE00", rb"\uD83D\u0041", rb"\uD83Dx",
    rb"\uD83D\n", rb"\uDE00\uD83D", rb"\U0041", b"\\", b"\x00", b"\x1f", b"\x7f", b"\n",
    b"\xc3\xa9", b"\xc3", b"\xc3(", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80",
    b"\xe0\xa0\x80", b"\xed\x9f\xbf", b"\xed\xa0\x80", b"\xef\xbf\xbf", b"\xf0\x80\x80\x80",
    b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80",
    b"\xf0\x9f\x98", b"\xe2\x82", b"\x80", b"\xff", b"\xe2\x82\xac" * 9,
]  # fmt: skip


@pytest.mark.parametrize("text", ROUGH)
def test_structure(text: bytes) -> None:
    """Brackets, commas, literals, space and trailing bytes as in RFC 8259."""
    assert is_accepted(text) is is_valid(text)


@pytest.mark.parametrize("number", [*NUMBERS, "1" * 308, "1" * 309, "9" * 309])
def test_numbers(number: str) -> None:
    """A number is refused if its form is wrong or it is beyond a double."""
    for text in (number, f"[{number}]", f'{{"a":{number}}}', f"[{number} ,1]"):
        assert is_accepted(text.encode()) is is_valid(text.encode())


@pytest.mark.parametrize("string", STRINGS)
@pytest.mark.parametrize("padding", [0, 1, 13, 15, 16, 31, 33])
def test_strings(string: bytes, padding: int) -> None:
    """Escapes, surrogates, control characters and UTF-8, at every alignment."""
    for text in (
        b'["' + b"x" * padding + string + b'"]',
        b'{"' + string + b"y" * padding + b'":0}',
        b'["' + b"x" * padding + string,
    ):
        assert is_accepted(text) is is_valid(text)


@pytest.mark.parametrize("depth", [1, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("piece", [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_depth_is_that_of_orjson(depth: int, piece: tuple[str, str]) -> None:
    """1,024 levels are accepted and one more is not: the limit is orjson's own."""
    opening, closing = piece
    core = "1" if opening.endswith(":") else ""
    text = (opening * depth + core + closing * depth).encode()
    if len(opening) > 6:
        depth *= 2
    assert is_accepted(text) is is_valid(text)
    assert is_accepted(text) is (text.count(b"[") + text.count(b"{") <= 1024)


def test_depth_is_counted_from_the_frame() -> None:
    """What was accepted in a single frame is measured anew inside an array."""
    nest = 1024 - 5
    event = raw('{"a":' + "[" * nest + "]" * nest + "}")
    pipeline = Pipeline()
    assert is_valid(event)
    assert pipeline.feed(event).points == 1
    assert pipeline.feed(event).points == 1
    assert not is_valid(b"[" + event + b"]")
    assert pipeline.feed(b"[" + event + b"]").rejected == 1
    assert pipeline.rejects()[-1][0] == "TOO_DEEP"


@pytest.mark.parametrize("piece", [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("levels", range(1016, 1023))
def test_depth_of_a_changed_value(levels: int, piece: tuple[bytes, bytes]) -> None:
    """It is that of the whole frame where only this value of a known event is read."""
    known = frame(state_changed(attributes={"a": 1, "b": 2}))
    value = piece[0] * levels + b"1" + piece[1] * levels
    event = known.replace(b'"a":1', b'"a":' + value)
    for text in (event, b"[" + event + b"]"):
        pipeline = Pipeline()
        assert pipeline.feed(known).points == 1
        assert pipeline.feed(text).points == is_valid(text)


def test_reason_of_a_bad_frame() -> None:
    """A frame that is not UTF-8 is told from one that is not JSON."""
    pipeline = Pipeline()
    for text in (b"{", b'{"\xff":', b"[" * 1025):
        assert pipeline.feed(text).rejected == 1
    assert [reason for reason, _ in pipeline.rejects()] == [
        "BAD_JSON",
        "BAD_UTF8",
        "TOO_DEEP",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=500)
@given(JSON, st.data())
def test_damaged_documents(value: Any, data: st.DataObject) -> None:
    """Any document, damaged anywhere or not, is judged as orjson judges it."""
    text = json.dumps(
        value,
        ensure_ascii=data.draw(st.booleans()),
        indent=data.draw(st.sampled_from([None, 0, 1])),
    ).encode("utf-8", "surrogatepass")
    assert is_accepted(text) is is_valid(text)
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 4))
    put = data.draw(st.binary(max_size=3))
    damaged = text[:at] + put + text[at + cut :]
    assert is_accepted(damaged) is is_valid(damaged)


@settings(max_examples=1000)
@given(st.binary(max_size=40))
@example(b'["\xe2\x80')
def test_arbitrary_bytes(text: bytes) -> None:
    """Bytes of any kind are judged as orjson judges them."""
    assert is_accepted(text) is is_valid(text)
    assert is_accepted(b'["' + text + b'"]') is is_valid(b'["' + text + b'"]')


def test_every_prefix_is_refused() -> None:
    """A frame cut anywhere is not valid, and leaves nothing behind."""
    text = frame(state_changed(attributes={"a": ["é", 1.5e3, None], "b": "x\ny"}))
    pipeline = Pipeline()
    for end in range(len(text)):
        assert pipeline.feed(text[:end]).rejected == 1
    assert pipeline.buffered_points == 0
    assert pipeline.feed(text).points == 1


@pytest.fixture(scope="module")
def page() -> Any:
    """The end of memory: a page that can be read, and one behind it that cannot."""
    size = mmap.PAGESIZE
    memory = mmap.mmap(-1, 17 * size)
    libc = ctypes.CDLL(None, use_errno=True)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    last = ctypes.c_void_p(start + 16 * size)
    assert libc.mprotect(last, ctypes.c_size_t(size), 0) == 0
    readable = memoryview(memory)[: 16 * size]
    yield readable
    libc.mprotect(last, ctypes.c_size_t(size), 3)


def test_nothing_is_read_behind_the_input(page: memoryview) -> None:
    """Frames, whole and cut, that end where readable memory ends are no trouble."""
    pipeline = Pipeline()
    for text in [part for part in recorded(limit=400) if len(part) < 4000][::20]:
        for end in (len(text), *range(len(text) - 40, 0, -97)):
            page[len(page) - end :] = text[:end]
            verdict = pipeline.feed(page[len(page) - end :])
            assert (verdict.rejected == 0) is is_valid(text[:end])
        page[len(page) - len(text) :] = text
        pipeline.feed(page[len(page) - len(text) :])
    for size in range(1, 70):
        for filler in (b'"', b"a", b"1", b"\\", b"[", b"\xe2", b" ", b"t"):
            page[len(page) - size :] = b'["'[: min(2, size)] + filler * (size - 2)
            pipeline.feed(page[len(page) - size :])
    assert pipeline.rejects()
