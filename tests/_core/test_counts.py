"""How many events came, by entity and by domain."""

from __future__ import annotations

from collections import Counter

import pytest

from hiq import Pipeline
from tests.events import frame, state_changed


def by_domain(pipeline: Pipeline) -> dict[str, int]:
    """The events of the domains that had some."""
    counts = pipeline.counts
    pairs = zip(counts.domains(), counts.by_domain(), strict=True)
    return {name: events for name, events in pairs if events}


@pytest.mark.parametrize("limit", [100_000, 5])
def test_every_event_is_counted_once(limit: int) -> None:
    """Exact per domain; per entity as long as it is remembered."""
    pipeline = Pipeline({"max_entities": limit, "exclude": {"domains": ["light"]}})
    fed: Counter[str] = Counter()
    for turn in range(40):
        names = [
            f"{'light' if number % 3 else 'sensor'}.n{number}"
            for number in range(20)
            if turn % (number + 1) == 0
        ]
        pipeline.feed(frame([state_changed(name, str(turn)) for name in names]))
        fed.update(names)
    domains: Counter[str] = Counter()
    for name, events in fed.items():
        domains[name.partition(".")[0]] += events
    assert by_domain(pipeline) == domains
    known = list(fed.items())[:limit]
    expected = sorted(known, key=lambda item: -item[1])
    assert pipeline.counts.top(3) == expected[:3]
    assert pipeline.counts.top(1000) == expected
    assert pipeline.counts.top(0) == []


def test_refused_events_count_for_their_entity_and_states_at_connect_do_not() -> None:
    """It is about what Home Assistant sends by itself."""
    pipeline = Pipeline()
    pipeline.feed(frame(state_changed("sensor.a")), snapshot=True)
    pipeline.feed(frame(state_changed("nodot")))
    pipeline.feed(frame(state_changed("sensor.a"))[:-1])
    assert pipeline.counts.top(9) == []
    pipeline.feed(frame(state_changed("sensor.a", time="never")))
    pipeline.feed(frame(state_changed("sensor.a", new_state=None)))
    assert pipeline.counts.top(9) == [("sensor.a", 2)]


def test_too_many_domains_and_too_long_names_are_counted_together() -> None:
    """The table has a bound; what is beyond it is the first number."""
    pipeline = Pipeline()
    names = [f"d{number}.x" for number in range(200)] + ["e" * 65 + ".x"] * 3
    for name in names:
        pipeline.feed(frame(state_changed(name)))
    counts = pipeline.counts
    assert len(counts.domains()) == len(counts.by_domain()) == 129
    assert counts.by_domain() == [72 + 3] + [1] * 128
    assert counts.domains()[:3] == ["", "d0", "d1"]


def test_the_ids_of_entities_by_number() -> None:
    """From a number on, so that who asks again is told only what is new."""
    pipeline = Pipeline({"max_entities": 3, "exclude": {"domains": ["light"]}})
    assert pipeline.counts.ids() == []
    pipeline.feed(frame(state_changed("sensor.a")), snapshot=True)
    pipeline.feed(frame([state_changed("light.b"), state_changed("sensor.a")]))
    assert pipeline.counts.ids() == ["sensor.a", "light.b"]
    pipeline.feed(frame([state_changed("sensor.c"), state_changed("sensor.d")]))
    assert pipeline.counts.ids(3) == ["sensor.c"]
    assert pipeline.counts.ids(4) == []
