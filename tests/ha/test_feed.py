"""Counting what went into the pipeline."""

from hiq.ha.feed import count
from hiq.stats import Stats
from tests.reference import ReferencePipeline

STATE = '{"entity_id":"sensor.%s","state":"%s","attributes":{},"last_changed":"2026-11-20T10:00:00+00:00","last_updated":"2026-11-20T10:00:00+00:00","context":{}}'
EVENT = '{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"sensor.%s","old_state":null,"new_state":%s},"origin":"LOCAL","time_fired":"2026-11-20T10:00:00+00:00","context":{}},"id":2}'


def event(name, state):
    """One state_changed message."""
    return EVENT % (name, STATE % (name, state))


def test_received_is_the_sum_of_its_terms():
    """Points, skipped and rejected events and duplicates add up to received."""
    stats, pipeline = Stats(), ReferencePipeline({})
    frames = [
        (f"[{event('a', '1')},{event('b', 'unknown')}]", False),
        (f"[{event('a', '1')},{event('c', '2')}]", True),
        ('{"type":"event","event":{"event_type":"state_changed","data":5}}', False),
    ]
    for text, snapshot in frames:
        verdict = pipeline.feed(text.encode(), snapshot)
        count(stats, verdict, len(text), snapshot=snapshot)
    assert (stats.received, stats.skipped, stats.duplicate) == (5, 1, 1)
    assert (stats.rejected, stats.snapshot_states) == (1, 2)
    assert stats.imbalance() == pipeline.buffered_points == 2
    assert stats.ha.frames == 3
    assert stats.ha.bytes == sum(len(text) for text, _ in frames)


def test_a_frame_that_is_no_json_is_counted_apart():
    """A bad frame holds no events, so it is no term of the sum."""
    stats = Stats()
    count(stats, ReferencePipeline({}).feed(b"[{"), 2, snapshot=False)
    assert (stats.bad_frames, stats.rejected, stats.imbalance()) == (1, 0, 0)
