"""The figures on disk wear come from commits as the pump makes them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from benchmarks.wear import commits, measure

from tests.corpus import frames


@pytest.mark.parametrize("commit_s", [0.25, 5.0])
def test_every_event_is_in_one_commit_of_its_time(commit_s):
    """Windows hold every event once, in order, and no two overlap."""
    events = [b"%d" % n for n in range(500)]
    found = list(commits(events, 5.0, commit_s, 500))
    assert [event for _, window in found for event in window] == events
    instants = [instant for instant, _ in found]
    assert all(b - a >= commit_s for a, b in pairwise(instants))
    assert 500 / len(found) == pytest.approx(1 + 5.0 * commit_s, rel=0.3)


def test_longer_commits_write_less(tmp_path):
    """The journal's own counters are scaled to a day."""
    recorded = frames(limit=200)
    short, long = (
        measure(recorded, seconds, tmp_path / str(seconds), rate=5.0, events=200)
        for seconds in (0.25, 5.0)
    )
    assert short.syncs > 5 * long.syncs
    assert short.pages > long.pages >= long.records
    assert short.records > long.records
    assert short.lines == pytest.approx(long.lines, rel=0.3)
    assert short.device is None
