"""What the core says about one frame.

Made once per frame, never per event, so it is a plain C object. It knows nothing
of JSON or line protocol.
"""

cimport cython


@cython.no_gc   # it holds bytes only
@cython.freelist(16)
cdef class Verdict:
    """What became of one frame.

    - `events == points + filtered + skipped + duplicates + rejected events`;
    - a frame that is not valid JSON has `rejected == 1` and `events == 0`;
    - `passed`: the messages that are not state events, each as bytes, in order;
    - `full`: the buffer is above its high-water mark, take before the next feed.
    """

    # construction

    @property
    def passed(self):
        """The messages that are not state events, each as bytes, in order."""
        return [] if self._passed is None else self._passed

    def __repr__(self):
        return (
            f"Verdict(events={self.events}, points={self.points}, "
            f"filtered={self.filtered}, skipped={self.skipped}, "
            f"rejected={self.rejected}, duplicates={self.duplicates}, "
            f"passed={len(self.passed)}, full={self.full})"
        )
