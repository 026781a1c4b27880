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
    assert result.silent == set()


def test_the_table_names_everything() -> None:
    """Kinds, counts, seeds, what was left out, and the sums of several runs."""
    result = Result(3, fired=10, accepted=5, rounds=1, deaths=2, missing={("a.b", 1)})
    result.faults.update(["hiq killed", "hiq killed", "database hung"])
    result.skipped["x"] = "strace is not installed"
    assert not result.good
    document = result.document()
    text = table([document, {**document, "seed": 4, "took_s": 120}])
    assert "| hiq killed | 4 |" in text
    assert "| **all** | 6 |" in text
    assert "| 3 | 3 | 1 | 2 | 10 | 5 | 0 | 0 | 0 | 0 | 1 | 0 |" in text
    assert "| **all** | **6** | **2** | **4** | **20** |" in text
    assert "| x | skipped: strace is not installed |" in text
    assert "Together 2 minutes." in text
