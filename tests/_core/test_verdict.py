"""What the core says about one frame."""

from __future__ import annotations

import pytest

from hiq import Pipeline, Verdict


def test_repr_names_all_counts() -> None:
    """A verdict can be read in a log."""
    verdict = Pipeline().feed(b"[{},{}]")
    assert isinstance(verdict, Verdict)
    assert repr(verdict) == (
        "Verdict(events=0, points=0, filtered=0, skipped=0, rejected=0, "
        "duplicates=0, passed=2, full=False)"
    )


def test_is_read_only() -> None:
    """Nobody can change the counts."""
    verdict = Pipeline().feed(b"{}")
    with pytest.raises(AttributeError):
        verdict.events = 1  # type: ignore[misc]


def test_passed_is_never_shared() -> None:
    """The list of one verdict is not that of another, even if both are empty."""
    pipeline = Pipeline()
    first, second = pipeline.feed(b"[]"), pipeline.feed(b"[]")
    first.passed.append(b"x")
    assert second.passed == []
