"""The table of entities."""

from __future__ import annotations

from hiq import Pipeline
from hiq._core.tags import Entities
from tests._core.helpers import agree
from tests.events import frame, state_changed
from tests.reference import ReferencePipeline


def test_starts_empty() -> None:
    """The limit is given, nothing is known."""
    entities = Entities(5)
    assert (entities.count, entities.limit) == (0, 5)


def test_hundred_thousand_entities() -> None:
    """The table grows as needed and finds every entity again."""
    pipeline = Pipeline({"exclude": {"entity_globs": "*7"}, "high_water": 1 << 40})
    template = frame(state_changed(entity_id="sensor.e@", attributes={"a": 1}))
    lines = []
    for _ in range(2):
        total = 0
        for number in range(100_000):
            total += pipeline.feed(template.replace(b"@", b"%d" % number)).points
        assert total == 90_000
        lines.append(pipeline.take())
    assert lines[0] == lines[1]
    sample = ReferencePipeline()
    sample.feed(template.replace(b"@", b"99999"))
    assert lines[0].endswith(sample.take())


def test_entities_beyond_the_limit() -> None:
    """Beyond the limit entities are encoded without being remembered."""
    events = [
        frame(state_changed(entity_id=f"light.e{n}", attributes={"a": n, "b": [n]}))
        for n in (1, 2, 3, 4, 3, 1, 4)
    ]
    assert agree(events, {"max_entities": 2, "exclude": {"entities": "light.e4"}})
    pipeline = Pipeline({"max_entities": 2})
    for event in events:
        assert pipeline.feed(event, snapshot=True).rejected == 0
    assert pipeline.feed(events[5], snapshot=True).duplicates == 1
    assert pipeline.feed(events[4], snapshot=True).duplicates == 0
    pipeline.set_tags("light.e4", {"platform": "mqtt"})
