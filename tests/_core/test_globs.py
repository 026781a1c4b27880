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


LONG = st.text(alphabet="abé", min_size=6, max_size=20)
PARTS = st.lists(LONG | st.sampled_from(["*", "?", "[ab]"]), min_size=1, max_size=4)


@settings(max_examples=500)
@given(PARTS, LONG, st.integers(0, 20), st.integers(0, 20))
def test_long_ends_equal_fnmatch(
    parts: list[str], text: str, cut: int, end: int
) -> None:
    """Ends longer than a word, texts shorter than it, and one another character."""
    pattern = "".join(parts)
    plain = "".join(part for part in parts if len(part) > 4)
    changed = plain[:cut] + "x" + plain[cut + 1 :]
    for name in (text, plain, plain[:cut], plain[cut:], changed, plain + text[:end]):
        assert (Globs([pattern]).first(name) == 0) is fnmatchcase(name, pattern)


def test_number_of_the_first_match() -> None:
    """Patterns are tried in order; -1 is none."""
    globs = Globs(["light.*", "*.x", "*"])
    assert globs.count == 3
    assert [globs.first(text) for text in ("light.x", "sensor.x", "a")] == [0, 1, 2]
    assert Globs([]).first("a") == -1


def test_many_stars_are_not_exponential() -> None:
    """A pattern made to step back often still ends."""
    assert Globs(["*a" * 30 + "b"]).first("a" * 5000) == -1
