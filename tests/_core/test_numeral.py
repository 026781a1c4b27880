"""Numbers inside text: `float()` and the digit tail."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests._core.helpers import fields, point

NUMERIC = st.one_of(
    st.text(alphabet="0123456789+-._eE \t\x0b\x1c\xa0\u2003", max_size=9),
    st.text(alphabet="infatyINFATY+- ", max_size=9),
    st.text(alphabet="01٣２๐१.,%x ²\x85é", max_size=7),
    st.text(max_size=6),
)
EXAMPLES = """1 1.0 +5 -5 .5 5. . 1e3 1E+3 1e 1_000 1__0 _1 1_ 1_.5 1._5 1e1_0 1e+_1 inf -INF
Infinity nan +NaN infinit 0x10 1,5 007 -0 1e400 -1e400 1e-400 ٣ ١_٢ ١.٢ ٣e٢ ²""".split()


def as_float(text: str) -> float | None:
    """What Python says, None if it is no number."""
    try:
        return float(text)
    except ValueError:
        return None


@pytest.mark.parametrize("text", [*EXAMPLES, " 21.5 ", "\x1c5", "\xa05\u2028", "5\x00"])
def test_float_text_table(text: str) -> None:
    """Known texts are numbers exactly where Python's `float` takes them."""
    check_number(text)


@settings(max_examples=1500)
@given(NUMERIC)
def test_float_text(text: str) -> None:
    """Any text is a number exactly where Python's `float` takes it."""
    check_number(text)


def check_number(text: str) -> None:
    """As a state and as an attribute."""
    value = as_float(text)
    found = fields({"a": text})
    if value is None:
        assert "a_str" in found
    elif math.isfinite(value):
        assert repr(found["a"]) == repr(value)
    else:
        assert found == {}
    if text not in ("", "unknown", "unavailable") and text.splitlines() == [text]:
        state = point(state=text, attributes={"b": 1}).fields
        if value is not None and math.isfinite(value):
            assert repr(state["value"]) == repr(value)
        else:
            assert "value" not in state or state["state"] == text


@settings(max_examples=1500)
@given(
    st.text(alphabet="0123456789..,%x-: ٣２²éŽ\n", max_size=9)
    | st.text(alphabet="x19.", min_size=14, max_size=40)
)
@example("1.2.3")
@example("Last seen 23 minutes ago")
@example("x" * 40 + "12")
@example("é" * 40 + "1.2")
@example("x" + "9" * 400)
def test_digit_tail_equals_pattern(text: str) -> None:
    """The digit tail is what the pattern of Home Assistant's integration finds."""
    found = fields({"a": text})
    if as_float(text) is not None:
        return
    tail = None
    if re.fullmatch(r"[^.]*\d+\.?\d+[^.]*", text):
        tail = float(re.sub(r"[^\d.]+", "", text))
    if tail is not None and math.isfinite(tail):
        assert repr(found["a"]) == repr(tail)
    else:
        assert "a" not in found
    assert found["a_str"] == " ".join(text.splitlines())
