"""Outlines: what a piece of JSON looks like, but for the texts in its strings."""

from __future__ import annotations

from tests._core.helpers import agree
from tests._core.test_recall import history


def test_lengths_around_the_limits() -> None:
    """Ends of any length come out the same, those that are too long to be kept as well."""
    for length in (0, 1, 300, 380, 390, 400, 600):
        agree(history(*"12345", extra="x" * length))


def test_more_kinds_of_ends_than_are_kept() -> None:
    """Each kind of end is right, also when it was forgotten meanwhile."""
    kinds = [history(*"1234567", extra="x" * length) for length in range(7)]
    agree([frames[at] for at in range(7) for frames in kinds])


def test_strings_that_are_not_plain() -> None:
    """Escapes and letters beyond ASCII in what follows the attributes are read."""
    for text in ('"', "\\", "é", "\n", "\x7f", "{}[]:,"):
        agree(history(*"1234", extra=text))
        plain = history(*"1234", extra="x" * len(text.encode()))
        odd = history(*"1234", extra=text)
        agree([*plain[:2], odd[2], plain[3], *odd])


def test_other_structure_of_the_same_length() -> None:
    """A list in place of a string, or two members in place of one, is not the same."""
    plain = history(*"1234", extra="abcdefgh")
    for other in (
        b'["bcdefg"]',
        b'"a","b":"c"',
        b'"abcd":"gh',
        b"{}        ",
        b"1234567890",
    ):
        twisted = plain[2].replace(b'"abcdefgh"', other)
        agree([*plain[:2], twisted, plain[3]])
