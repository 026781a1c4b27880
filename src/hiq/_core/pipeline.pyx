"""Frames in, lines out."""
from hiq._core.verdict import Taken, Verdict


cdef class Pipeline:
    """First form: takes frames and passes every message on."""

    def __init__(self, options=None):
        self._options = dict(options or {})

    def feed(self, frame, snapshot=False):
        return Verdict(0, 0, 0, 0, 0, 0, [bytes(frame)], False)

    def take(self, schema=None):
        return b""

    def take_batch(self, schema=None):
        return Taken(b"", 0, 0, 0)

    def rejects(self):
        return []

    def set_tags(self, entity_id, tags):
        return None

    @property
    def buffered_points(self):
        return 0

    @property
    def buffered_bytes(self):
        return 0

    @property
    def slow_events(self):
        return 0
