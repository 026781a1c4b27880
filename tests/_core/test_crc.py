"""CRC32C: the checksum of journal records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq._core.crc import crc32c

# RFC 3720, appendix B.4, and the check value of the polynomial.
KNOWN = [
    (b"", 0),
    (b"123456789", 0xE3069283),
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C),
]


@pytest.mark.parametrize(("data", "value"), KNOWN)
@pytest.mark.parametrize("portable", [False, True])
def test_published_values(data: bytes, value: int, portable: bool) -> None:
    """Both ways give the published values."""
    assert crc32c(data, portable=portable) == value


@given(st.binary(max_size=300), st.integers(0, 300))
def test_both_ways_are_equal_and_continue(data: bytes, cut: int) -> None:
    """The tables equal the CPU's instruction, and a checksum can be continued."""
    whole = crc32c(data)
    assert whole == crc32c(data, portable=True)
    assert whole == crc32c(data[cut:], crc32c(data[:cut]))


def test_any_buffer() -> None:
    """Every bytes-like object is taken, a string is not."""
    assert crc32c(bytearray(b"abc")) == crc32c(memoryview(b"abc")) == crc32c(b"abc")
    with pytest.raises(TypeError):
        crc32c("abc")  # type: ignore[arg-type]
