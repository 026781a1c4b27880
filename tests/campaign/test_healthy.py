"""A short healthy run in every run of the suite: a whole service, clients, no alert."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.healthy import CLIENTS, healthy, report

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_a_healthy_home_raises_nothing(tmp_path: Path) -> None:
    """Every database is read back, every client takes events, nothing is told."""
    outcome = await healthy(
        tmp_path,
        seconds=6,
        rate=50,
        entities=100,
        monitor="interval: 1s, learn: 1s, entity_silent: 1h, read_back: 1s",
    )
    assert outcome.good, report(outcome)
    assert all(outcome.clients[number] for number in range(CLIENTS))
    assert all(one["checked"] for one in outcome.alerts["read_back"].values())
    assert "no alert" in report(outcome)
