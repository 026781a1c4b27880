"""Fields: what a state and an attribute become."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from hiq._core.fields import ONE, ZERO
from tests._core.helpers import agree, compact, fields, point, raw
from tests.strategies import ATTRIBUTES


@pytest.mark.parametrize("word", [*ONE, *ZERO])
def test_known_words(word: str) -> None:
    """States that are 1 or 0 are both a text and a number."""
    found = point(state=word)
    assert found.fields == {"state": word, "value": float(word in ONE)}


@pytest.mark.parametrize("word", ["On", "opening", "jammed", "0x10", "21,5", " "])
def test_other_words(word: str) -> None:
    """Everything else is a text only."""
    assert point(state=word).fields == {"state": word}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, {"a": 5.0}),
        (True, {"a": 1.0}),
        (False, {"a": 0.0}),
        (None, {"a_str": "None"}),
        ("7", {"a": 7.0}),
        ("nan", {}),
        ("x", {"a_str": "x"}),
        ("99%", {"a_str": "99%", "a": 99.0}),
        ([255, 200], {"a_str": "[255, 200]", "a": 255200.0}),
        ({"k": 12}, {"a_str": "{'k': 12}", "a": 12.0}),
        ([], {"a_str": "[]"}),
    ],
)
def test_kinds_of_values(value: Any, expected: dict[str, Any]) -> None:
    """Each kind of JSON value has its field or fields."""
    assert fields({"a": value}) == expected


def test_names_that_are_taken() -> None:
    """A name that is a field already gets one underscore, once."""
    assert fields({"value": 5, "state": "x"}) == {"value_": 5.0, "state__str": "x"}
    assert fields({"value": 99, "value_": 1}) == {"value_": 99.0, "value__": 1.0}


@settings(max_examples=400)
@given(ATTRIBUTES)
def test_any_attributes(attributes: dict[str, Any]) -> None:
    """Any attributes give what the reference gives."""
    agree([raw(compact(attributes))])


def test_long_texts() -> None:
    """Long texts, plain or not, are copied whole."""
    for text in ("x" * 100_000, "é" * 50_000, '"\\' * 30_000, "a\n" * 30_000):
        agree([raw(compact({"a": text, "b": [text]}))])
