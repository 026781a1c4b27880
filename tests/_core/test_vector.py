"""The loops over bytes give the same with the machine's vectors and without any."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest

HEADER = Path(__file__).parents[2] / "src" / "hiq" / "_core" / "vector.h"
COMPILER = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
DOORS = """
#include "vector.h"
typedef const uint8_t *text;
int special16(text a) { return hiq_special16(a); }
int break16(text a) { return hiq_break16(a); }
int quote16(text a) { return hiq_quote16(a); }
int digit16(text a) { return hiq_digit16(a); }
size_t digits(text a, size_t n) { return hiq_digits(a, a + n); }
int differ(text a, text b, size_t n) { return hiq_differ(a, b, n) != 0; }
size_t same(text a, text b, size_t n) { return hiq_same(a, b, n); }
size_t pairs(text a, size_t n) { return hiq_pairs(a, a + n); }
uint32_t eight(text a) { uint64_t word; memcpy(&word, a, 8); return hiq_eight(word); }
void put_eight(uint8_t *to, uint32_t value) { hiq_put_eight(to, value); }
int differ_loose(text a, text b, size_t n) { return hiq_differ_loose(a, b, n) != 0; }
void copy_loose(uint8_t *to, text a, size_t n) { hiq_copy_loose(to, a, n); }
uint64_t take_digits(uint8_t *to, text a, size_t n) { return hiq_take_digits(to, a, n); }
uint32_t digits16(text a) { return hiq_digits16(a); }
int fits(text a, text b, text c, size_t n) { return hiq_fits(a, b, c, n); }
int fits16(text a, text b, text c, size_t n) { return hiq_fits16(a, b, c, n); }
void copy(uint8_t *to, text a, size_t n) { hiq_copy(to, a, n); }
void mark(text a, size_t n, uint64_t *to) {
    hiq_marks found = hiq_mark(a, n);
    to[0] = found.digits, to[1] = found.points, to[2] = found.foreign;
}
"""
ODD = [b'"', b"\\", b"\x1f", b"\x00", b"\x7f", b"\x80", b"\xc2", b"\xe2", b"\xd9", b"."]

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> list[ctypes.CDLL]:
    """The same doors, with the machine's vectors and portable."""
    folder = tmp_path_factory.mktemp("vector")
    source = folder / "doors.c"
    source.write_text(DOORS)
    made = []
    for name, flags in (("machine", []), ("portable", ["-DHIQ_PORTABLE"])):
        target = folder / f"{name}.so"
        command = [COMPILER, "-O2", "-Wall", "-Werror", "-Wno-unused-function", *flags]
        command += ["-shared", "-fPIC", f"-I{HEADER.parent}", source, "-o", target]
        subprocess.run(command, check=True)
        made.append(ctypes.CDLL(str(target)))
    return made


def texts(seed: int, count: int, longest: int) -> list[bytes]:
    """Texts of every length, with odd bytes here and there."""
    random = Random(seed)
    found = []
    for at in range(count):
        size = at % (longest + 1)
        plain = random.choices(b"abc 0123456789,:{", k=size)
        for _ in range(random.randrange(3) if size else 0):
            plain[random.randrange(size)] = random.choice(ODD)[0]
        found.append(bytes(plain))
    return found


@pytest.mark.parametrize("name", ["special16", "break16", "quote16", "digit16"])
def test_the_first_byte_that_stops(builds: list[ctypes.CDLL], name: str) -> None:
    """Each single byte at each place, among any others, is found or not by both."""
    found = set()
    for place in range(16):
        for byte in range(256):
            text = b"x" * place + bytes([byte]) + b"yzx\x7f" * 4
            results = [getattr(build, name)(text) for build in builds]
            assert results[0] == results[1], text
            found.add(results[0])
    assert found == set(range(17))


def test_digits_and_marks(builds: list[ctypes.CDLL]) -> None:
    """Digits, points and what may begin a digit are marked at the same places."""
    for text in texts(1, 4_000, 64):
        assert len({build.digits(text, len(text)) for build in builds}) == 1
        marks = [(ctypes.c_uint64 * 3)() for _ in builds]
        for build, to in zip(builds, marks, strict=True):
            build.mark(text, len(text), to)
        expected = [
            sum(1 << at for at, byte in enumerate(text) if test(byte))
            for test in (
                lambda byte: 48 <= byte <= 57,
                lambda byte: byte == 46,
                lambda byte: byte >= 0xD9,
            )
        ]
        assert list(marks[0]) == list(marks[1]) == expected


def test_values_of_eight_digits(builds: list[ctypes.CDLL]) -> None:
    """Eight digits are read and written, and nothing else is taken for eight digits."""
    random = Random(6)
    values = [0, 1, 99_999_999, 10_000, 9_999, 99_990_000]
    values += [10**power - 1 for power in range(8)]
    values += [random.randrange(10**8) for _ in range(5_000)]
    values += [pair * 1_000_000 + pair * 100 for pair in range(100)]
    for build in builds:
        build.eight.restype = build.digits16.restype = ctypes.c_uint32
        to = ctypes.create_string_buffer(8)
        for value in values:
            build.put_eight(to, value)
            assert to.raw == b"%08d" % value
            assert build.eight(to.raw) == value
        for byte in range(256):
            for at in range(8):
                text = b"1234567"[:at] + bytes([byte]) + b"7654321"[at:]
                value = int(text) if text.isdigit() else 2**32 - 1
                assert build.eight(text) == value
                wide = text + b"x9y"[: byte % 4] + b"5" * 8
                bits = sum(
                    wide[place : place + 1].isdigit() << place for place in range(16)
                )
                assert build.digits16(wide) == bits


