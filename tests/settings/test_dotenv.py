"""Files of `NAME=value` lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.settings.dotenv import parse_dotenv


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=1", "1"),
        ("  export A = 1  ", "1"),
        ("A=", ""),
        ("A=1 # remark", "1"),
        ("A=a#b", "a#b"),
        ("A='1 # no remark'  # remark", "1 # no remark"),
        ('A="x\\"y\\n"', 'x"y\n'),
        ("A='{\n \"k\": 1}'", '{\n "k": 1}'),
        ("A=x${B}y", "xbeey"),
        ('A="${B}${C:-see}${D-dee}${E}"', "beeseedee"),
        ("A='${B}'", "${B}"),
        ("A=$B", "$B"),
        ("A=1\nA=2", "2"),
        ("A=1\r\nX=2\r\n", "1"),
        ('A="open', '"open'),
    ],
)
def test_values(text: str, value: str) -> None:
    """Quotes, remarks, lines, and what stands for another value."""
    assert parse_dotenv(text, {"B": "bee"})["A"] == value


def test_values_above_come_before_the_environment() -> None:
    """A name stands for the line above, else for the environment."""
    text = "A=${B}\nB=file\nC=${B}\n# D=1\nno line\n=x\n"
    assert parse_dotenv(text, {"B": "env"}) == {"A": "env", "B": "file", "C": "file"}


@given(st.text())
def test_any_text(text: str) -> None:
    """Nothing raises, and every value is found again by its name."""
    found = parse_dotenv(text, {})
    assert all(name and "=" not in name for name in found)
