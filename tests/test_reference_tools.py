"""What the reference and the tests are made with: decoder, Python's texts, digits."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lineprotocol import BadLine, decode, decode_one
from tests.reference import digit_tail, number_of, text_of
from tests.reference.text import has_digit_tail


@given(st.text(alphabet=st.sampled_from("0123456789.,x -٣²"), max_size=12))
def test_digit_tail_equals_pattern(text: str) -> None:
    """The pattern means: two adjacent digits without a point, or one between digits."""
    points = text.count(".")
    expected = bool(re.search(r"\d\d", text)) if not points else False
    if points == 1:
        expected = bool(re.search(r"\d\.\d", text))
    assert (digit_tail(text) is not None) == expected


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5))  # fmt: skip
def test_python_text_of_nested_values(value: Any) -> None:
    """The text is what `str()` gives, and only numbers and their texts are numbers."""
    assert text_of(value) == str(value)
    if isinstance(value, list | dict) or value is None:
        assert number_of(value) is None


@pytest.mark.parametrize(
    "line",
    ["", "m", "m f=1", "m f= 1", "m,t= f=1 1", "m,t=1,t=2 f=1 1", "#m f=1 1", "m f=1,f=2 1", "m f=1_0 1", 'm f="a 1', "m\n f=1 1", "m f=1 x"],
)  # fmt: skip
def test_the_decoder_refuses_what_servers_refuse(line: str) -> None:
    """What is not line protocol is never compared."""
    with pytest.raises((BadLine, ValueError)):
        decode_one(line)


def test_the_decoder_reads_all_kinds_of_values() -> None:
    """Floats, integers, booleans, strings with raw newlines; several lines."""
    points = decode('m\\ 1,t=a\\=b f=1,i=2i,b=t,s="x\n\\"\\\\y" 5\nm=2 c=F -1')
    assert points[0] == (
        "m 1",
        {"t": "a=b"},
        {"f": 1.0, "i": 2, "b": True, "s": 'x\n"\\y'},
        5,
    )
    assert points[1] == ("m=2", {}, {"c": False}, -1)
    assert json.dumps(decode_one("m\\=1\\n f=1 1", "client1").measurement) == '"m=1\\n"'


@given(st.text("0123456789.x \n٣", max_size=40))
def test_long_texts_are_judged_as_the_pattern_would(text: str) -> None:
    """The rule for long texts, which spares cubic time, is the pattern's."""
    padding = "y" * 60
    assert has_digit_tail(padding + text + padding) is has_digit_tail("y" + text + "y")
