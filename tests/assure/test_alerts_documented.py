"""The page on alerts says something about every kind, and about nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from hiq.assure.monitor_kinds import KINDS, PAGE

ROOT = Path(__file__).parent.parent.parent


def sections() -> dict[str, str]:
    """Text of each section of the page that is named like a kind."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    parts = re.split(r"^### (.*)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_kind_of_alert_has_its_section() -> None:
    """The message of an alert points there."""
    assert set(sections()) == set(KINDS)


def test_each_section_says_something() -> None:
    """More than the sentence of the table."""
    for kind, text in sections().items():
        words = text.split("##")[0].split()
        assert len(words) > 20, kind
