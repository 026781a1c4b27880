"""A short campaign in every run of the suite: a few faults from a seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.report import table
from tests.campaign.run import Result, campaign

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_short_campaign(tmp_path: Path) -> None:
    """Whatever died: every state that the home fired is stored once, and no other."""
    result = campaign(tmp_path, seed=7, faults=7, seconds=90, each=100)
    assert result.faults.total() >= 4
    assert result.deaths >= 1
    assert result.accepted > 0
    assert result.lost == set()
    assert result.missing == set()
    assert result.extra == set()


def test_the_table_names_everything() -> None:
    """Kinds, counts, seed, and what was left out."""
    result = Result(fired=10, accepted=5, rounds=1, deaths=2, missing={("a.b", 1)})
    result.faults.update(["hiq killed", "hiq killed", "database hung"])
    result.skipped["x"] = "strace is not installed"
    text = table(result, 3, 12.4)
    assert "| hiq killed | 2 |" in text
    assert "| **all** | 3 |" in text
    assert "| 10 | 5 | 0 | 1 | 0 |" in text
    assert "| x | skipped: strace is not installed |" in text
    assert "seed 3, 12 s, 1 verdicts, 2 deaths of hiq" in text
    assert not result.good
