"""Repeated attributes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests._core.helpers import agree, raw


def repeated(pairs: list[tuple[str, int]], escape: bool) -> bytes:
    """A frame whose attributes are these, repeats included."""
    written = []
    for number, (key, value) in enumerate(pairs):
        text = json.dumps(key)
        if escape and number % 2 and key:
            text = f'"\\u{ord(key[0]):04x}{text[2:]}' if key[0].isalnum() else text
        written.append(f"{text}:{value}")
    return raw("{" + ",".join(written) + "}")


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9)), max_size=12),
    st.booleans(),
)
def test_first_place_last_value(pairs: list[tuple[str, int]], escape: bool) -> None:
    """Of a repeated attribute the last value counts, however its key is written."""
    agree([repeated(pairs, escape)] * 2, {"ignore_attributes": "h"})


@pytest.mark.parametrize("count", [63, 64, 65, 129, 1000])
@pytest.mark.parametrize("escape", [False, True])
def test_many_attributes(count: int, escape: bool) -> None:
    """So it is among many attributes."""
    pairs = [(f"k{number}", number) for number in range(count)]
    lines = agree([repeated(pairs + pairs[::7][::-1] + [("k3", 99)], escape)])
    assert lines.count(b",k") + lines.count(b" k") == count
    assert b"k3=99.0" in lines
