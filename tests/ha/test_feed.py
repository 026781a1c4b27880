"""Counting what went into the pipeline."""

import pytest

from hiq import Pipeline
from hiq.ha.feed import Feed
from hiq.stats import Stats
from tests.reference import ReferencePipeline

NOW = 1_700_000_000.0
PIPELINES = pytest.mark.parametrize("make", [Pipeline, ReferencePipeline])

STATE = '{"entity_id":"sensor.%s","state":"%s","attributes":{},"last_changed":"2026-11-20T10:00:00+00:00","last_updated":"2026-11-20T10:00:00+00:00","context":{}}'
EVENT = '{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"sensor.%s","old_state":null,"new_state":%s},"origin":"LOCAL","time_fired":"2026-11-20T10:00:00+00:00","context":{}},"id":2}'


def event(name, state):
    """One state_changed message."""
    return EVENT % (name, STATE % (name, state))


def feed_of(pipeline, stats, on_full=lambda: None):
    """A feed with a clock that stands still."""
    return Feed(pipeline, stats, on_full=on_full, clock=lambda: NOW)


@PIPELINES
def test_received_is_the_sum_of_its_terms(make):
    """Points, skipped and rejected events and duplicates add up to received."""
    stats, pipeline = Stats(), make({})
    feed = feed_of(pipeline, stats)
    frames = [
        (f"[{event('a', '1')},{event('b', 'unknown')}]", False),
        (f"[{event('a', '1')},{event('c', '2')}]", True),
        ('{"type":"event","event":{"event_type":"state_changed","data":5}}', False),
    ]
    for text, snapshot in frames:
        assert feed(text.encode(), snapshot=snapshot) == []
    assert (stats.received, stats.skipped, stats.duplicate) == (5, 1, 1)
    assert (stats.rejected, stats.snapshot_states) == (1, 2)
    assert stats.imbalance() == pipeline.buffered_points == 2
    assert stats.ha.frames == 3
    assert stats.ha.bytes == sum(len(text) for text, _ in frames)


@PIPELINES
def test_what_holds_no_event_is_counted_apart(make):
    """A frame that is no JSON, and a number among messages, are no term of the sum."""
    stats, pipeline = Stats(), make({})
    feed = feed_of(pipeline, stats)
    for text in ("[{", f"[5,{event('a', '1')}]", "5"):
        feed(text.encode(), snapshot=False)
    assert (stats.bad_frames, stats.rejected, stats.received) == (3, 0, 1)
    assert stats.imbalance() == pipeline.buffered_points == 1


@PIPELINES
def test_only_events_of_the_stream_are_news(make):
    """The time of the last event is that of a state change, not of a state at connect."""
    stats = Stats()
    feed = feed_of(make({}), stats)
    assert feed(b'{"type":"pong","id":1}', snapshot=False)
    feed(event("a", "1").encode(), snapshot=True)
    assert stats.ha.last_event_at is None
    feed(event("a", "2").encode(), snapshot=False)
    assert stats.ha.last_event_at == NOW


def test_a_full_pipeline_is_told_after_it_was_counted():
    """Whoever takes the lines finds the counters right."""
    stats, pipeline, balances = Stats(), Pipeline({"high_water": 1}), []

    def on_full():
        balances.append((stats.received, stats.imbalance()))
        pipeline.take()

    feed_of(pipeline, stats, on_full)(event("a", "1").encode(), snapshot=False)
    assert balances == [(1, 1)]


def test_only_the_compiled_pipeline_itself_has_the_short_way():
    """A pipeline that only looks like it, or changes its `feed`, is always called."""

    class Own(Pipeline):
        """May have a `feed` of its own."""

    pipeline = Pipeline()
    assert feed_of(pipeline, Stats()).compiled is pipeline
    for other in (Own(), ReferencePipeline({})):
        assert feed_of(other, Stats()).compiled is None
