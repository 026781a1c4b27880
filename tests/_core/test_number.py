"""JSON numbers as Python's `repr(float)`."""

from __future__ import annotations

import struct
from decimal import Decimal
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests._core.helpers import raw


def field(number: str) -> str:
    """The text of the field that an attribute with this number gives."""
    pipeline = Pipeline()
    assert pipeline.feed(raw(f'{{"a":{number}}}')).points == 1
    line = pipeline.take().decode()
    return line[line.index(" a=") + 3 : line.index(",state=")]


@settings(max_examples=1000)
@given(st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
@example(2.2250738585072014e-308)
@example(1.7976931348623157e308)
@example(9007199254740993.0)
def test_any_double(value: float) -> None:
    """Every double comes out as its shortest text."""
    assert field(repr(value)) == repr(value)
    assert field(f"{value:.17e}") == repr(value)


@settings(max_examples=1000)
@given(st.integers(0, 2**64 - 1))
def test_any_bits(bits: int) -> None:
    """So does every pattern of 64 bits that is a finite double."""
    (value,) = struct.unpack("d", struct.pack("Q", bits))
    if value - value == 0:
        assert field(repr(value)) == repr(value)


@settings(max_examples=1000)
@given(st.from_regex(r"\A-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,20})?\Z"))
@example("0.0001")
@example("0.00001")
@example("0.00010")
@example("-0.0")
@example("100000000000000.0")
@example("1234567890123456.0")
@example("10.50")
def test_any_decimal(text: str) -> None:
    """Decimals that are copied and decimals that are converted are the same."""
    expected = float(text) if "." in text else float(int(text))
    assert field(text) == repr(expected)


@settings(max_examples=300)
@given(st.integers(-(10**320), 10**308), st.integers(-400, 300))
def test_integers_and_exponents(mantissa: int, exponent: int) -> None:
    """Long integers and any exponent are rounded to the nearest double."""
    for text in (f"{mantissa}e{exponent}", f"{mantissa % 10**6}E{exponent:+d}"):
        value = float(text)
        if value - value == 0:
            assert field(text) == repr(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-0", "0.0"),
        ("0e5", "0.0"),
        ("-0e5", "-0.0"),
        ("1e-400", "0.0"),
        ("-1e-400", "-0.0"),
        ("0." + "0" * 400 + "1e390", "1e-11"),
        ("1" + "0" * 300 + "e-400", "1e-100"),
        ("1e16", "1e+16"),
        ("9999999999999998", "9999999999999998.0"),
        ("1e22", "1e+22"),
        ("1e-7", "1e-07"),
        ("123e-300", "1.23e-298"),
        ("true", "1.0"),
        ("false", "0.0"),
    ],
)
def test_edges(text: str, expected: str) -> None:
    """Zeros, what is too small, and where Python begins to write exponents."""
    assert field(text) == expected


def near(random: Random, count: int) -> list[str]:
    """Decimals of 15 to 18 digits, at, beside and between doubles of usual sizes."""
    found = []
    for _ in range(count):
        value = random.uniform(-1, 1) * 10.0 ** random.randrange(-4, 17)
        if random.randrange(8) == 0:
            value = 2.0 ** random.randrange(-13, 53)
        for digits in (15, 16, 17, 18):
            exact = Decimal(value)
            places = digits - 1 - exact.adjusted()
            if exact and places >= 0:
                last = round(exact.scaleb(places)) + random.choice(
                    (0, 0, 0, -1, 1, 2, 9)
                )
                found.append(f"{Decimal(last).scaleb(-places):f}")
    return found


def test_long_decimals() -> None:
    """Of the texts of a double only the shortest is copied, and of those the nearest."""
    texts = near(Random(8), 6_000)
    for at in range(0, len(texts), 200):
        some = texts[at : at + 200]
        pipeline = Pipeline()
        members = ",".join(f'"a{number}":{text}' for number, text in enumerate(some))
        assert pipeline.feed(raw(f"{{{members}}}")).points == 1
        line = pipeline.take().decode().partition(" ")[2].rpartition(" ")[0]
        fields = dict(field.split("=") for field in line.split(","))
        for number, text in enumerate(some):
            expected = float(text) if "." in text else float(int(text))
            assert fields[f"a{number}"] == repr(expected), text
