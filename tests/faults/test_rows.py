"""Every fault has a test, and the documentation says which."""

from __future__ import annotations

from docs.fault_parts import NUMBERS, missing, shown


def test_every_fault_has_a_test() -> None:
    """None may be without; the page names them all."""
    assert missing() == []


def test_each_test_says_what_it_shows() -> None:
    """Whatever bears the number of a fault has a sentence."""
    for number, text, place in shown():
        assert number in NUMBERS, place
        assert text.endswith("."), place
