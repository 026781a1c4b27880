"""Durations and sizes as people write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.settings.units import duration, show_duration, show_size, size

HUGE = "9" * 400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("5s", 5.0),
        ("5", 5.0),
        ("0", 0.0),
        ("1.5 h", 5400.0),
        ("1h30m", 5400.0),
        ("1d 12h", 129600.0),
        ("7D", 604800.0),
        ("2w", 1209600.0),
        ("10min", 600.0),
        ("100us", 0.0001),
    ],
)
def test_durations(text, seconds):
    """Numbers with units are added up, a bare number is seconds."""
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "soon", "5 apples", "-5s", "s", "5s later", "1e3s", "٥s", "nan", "5,5s", HUGE],
)
def test_no_durations(text):
    """What is no duration raises, whatever it looks like."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("64MiB", 64 * 2**20),
        ("2GiB", 2**31),
        ("2 GiB", 2**31),
        ("1.5k", 1536),
        ("10MB", 10_000_000),
        ("1TB", 10**12),
        ("123", 123),
        ("0", 0),
        ("7b", 7),
    ],
)
def test_sizes(text, count):
    """Binary and decimal units are told apart, a bare number is bytes."""
    assert size(text) == count


@pytest.mark.parametrize(
    "text", ["", "big", "-1", "5 apples", "MiB", "1e3", "٥", "9" * 400]
)
def test_no_sizes(text):
    """What is no size raises."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        size(text)


@given(st.integers(0, 10**9).map(lambda n: n / 1000))
def test_shown_durations_read_back(seconds):
    """What is shown is read as the same duration."""
    assert duration(show_duration(seconds)) == pytest.approx(seconds, abs=1e-9)


@given(st.integers(0, 2**50))
def test_shown_sizes_read_back(count):
    """What is shown is read as the same size."""
    assert size(show_size(count)) == count


def test_shown_as_people_write():
    """The biggest unit that fits is used."""
    assert [show_duration(s) for s in (0.25, 5, 3600, 604800, 0)] == [
        "250ms",
        "5s",
        "1h",
        "1w",
        "0s",
    ]
    assert [show_size(n) for n in (2**31, 64 * 2**20, 65_536, 1000)] == [
        "2GiB",
        "64MiB",
        "64KiB",
        "1000",
    ]
