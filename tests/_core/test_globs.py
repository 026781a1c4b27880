"""Shell patterns against entity ids."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hiq._core.globs import Globs

PATTERNS = st.text(alphabet="ab.*?[]!-^\\é", max_size=8)
TEXTS = st.text(alphabet="ab.*[]!-^\\é\n", max_size=8)


@settings(max_examples=1000)
@given(PATTERNS, TEXTS)
@example("*a*b", "aab")
@example("[!a]*", "é")
@example("[", "[")
@example("a*", "b")
def test_equals_fnmatch(pattern: str, text: str) -> None:
    """A pattern matches exactly what Python's `fnmatchcase` matches."""
    assert (Globs([pattern]).first(text) == 0) is fnmatchcase(text, pattern)


def test_number_of_the_first_match() -> None:
    """Patterns are tried in order; -1 is none."""
    globs = Globs(["light.*", "*.x", "*"])
    assert globs.count == 3
    assert [globs.first(text) for text in ("light.x", "sensor.x", "a")] == [0, 1, 2]
    assert Globs([]).first("a") == -1


def test_many_stars_are_not_exponential() -> None:
    """A pattern made to step back often still ends."""
    assert Globs(["*a" * 30 + "b"]).first("a" * 5000) == -1
