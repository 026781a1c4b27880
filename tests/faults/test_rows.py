"""Every fault has a test, and the documentation says which."""

from __future__ import annotations

from docs.fault_parts import shown


def test_each_test_says_what_it_shows() -> None:
    """Whatever bears a number has a sentence; a number is there or it is not."""
    rows = list(shown())
    assert rows
    for number, text, place in rows:
        assert text.endswith("."), place
        kind, count = number[0], int(number[1:])
        assert 1 <= count <= {"L": 41, "W": 15}[kind], place
