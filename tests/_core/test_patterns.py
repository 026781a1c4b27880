"""Shell patterns taken apart."""

from __future__ import annotations

import pytest

from hiq._core.patterns import Step, ends_of, steps_of


@pytest.mark.parametrize(
    ("pattern", "steps"),
    [
        ("", []),
        ("a*", [(Step.LITERAL, [(97, 97)]), (Step.STAR, [])]),
        ("?", [(Step.ANY, [])]),
        ("[a-c-e]", [(Step.INSIDE, [(97, 99), (45, 45), (101, 101)])]),
        ("[!]a]", [(Step.OUTSIDE, [(93, 93), (97, 97)])]),
        ("[z-a]", [(Step.INSIDE, [])]),
        ("[", [(Step.LITERAL, [(91, 91)])]),
        ("[]", [(Step.LITERAL, [(91, 91)]), (Step.LITERAL, [(93, 93)])]),
    ],
)
def test_steps(pattern: str, steps: list[object]) -> None:
    """Brackets are sets, negated sets or, not closed, plain characters."""
    assert steps_of(pattern) == steps


@pytest.mark.parametrize(
    ("pattern", "ends"),
    [
        ("", (b"", b"", 0)),
        ("ab*cd", (b"ab", b"cd", 4)),
        ("a?*", (b"a", b"", 2)),
        ("ab", (b"ab", b"ab", 2)),
        ("aé*éb", (b"a", b"b", 4)),
        ("*[ab]c", (b"", b"c", 2)),
    ],
)
def test_ends(pattern: str, ends: tuple[bytes, bytes, int]) -> None:
    """The ASCII ends that are in every text, and its fewest bytes."""
    assert ends_of(steps_of(pattern)) == ends
