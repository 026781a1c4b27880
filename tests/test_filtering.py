"""The counts of the filter in the shape of its route."""

from __future__ import annotations

import pytest

from hiq import Pipeline
from hiq.filtering import MOST_RULES, FilterMonitor
from tests.events import frame, state_changed


def test_counts_are_those_since_the_filter_was_set() -> None:
    """A new filter begins anew; the same one does not."""
    rules = {
        "patterns": [{"domain": "light"}],
        "exceptions": [{"entity_id": "light.x"}],
    }
    pipeline = Pipeline({"filter": rules})
    now = [10.0]
    monitor = FilterMonitor(pipeline, {"filter": rules}, clock=lambda: now[0])
    for entity_id in ("light.a", "light.x", "sensor.x", "light.a"):
        pipeline.feed(frame(state_changed(entity_id)))
    assert monitor.statistics(15.0) == {
        "filtered_count": 2,
        "passed_count": 1,
        "exception_count": 1,
        "thinned_count": 0,
        "total_processed": 4,
        "filter_rate": 0.5,
        "uptime_seconds": 5.0,
        "mode": "exclude",
        "patterns_count": 1,
        "exceptions_count": 1,
        "rules": {"patterns[0]": 2, "exceptions[0]": 1},
    }
    assert monitor.replace({"filter": rules, "schema": ["ha"]}) is False
    now[0] = 20.0
    assert monitor.replace({"exclude": {"domains": ["light"]}}) is True
    found = monitor.statistics(21.0)
    assert found is not None
    assert (found["total_processed"], found["uptime_seconds"]) == (0, 1.0)
    assert found["filter_rate"] == 0.0
    monitor.replace({})
    assert monitor.statistics(22.0) is None


def test_a_bad_filter_is_refused() -> None:
    """What was in force stays in force."""
    pipeline = Pipeline({"filter": {"patterns": [{"domain": "light"}]}})
    options = {"filter": {"patterns": [{"domain": "light"}]}}
    monitor = FilterMonitor(pipeline, options, clock=lambda: 0.0)
    with pytest.raises(ValueError, match="mode"):
        monitor.replace({"filter": {"mode": "x"}})
    assert monitor.statistics(0.0) is not None


def test_rules_that_are_told_are_bounded() -> None:
    """Of very many, those that decided most."""
    rules = {"patterns": [{"domain": f"d{n}"} for n in range(MOST_RULES + 20)]}
    pipeline = Pipeline({"filter": rules})
    monitor = FilterMonitor(pipeline, {"filter": rules}, clock=lambda: 0.0)
    for number in range(MOST_RULES + 20):
        for _ in range(1 + (number >= 20)):
            pipeline.feed(frame(state_changed(f"d{number}.x")))
    found = monitor.statistics(0.0)
    assert found is not None
    assert set(found["rules"].values()) == {2}
    assert len(found["rules"]) == MOST_RULES
