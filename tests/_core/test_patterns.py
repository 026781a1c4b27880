"""Shell patterns taken apart."""

from __future__ import annotations

import pytest

from hiq._core.patterns import Step, steps_of


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
