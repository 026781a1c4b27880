"""A short outage in every run of the suite: nothing missing, memory does not grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.outage import outage, report

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]


def test_an_outage_is_made_up_for_while_new_states_pass(tmp_path: Path) -> None:
    """Every event of the outage and every new state is in the database, once."""
    outcome = outage(tmp_path, 60_000, live_s=2)
    assert (outcome.stored, outcome.live_stored) == (60_000, outcome.live_sent)
    assert outcome.live_sent > 100
    assert len(outcome.live["while it drains"]) > 0
    first, last = outcome.growth[0], outcome.growth[-1]
    assert last[1] - first[1] < 16
    assert last[2] * first[0] < 1.3 * first[2] * last[0]
    assert "60,000 of 60,000" in report(outcome)