def test_digits_that_are_taken(builds: list[ctypes.CDLL]) -> None:
    """Up to 32 bytes are copied, and it is told which of them are digits."""
    for text in texts(10, 2_000, 32):
        for build in builds if text else ():
            build.take_digits.restype = ctypes.c_uint64
            to = ctypes.create_string_buffer(b"#" * 64)
            bits = build.take_digits(ctypes.byref(to, 16), text, len(text))
            assert bits == sum((48 <= byte <= 57) << at for at, byte in enumerate(text))
            assert to.raw[16 : 16 + len(text)] == text
            assert to.raw[:16] == to.raw[48:64] == b"#" * 16


def test_characters_of_two_bytes(builds: list[ctypes.CDLL]) -> None:
    """Of a text the characters of two bytes at its start are counted, no byte more."""
    random = Random(7)
    for size in range(60):
        for _ in range(30):
            text = bytearray("é߿\x80"[size % 3].encode() * size)
            if size and random.randrange(3):
                text[random.randrange(len(text))] = random.choice(
                    b"a\x7f\x80\xbf\xc0\xc1\xc2\xdf\xe0\xf5\xff"
                )
            good = 0
            while len(text) - good >= 2 and (
                0xC2 <= text[good] < 0xE0 and text[good + 1] & 0xC0 == 0x80
            ):
                good += 2
            for build in builds:
                assert build.pairs(bytes(text), len(text)) == good


def test_equality_and_copies(builds: list[ctypes.CDLL]) -> None:
    """Pieces of any length are compared and copied to the last byte, and no further."""
    random = Random(2)
    for text in texts(3, 2_000, 150):
        other = bytearray(text)
        if text and random.randrange(2):
            other[random.randrange(len(text))] ^= 1 << random.randrange(8)
        equal = next(
            (at for at in range(len(text)) if text[at] != other[at]), len(text)
        )
        for build in builds:
            assert build.same(text, bytes(other), len(text)) == equal
            assert build.differ(text, bytes(other), len(text)) == (text != other)
            assert build.differ_loose(
                text + b"x" * 16, bytes(other) + b"y" * 16, len(text)
            ) == (text != other)
            to = ctypes.create_string_buffer(b"#" * (len(text) + 96))
            build.copy_loose(ctypes.byref(to, 32), text + b"x" * 32, len(text))
            assert to.raw[32 : 32 + len(text)] == text
            assert to.raw[:32] == b"#" * 32
            assert to.raw[64 + len(text) : -1] == b"#" * 32
            to = ctypes.create_string_buffer(b"#" * (len(text) + 32))
            build.copy(ctypes.byref(to, 16), text, len(text))
            assert to.raw[16 : 16 + len(text)] == text
            assert to.raw[:16] == b"#" * 16
            assert to.raw[16 + len(text) : -1] == b"#" * 16


def test_outlines(builds: list[ctypes.CDLL]) -> None:
    """A text fits if it is equal, or plain where the outline is loose."""
    random = Random(4)
    outcomes = set()
    for text in texts(5, 3_000, 200):
        if len(text) < 32:
            continue
        outline = bytearray(text)
        loose = bytearray(len(text))
        for at in range(len(text)):
            if text[at] == 92 or not 32 <= text[at] < 128:
                outline[at] = 97
        for _ in range(random.randrange(4)):
            at = random.randrange(len(text))
            loose[at] = random.choice((0, 255, 255))
            outline[at] = 34 if loose[at] else random.choice(b"abc019")
        expected = all(
            32 <= given < 128 and given not in b'"\\' if free else given == known
            for given, known, free in zip(text, outline, loose, strict=True)
        )
        arguments = (text, bytes(outline), bytes(loose), len(text))
        for build in builds:
            assert build.fits(*arguments) == build.fits16(*arguments) == expected
        outcomes.add(expected)
    assert outcomes == {True, False}


def test_nothing_is_read_behind_the_end(builds: list[ctypes.CDLL]) -> None:
    """A text that ends with its page, before one that must not be read, is no fault."""
    libc = ctypes.CDLL(None, use_errno=True)
    page = mmap.PAGESIZE
    area = mmap.mmap(-1, 2 * page)
    begin = ctypes.addressof(ctypes.c_char.from_buffer(area))
    area[:page] = b"7" * page
    assert libc.mprotect(ctypes.c_void_p(begin + page), page, 0) == 0
    for build in builds:
        for size in range(130):
            at = ctypes.c_void_p(begin + page - size)
            assert build.digits(at, size) == size
            assert build.same(at, at, size) == size
            assert build.differ(at, at, size) == 0
            assert build.pairs(at, size) == 0
            build.mark(at, min(size, 64), (ctypes.c_uint64 * 3)())
            if 0 < size <= 32:
                build.take_digits(ctypes.create_string_buffer(32), at, size)
            if size >= 32:
                assert build.fits(at, at, bytes(size), size) == 1
    assert libc.mprotect(ctypes.c_void_p(begin + page), page, 3) == 0
