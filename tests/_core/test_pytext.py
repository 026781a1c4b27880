"""The text that Python gives a value."""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests._core.helpers import agree, compact, raw
from tests.lineprotocol import decode

TEXTS = st.text(max_size=6) | st.text(alphabet="'\"\\\n\t\x7f\xad\u200b é", max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
NESTED = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)


def text_of(json_text: str) -> str:
    """The `_str` field of an attribute given as JSON."""
    pipeline = Pipeline()
    assert pipeline.feed(raw(f'{{"a":{json_text}}}')).points == 1
    (found,) = decode(pipeline.take())
    return str(found.fields["a_str"])


@settings(max_examples=1000)
@given(st.lists(NESTED, max_size=3) | st.dictionaries(TEXTS, NESTED, max_size=3))
def test_nested_values(value: Any) -> None:
    """Lists and maps have the text that `str` gives them."""
    assert text_of(compact(value)) == str(value)
    assert text_of(json.dumps(value, indent=1)) == str(value)


def test_every_code_point() -> None:
    """Inside a list, exactly what Python calls unprintable is escaped."""
    points = [
        chr(point)
        for point in range(sys.maxunicode + 1)
        if not 0xD800 <= point < 0xE000
        and (point < 0x500 or unicodedata.category(chr(point)) in UNUSUAL)
    ]
    for start in range(0, len(points), 2000):
        value = ["".join(points[start : start + 2000])]
        assert text_of(compact(value)) == str(value)


UNUSUAL = {"Cc", "Cf", "Zl", "Zp", "Zs", "Nd"}


def test_negative_zero_and_large_integers() -> None:
    """Integers keep their digits, and there is no negative integer zero."""
    assert text_of("[-0,18446744073709551616,-1e5]") == (
        "[0, 18446744073709551616, -100000.0]"
    )


def test_repeated_keys_take_the_slow_path() -> None:
    """A map with a repeated key is Python's map: first place, last value."""
    pipeline = Pipeline()
    frame = raw('{"a":{"x":1,"y":2,"x":3},"b":{"k":[{"\\u0078":1,"x":2}]}}')
    assert pipeline.feed(frame).points == 1
    assert pipeline.slow_events == 2
    assert agree([frame])


def test_many_keys_take_the_slow_path() -> None:
    """A map with more keys than are compared one by one is right as well."""
    for count, slow in ((64, 0), (65, 1)):
        value = {f"k{number}": number for number in range(count)}
        pipeline = Pipeline()
        frame = raw(compact({"a": value}))
        assert pipeline.feed(frame).points == 1
        assert pipeline.slow_events == slow
        assert agree([frame])
