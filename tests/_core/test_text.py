"""Text between JSON and line protocol."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests._core.helpers import agree, raw
from tests.events import frame, state_changed
from tests.lineprotocol import decode

BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029"
ROUGH = st.text(alphabet=BREAKS + "ab é\u2027\u202a\x84\x86ü", max_size=20)
NAMES = st.text(alphabet="\\\\ ,=ab#\n\u2028é\"'", max_size=8)


@settings(max_examples=500)
@given(ROUGH, st.booleans(), st.integers(0, 20))
@example("\r\n", False, 0)
@example("a\r\n\r\n", True, 0)
def test_line_breaks_all_kinds(text: str, ascii_only: bool, padding: int) -> None:
    """Lines are joined by single spaces, a break at the end vanishes."""
    text = "x" * padding + text
    given_text = json.dumps({"a": text}, ensure_ascii=ascii_only)
    pipeline = Pipeline()
    pipeline.feed(raw(given_text))
    (found,) = decode(pipeline.take())
    expected = " ".join(text.splitlines())
    assert found.fields.get("a_str", expected) == expected
    agree([raw(given_text)])


@settings(max_examples=300)
@given(st.text(max_size=12), st.booleans())
def test_unescaped(text: str, ascii_only: bool) -> None:
    """A text written with escapes is the same text."""
    pipeline = Pipeline()
    pipeline.feed(raw(json.dumps({"a": "T" + text}, ensure_ascii=ascii_only)))
    (found,) = decode(pipeline.take())
    assert found.fields["a_str"] == " ".join(("T" + text).splitlines())


def test_short_escapes() -> None:
    """Every short escape of JSON stands for its character."""
    pipeline = Pipeline()
    pipeline.feed(raw(r'{"a":"x\"\\\/\b\f\t\u00e9\uD83D\uDE00."}'))
    assert b'a_str="x\\"\\\\/\x08 \t\xc3\xa9\xf0\x9f\x98\x80."' in pipeline.take()


@settings(max_examples=500)
@given(NAMES, NAMES, NAMES)
def test_names(key: str, tag: str, unit: str) -> None:
    """Keys, tags and measurements of rough texts are those of the reference."""
    event = state_changed(attributes={key: 1, "t": tag, "unit_of_measurement": unit})
    agree([frame(event)], {"tags_attributes": ["t"], "default_measurement": key})


@settings(max_examples=300)
@given(st.text(alphabet='a"\\ ,=\t\x00', max_size=40))
def test_string_fields(text: str) -> None:
    """In a string only the quote and the backslash are escaped."""
    pipeline = Pipeline()
    pipeline.feed(raw(json.dumps({"a": "T" + text})))
    expected = ("T" + text).replace("\\", "\\\\").replace('"', '\\"')
    assert f'a_str="{expected}"'.encode() in pipeline.take()
